import type { Benchmark } from '../harness/benchmark.ts';
import { api } from './api.ts';
import { schedule } from './schedule.ts';

/** What `navarch bench NAME` can measure. Adding one is adding its name here. */
export const benchmarks: readonly Benchmark[] = [api, schedule];
