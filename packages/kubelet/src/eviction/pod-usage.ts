import type { Pod, Volume } from '@navarch/api';
import type { Disk, ObservedContainer, ObservedPod } from '../server/stats/observed.ts';

/** A pod that runs here, and what it uses; absent when nobody could count it. */
export interface Candidate {
  readonly pod: Pod;
  readonly observed: ObservedPod | undefined;
}

type Count = 'usedBytes' | 'inodesUsed';

/** What a container wrote: its own layer and its log. */
export const writtenBy = ({ rootfs, logs }: ObservedContainer, what: Count = 'usedBytes'): number =>
  used(rootfs, what) + used(logs, what);

/** What a pod keeps on the node's disk: what its containers wrote, and its volumes that live there with it. */
export function writtenByPod({ spec }: Pod, { containers, volumes }: ObservedPod, what: Count = 'usedBytes'): number {
  const local = new Set((spec.volumes ?? []).filter(isLocal).map(({ name }) => name));
  return (
    containers.reduce((sum, container) => sum + writtenBy(container, what), 0) +
    volumes.filter(({ name }) => local.has(name)).reduce((sum, volume) => sum + used(volume, what), 0)
  );
}

const used = (disk: Disk | undefined, what: Count): number => disk?.[what] ?? 0;

const isLocal = ({ emptyDir, configMap, gitRepo }: Volume): boolean =>
  (emptyDir !== undefined && !emptyDir.medium) || configMap !== undefined || gitRepo !== undefined;
