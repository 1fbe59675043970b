import type { ConformanceTest } from '../../conformance-test.ts';

export const cliTests: readonly ConformanceTest[] = [];
