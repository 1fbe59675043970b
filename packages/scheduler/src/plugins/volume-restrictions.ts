import type { Pod } from '@navarch/api';
import { keyIn } from '@navarch/machinery';
import { definePlugin, misfit } from '../plugin.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import { claimsOf } from './pod-claims.ts';

const SAME_DISK = misfit(true, 'node(s) had no available disk');
const CLAIM_IN_USE = misfit(
  true,
  'node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode',
);

type PodVolume = NonNullable<Pod['spec']['volumes']>[number];

interface Prepared {
  readonly disks: readonly PodVolume[];
  readonly namespace: string;
  /** Names of claims that one pod of the cluster may use (KEP-2485). */
  readonly exclusive: readonly string[];
  /** Pods that use one of them already. */
  readonly users: number;
}

/** Keeps pods from sharing disks, and claims that are for one pod only. */
export const volumeRestrictions = definePlugin<Prepared>({
  name: 'VolumeRestrictions',
  scope: 'cluster',
  wakesOn: ['node-added', 'pod-removed', 'storage-changed'],
  prepare(pod, snapshot) {
    const disks = (pod.spec.volumes ?? []).filter((volume) => identityOf(volume) !== undefined);
    const exclusive = exclusiveClaims(pod, snapshot);
    if (disks.length === 0 && exclusive.length === 0) return undefined;
    const { namespace } = snapshot.templateOf(pod);
    const users = exclusive.reduce((sum, name) => sum + snapshot.storage.usersOf(keyIn(namespace, name)), 0);
    return { disks, namespace, exclusive, users };
  },
  filter(_pod, { pods }, { disks, users }) {
    if (disks.length > 0)
      for (const { pod } of pods.values())
        if (pod.spec.volumes?.some((volume) => disks.some((disk) => collide(disk, volume)))) return SAME_DISK;
    return users > 0 ? CLAIM_IN_USE : undefined;
  },
  shift(prepared, _pod, { placed: { template }, by }) {
    const touched =
      template.namespace === prepared.namespace
        ? prepared.exclusive.filter((name) => template.claims.includes(name)).length
        : 0;
    return touched > 0 ? { ...prepared, users: prepared.users + by * touched } : prepared;
  },
});

function exclusiveClaims(pod: Pod, snapshot: Snapshot): readonly string[] {
  return claimsOf(snapshot.templateOf(pod), snapshot.objects)
    .filter(({ claim }) => claim?.spec.accessModes?.includes('ReadWriteOncePod'))
    .map(({ name }) => name);
}

/** What disk a volume is, and whether it may be shared by those that only read it; undefined: it may be shared by all. */
function identityOf({
  gcePersistentDisk: gce,
  awsElasticBlockStore: aws,
  iscsi,
  rbd,
}: PodVolume): { readonly key: string; readonly isShareable: boolean } | undefined {
  if (gce) return { key: `gce ${gce.pdName}`, isShareable: gce.readOnly ?? false };
  if (aws) return { key: `aws ${aws.volumeID}`, isShareable: false };
  if (iscsi) return { key: `iscsi ${iscsi.iqn}`, isShareable: iscsi.readOnly ?? false };
  if (rbd) return { key: `rbd ${rbd.pool ?? 'rbd'}/${rbd.image}`, isShareable: rbd.readOnly ?? false };
  return undefined;
}

function collide(a: PodVolume, b: PodVolume): boolean {
  const [mine, theirs] = [identityOf(a), identityOf(b)];
  if (mine === undefined || mine.key !== theirs?.key || (mine.isShareable && theirs.isShareable)) return false;
  // Images of the same name are one image where the same monitor tells of them.
  return !a.rbd || a.rbd.monitors.some((monitor) => b.rbd?.monitors.includes(monitor));
}
