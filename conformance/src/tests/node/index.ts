import type { ConformanceTest } from '../../conformance-test.ts';
import { containerRuntimeTests } from './container-runtime.ts';
import { deviceResourceTests } from './device-resources.ts';
import { downwardEnvironmentTests } from './downward-environment.ts';
import { ephemeralContainerTests } from './ephemeral-containers.ts';
import { expansionTests } from './expansion.ts';
import { imageVolumeTests } from './image-volumes.ts';
import { initContainerTests } from './init-containers.ts';
import { kubeletTests } from './kubelet.ts';
import { lifecycleHookTests } from './lifecycle-hooks.ts';
import { nodeObjectTests } from './node-objects.ts';
import { objectEnvironmentTests } from './object-environment.ts';
import { podResizeTests } from './pod-resize.ts';
import { podTests } from './pods.ts';
import { probeTests } from './probes.ts';
import { runtimeClassTests } from './runtime-classes.ts';
import { securityContextTests } from './security-context.ts';
import { taintEvictionTests } from './taint-eviction.ts';

export const nodeTests: readonly ConformanceTest[] = [
  ...objectEnvironmentTests,
  ...downwardEnvironmentTests,
  ...expansionTests,
  ...podTests,
  ...probeTests,
  ...lifecycleHookTests,
  ...initContainerTests,
  ...containerRuntimeTests,
  ...kubeletTests,
  ...securityContextTests,
  ...ephemeralContainerTests,
  ...deviceResourceTests,
  ...nodeObjectTests,
  ...runtimeClassTests,
  ...podResizeTests,
  ...taintEvictionTests,
  ...imageVolumeTests,
];
