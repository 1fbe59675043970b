import { compileLabelSelector, quantityValue } from '@navarch/machinery';
import { type Claim, classOf, isFor, type Volume } from '../shared/volume-marks.ts';

/**
 * The volume that a claim gets: one that was made for it, else the smallest free one that has all it asks for.
 * A claim that waits for a pod only gets what was made for it: where it may be is not known yet.
 */
export function matchVolume(claim: Claim, volumes: Iterable<Volume>, waitsForPod: boolean): Volume | undefined {
  let best: Volume | undefined;
  for (const volume of volumes) {
    if (volume.metadata.deletionTimestamp || !isSameMode(volume, claim) || capacityOf(volume) < requestOf(claim))
      continue;
    if (isFor(volume, claim)) return volume;
    if (waitsForPod || volume.spec.claimRef || volume.status.phase !== 'Available' || mismatch(volume, claim)) continue;
    if (!isSelected(volume, claim)) continue;
    if (!best || capacityOf(volume) < capacityOf(best)) best = volume;
  }
  return best;
}

/** Why a volume that a claim names cannot be the claim's, in upstream's words; undefined when it can. */
export function mismatch(volume: Volume, claim: Claim): string | undefined {
  if (capacityOf(volume) < requestOf(claim)) return 'requested PV is too small';
  if (classOf(volume) !== classOf(claim)) return 'storageClassName does not match';
  if (!isSameMode(volume, claim)) return 'incompatible volumeMode';
  if ((volume.spec.volumeAttributesClassName ?? '') !== (claim.spec.volumeAttributesClassName ?? ''))
    return 'volumeAttributesClassName does not match';
  return claim.spec.accessModes?.every((mode) => volume.spec.accessModes?.includes(mode))
    ? undefined
    : 'incompatible accessMode';
}

export const isSameMode = ({ spec: { volumeMode = 'Filesystem' } }: Volume, { spec }: Claim): boolean =>
  volumeMode === (spec.volumeMode ?? 'Filesystem');

const isSelected = ({ metadata }: Volume, { spec: { selector } }: Claim): boolean =>
  selector === undefined || compileLabelSelector(selector).matches(metadata.labels);

const capacityOf = ({ spec }: Volume): number => quantityValue(spec.capacity?.['storage']);
const requestOf = ({ spec }: Claim): number => quantityValue(spec.resources.requests?.['storage']);
