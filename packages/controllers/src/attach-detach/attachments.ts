import {
  csiDriver,
  isTerminal,
  type Node,
  persistentVolume,
  type PersistentVolume,
  persistentVolumeClaim,
  pod,
  type Pod,
  type volumeAttachment,
} from '@navarch/api';
import { sha256 } from '@navarch/base';
import { type CacheReader, defineIndex } from '@navarch/client';
import { keyIn, type ObjectOf } from '@navarch/machinery';
import { claimsOfPod, podsByClaim } from '../shared/claims-of-pods.ts';

export type Attachment = ObjectOf<typeof volumeAttachment>;

/** Kubelets that leave attaching to the controller say so. */
export const MANAGED = 'volumes.kubernetes.io/controller-managed-attach-detach';

export const volumeOf = ({ spec: { source } }: Attachment): readonly string[] =>
  source.persistentVolumeName === undefined ? [] : [source.persistentVolumeName];

export const attachmentsByVolume = defineIndex<Attachment>(volumeOf);
export const attachmentsByNode = defineIndex<Attachment>(({ spec }) => [spec.nodeName]);

/** What upstream's kubelets look for: of equal volume, driver and node the same everywhere. */
export function attachmentName({ csi }: PersistentVolume['spec'], nodeName: string): string {
  const bytes = sha256(new TextEncoder().encode(`${csi?.volumeHandle}${csi?.driver}${nodeName}`));
  return `csi-${[...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}

/** As nodes' statuses name a volume. */
export const uniqueName = ({ csi }: PersistentVolume['spec']): string =>
  `kubernetes.io/csi/${csi?.driver}^${csi?.volumeHandle}`;

/** A driver that says nothing needs attaching. */
export const isAttachable = ({ spec: { csi } }: PersistentVolume, cache: CacheReader): boolean =>
  csi !== undefined && cache.get(csiDriver, csi.driver)?.spec.attachRequired !== false;

/** It needs its volumes no more: over, or on its way out with nothing running. */
const isDone = (p: Pod): boolean =>
  isTerminal(p) ||
  (p.metadata.deletionTimestamp !== undefined &&
    (p.status.containerStatuses ?? []).every(({ state }) => state?.terminated ?? state?.waiting));

/** Pods that use a volume, on whichever node, in the order of their names. */
export function usersOf(volumeName: string, cache: CacheReader): readonly Pod[] {
  const { name, namespace } = cache.get(persistentVolume, volumeName)?.spec.claimRef ?? {};
  if (!name) return [];
  const key = keyIn(namespace, name);
  if (cache.get(persistentVolumeClaim, key)?.spec.volumeName !== volumeName) return [];
  return cache
    .find(pod, podsByClaim, key)
    .filter((p) => p.spec.nodeName && !isDone(p))
    .sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
}

/** Volumes that a pod needs, by name: those of claims that are bound. */
export const volumesOfPod = (p: Pod, cache: CacheReader): readonly string[] =>
  p.spec.nodeName ? claimsOfPod(p).flatMap((key) => cache.get(persistentVolumeClaim, key)?.spec.volumeName || []) : [];

/** One node at a time, unless somebody may share it. */
export const isExclusive = ({ spec: { accessModes = [] } }: PersistentVolume): boolean =>
  accessModes.length > 0 && accessModes.every((mode) => mode === 'ReadWriteOnce' || mode === 'ReadWriteOncePod');

export const isHealthy = (node: Node): boolean =>
  node.status.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;
export const isOutOfService = (node: Node): boolean =>
  node.spec.taints?.some(({ key }) => key === 'node.kubernetes.io/out-of-service') ?? false;
