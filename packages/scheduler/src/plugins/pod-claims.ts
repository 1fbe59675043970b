import { persistentVolume, persistentVolumeClaim, storageClass } from '@navarch/api';
import type { CacheReader } from '@navarch/client';
import { keyIn, type ObjectOf } from '@navarch/machinery';
import type { Template } from '../snapshot/template.ts';

export type Claim = ObjectOf<typeof persistentVolumeClaim>;
export type Volume = ObjectOf<typeof persistentVolume>;
export type StorageClass = ObjectOf<typeof storageClass>;

/** A claim of a pod and what it stands for so far. */
export interface PodClaim {
  readonly name: string;
  readonly claim: Claim | undefined;
  /** What it is bound to, as far as it is known. */
  readonly volume: Volume | undefined;
  readonly storageClass: StorageClass | undefined;
}

export const claimsOf = ({ namespace, claims }: Template, objects: CacheReader): readonly PodClaim[] =>
  claims.map((name) => {
    const claim = objects.get(persistentVolumeClaim, keyIn(namespace, name));
    return {
      name,
      claim,
      volume: claim?.spec.volumeName ? objects.get(persistentVolume, claim.spec.volumeName) : undefined,
      storageClass: claim?.spec.storageClassName ? objects.get(storageClass, claim.spec.storageClassName) : undefined,
    };
  });

const BIND_COMPLETED = 'pv.kubernetes.io/bind-completed';

/** Both sides have agreed: the claim names its volume, and the controller has said so. */
export const isBound = ({ metadata, spec }: Claim): boolean =>
  Boolean(spec.volumeName) && metadata.annotations?.[BIND_COMPLETED] !== undefined;

/** Bound when the first pod is scheduled, where that pod can be. */
export const waitsForPod = ({ storageClass: found }: PodClaim): boolean =>
  found?.volumeBindingMode === 'WaitForFirstConsumer';
