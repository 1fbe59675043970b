import type { PersistentVolume, PersistentVolumeClaim } from '@navarch/api';
import { type CacheIndex, defineIndex } from '@navarch/client';
import { keyIn } from '@navarch/machinery';
import { BIND_COMPLETED, classOf, isMarked } from '../shared/volume-marks.ts';

export const volumesByClass: CacheIndex<PersistentVolume> = defineIndex<PersistentVolume>((volume) => [
  classOf(volume),
]);

/** The key of the claim that a volume is for. */
export const keyOfClaim = ({ spec: { claimRef } }: PersistentVolume): string | undefined =>
  claimRef?.name ? keyIn(claimRef.namespace, claimRef.name) : undefined;

export const volumesByClaim: CacheIndex<PersistentVolume> = defineIndex<PersistentVolume>((volume) => {
  const key = keyOfClaim(volume);
  return key === undefined ? [] : [key];
});

/** Claims that are still to be bound. */
export const openClaimsByClass: CacheIndex<PersistentVolumeClaim> = defineIndex<PersistentVolumeClaim>((claim) =>
  isMarked(claim, BIND_COMPLETED) ? [] : [classOf(claim)],
);
