import type { ConformanceTest } from '../../conformance-test.ts';
import { configMapVolumeTests } from './config-map-volumes.ts';

export const storageTests: readonly ConformanceTest[] = [...configMapVolumeTests];
