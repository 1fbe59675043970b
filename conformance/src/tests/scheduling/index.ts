import type { ConformanceTest } from '../../conformance-test.ts';
import { limitRangeTests } from './limit-ranges.ts';
import { predicateTests } from './predicates.ts';
import { preemptionTests } from './preemption.ts';

export const schedulingTests: readonly ConformanceTest[] = [...limitRangeTests, ...predicateTests, ...preemptionTests];
