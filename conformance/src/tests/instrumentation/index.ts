import type { ConformanceTest } from '../../conformance-test.ts';
import { eventTests } from './events.ts';

export const instrumentationTests: readonly ConformanceTest[] = [...eventTests];
