export { type PodNetwork, podNetworkConfig, removePodNetwork, writePodNetwork } from './cni-config.ts';
export { type ConfigPatches, patchToml } from './config-patches.ts';
export type { RegistryMirror } from './config.ts';
export {
  type ArchivedImages,
  canonicalName,
  importImages,
  importIntoAll,
  importMissing,
  listImageNames,
  listImages,
  tagImage,
} from './import-images.ts';
export { freezeContainerd, haltContainerd } from './halt.ts';
export { containerdImageMounts } from './image-mounts.ts';
export { type ContainerdLayout, containerdLayout } from './layout.ts';
export { claimBridge, type PodBridge } from './pod-bridge.ts';
export { type Containerd, type ContainerdOptions, findContainerd, startContainerd } from './start.ts';
export { KeptContainerd } from './keep.ts';
export { hasImages, keepImages, plantImages } from './seed.ts';
export { stopContainerd, teardownContainerd, type TeardownOptions } from './stop.ts';
export { type SweepOptions, sweepStrays } from './sweep.ts';
