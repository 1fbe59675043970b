import type { ConformanceTest } from '../../conformance-test.ts';

export const instrumentationTests: readonly ConformanceTest[] = [];
