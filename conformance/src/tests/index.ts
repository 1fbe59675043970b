import type { ConformanceTest } from '../conformance-test.ts';
import { apiMachineryTests } from './api-machinery/index.ts';
import { appsTests } from './apps/index.ts';
import { architectureTests } from './architecture/index.ts';
import { authTests } from './auth/index.ts';
import { cliTests } from './cli/index.ts';
import { instrumentationTests } from './instrumentation/index.ts';
import { networkTests } from './network/index.ts';
import { nodeTests } from './node/index.ts';
import { schedulingTests } from './scheduling/index.ts';
import { storageTests } from './storage/index.ts';

/** Every test that is written, by special interest group. Adding one is adding it to its group's list. */
export const tests: readonly ConformanceTest[] = [
  ...apiMachineryTests,
  ...appsTests,
  ...architectureTests,
  ...authTests,
  ...cliTests,
  ...instrumentationTests,
  ...networkTests,
  ...nodeTests,
  ...schedulingTests,
  ...storageTests,
];
