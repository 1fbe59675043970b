import type { ConformanceTest } from '../../conformance-test.ts';

export const apiMachineryTests: readonly ConformanceTest[] = [];
