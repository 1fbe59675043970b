import type { ConformanceTest } from '../../conformance-test.ts';
import { attachmentStatusTest } from './attachment-status.ts';
import { downwardVolumeTests } from './downward-volumes.ts';
import { emptyDirVolumeTests } from './empty-dir-volumes.ts';
import { immutableObjectTests } from './immutable-objects.ts';
import { inlineCsiVolumeTest } from './inline-csi-volumes.ts';
import { lifecycleTests } from './lifecycles.ts';
import { objectUpdateTests } from './object-updates.ts';
import { objectVolumeTests, sameNameTest } from './object-volumes.ts';
import { persistentVolumeTests } from './persistent-volumes.ts';
import { projectedCombinedTest } from './projected-combined.ts';
import { storageCapacityTest } from './storage-capacities.ts';
import { subpathTests } from './subpaths.ts';
import { wrapperVolumeTests } from './wrapper-volumes.ts';

export const storageTests: readonly ConformanceTest[] = [
  ...objectVolumeTests,
  sameNameTest,
  ...objectUpdateTests,
  ...immutableObjectTests,
  ...downwardVolumeTests,
  projectedCombinedTest,
  ...emptyDirVolumeTests,
  ...wrapperVolumeTests,
  ...subpathTests,
  ...persistentVolumeTests,
  ...lifecycleTests,
  attachmentStatusTest,
  storageCapacityTest,
  inlineCsiVolumeTest,
];
