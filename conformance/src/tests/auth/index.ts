import type { ConformanceTest } from '../../conformance-test.ts';

export const authTests: readonly ConformanceTest[] = [];
