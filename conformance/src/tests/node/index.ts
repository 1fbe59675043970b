import type { ConformanceTest } from '../../conformance-test.ts';
import { environmentTests } from './environment.ts';
import { podTests } from './pods.ts';
import { probeTests } from './probes.ts';

export const nodeTests: readonly ConformanceTest[] = [...environmentTests, ...podTests, ...probeTests];
