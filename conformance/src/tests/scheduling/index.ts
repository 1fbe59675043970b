import type { ConformanceTest } from '../../conformance-test.ts';

export const schedulingTests: readonly ConformanceTest[] = [];
