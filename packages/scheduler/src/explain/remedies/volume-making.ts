import { persistentVolume, persistentVolumeClaim } from '@navarch/api';
import type { Claim, StorageClass, Volume } from '../../plugins/pod-claims.ts';
import { putObject, type Step } from '../step.ts';
import type { Effect } from '../what-if.ts';

const BIND_COMPLETED = 'pv.kubernetes.io/bind-completed';

/** A claim whose class waits for the pod is enough as it is; any other is bound by the controllers, to a volume that is made for it. */
export function provisioned(claim: Claim, { volumeBindingMode, metadata }: StorageClass): readonly Effect[] {
  if (volumeBindingMode === 'WaitForFirstConsumer') return [putObject(persistentVolumeClaim, claim)];
  return bound(claim, volumeFor(claim, `pvc-of-${claim.metadata.name}`, metadata.name));
}

export const bound = (claim: Claim, volume: Volume): readonly Effect[] => [
  putObject(persistentVolume, volume),
  putObject(persistentVolumeClaim, {
    ...claim,
    metadata: { ...claim.metadata, annotations: { ...claim.metadata.annotations, [BIND_COMPLETED]: 'yes' } },
    spec: { ...claim.spec, volumeName: volume.metadata.name },
  }),
];

export function ownVolume(claim: Claim): Step {
  const name = `${claim.metadata.namespace}-${claim.metadata.name}`;
  const volume = volumeFor(claim, name, claim.spec.storageClassName ?? '');
  return {
    sort: 'create volume',
    summary: `create a volume for claim ${claim.metadata.name}, which nobody provisions (a folder of the node: change what you need)`,
    cost: 4,
    effects: bound(claim, volume),
    deeds: [putObject(persistentVolume, volume)],
  };
}

function volumeFor({ metadata, spec }: Claim, name: string, storageClassName: string): Volume {
  const made = {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name, ...(spec.selector?.matchLabels ? { labels: spec.selector.matchLabels } : {}) },
    spec: {
      capacity: { storage: spec.resources?.requests?.['storage'] ?? '1Gi' },
      accessModes: spec.accessModes,
      ...(storageClassName === '' ? {} : { storageClassName }),
      claimRef: { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace: metadata.namespace, name: metadata.name },
      hostPath: { path: `/var/lib/volumes/${name}`, type: 'DirectoryOrCreate' },
    },
  };
  return made as unknown as Volume;
}
