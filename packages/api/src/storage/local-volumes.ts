import type { Draft } from '@navarch/machinery';
import type { PersistentVolume } from '../generated/types/core-v1.ts';
import type { StorageClass } from '../generated/types/storage-v1.ts';

// What control plane and nodes agree on about volumes that are folders of a node, made by the provisioner below.

/** What a StorageClass names to have its claims served by folders of the node that a pod is placed on. */
export const LOCAL_PROVISIONER = 'navarch.dev/local';
/** On a volume: the node has not removed its folder yet. */
export const LOCAL_FOLDER_FINALIZER = 'navarch.dev/local-folder';
/** Label of a volume: the name of the node that has its folder. A node may see those that bear its own name. */
export const LOCAL_VOLUME_NODE = 'navarch.dev/node';
/** On a node: where it keeps these folders, each by the name of its volume. */
export const LOCAL_VOLUMES_FOLDER = 'navarch.dev/local-volumes';

/** The class of claims that name none. */
export const localStorageClass: Draft<StorageClass> = {
  metadata: { name: 'navarch-local', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
  provisioner: LOCAL_PROVISIONER,
  reclaimPolicy: 'Delete',
  volumeBindingMode: 'WaitForFirstConsumer',
  allowVolumeExpansion: true,
};

/** Whether the volume is a folder that this node was asked to make. */
export const isLocalVolumeOf = ({ metadata, spec }: PersistentVolume, nodeName: string): boolean =>
  spec.local !== undefined &&
  metadata.annotations?.['pv.kubernetes.io/provisioned-by'] === LOCAL_PROVISIONER &&
  metadata.labels?.[LOCAL_VOLUME_NODE] === nodeName;
