import type { ConformanceTest } from '../../conformance-test.ts';
import { deploymentTests } from './deployment.ts';

export const appsTests: readonly ConformanceTest[] = [...deploymentTests];
