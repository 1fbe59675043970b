import type { ConformanceTest } from '../../conformance-test.ts';
import { downwardEnvironmentTests } from './downward-environment.ts';
import { expansionTests } from './expansion.ts';
import { objectEnvironmentTests } from './object-environment.ts';
import { podTests } from './pods.ts';
import { probeTests } from './probes.ts';

export const nodeTests: readonly ConformanceTest[] = [
  ...objectEnvironmentTests, ...downwardEnvironmentTests, ...expansionTests, ...podTests, ...probeTests,
];
