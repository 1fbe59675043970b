import { LOCAL_PROVISIONER, persistentVolume, persistentVolumeClaim } from '@navarch/api';
import { hasReason } from '@navarch/machinery';
import type { Context } from '../controller.ts';
import { setVolumePhase } from './bind.ts';
import { keyOfClaim } from './indexes.ts';
import { BOUND_BY_CONTROLLER, type Claim, marked, PROVISIONED_BY, type Volume } from '../shared/volume-marks.ts';
import { isSameMode } from './match-volume.ts';
import { countUndeletable } from './operations.ts';

/** Says whether a volume is free, bound or released, and lets go of one whose claim went elsewhere. */
export async function tendVolume(volume: Volume, context: Context): Promise<void> {
  const key = keyOfClaim(volume);
  const { claimRef } = volume.spec;
  // Without a uid it is kept for a claim that has not come yet.
  if (key === undefined || !claimRef?.uid) return setVolumePhase(volume, { phase: 'Available' }, context);
  const claim = await claimInFact(key, claimRef.uid, context);
  if (!claim) return release(volume, context);
  const { volumeName } = claim.spec;
  if (!volumeName) {
    // The claim is woken by the same change, and completes the binding.
    if (!isSameMode(volume, claim)) sayMismatch(volume, claim, context);
    return undefined;
  }
  if (volumeName === volume.metadata.name) return setVolumePhase(volume, { phase: 'Bound' }, context);
  // It was made for the claim, which has got another: nobody will ask for this one.
  if (volume.metadata.annotations?.[PROVISIONED_BY] && volume.spec.persistentVolumeReclaimPolicy === 'Delete')
    return release(volume, context);
  return unbind(volume, context);
}

/** The claim by its uid. Data may be removed when it is gone, so the API server is asked where the cache knows none. */
async function claimInFact(key: string, uid: string, { api, cache }: Context): Promise<Claim | undefined> {
  const known = cache.get(persistentVolumeClaim, key);
  if (known?.metadata.uid === uid) return known;
  try {
    const claim = await api.of(persistentVolumeClaim).get(key);
    return claim.metadata.uid === uid ? claim : undefined;
  } catch (error) {
    if (hasReason(error, 'NotFound')) return undefined;
    throw error;
  }
}

async function release(volume: Volume, context: Context): Promise<void> {
  const { phase } = volume.status;
  if (phase !== 'Released' && phase !== 'Failed') await setVolumePhase(volume, { phase: 'Released' }, context);
  return reclaim(volume, context);
}

/** What becomes of a released volume. Those of provisioners are theirs to delete. */
async function reclaim(volume: Volume, context: Context): Promise<void> {
  const policy = volume.spec.persistentVolumeReclaimPolicy;
  if (policy === 'Retain' || volume.metadata.deletionTimestamp || volume.status.phase === 'Failed') return;
  if (policy === 'Recycle')
    return fail(volume, context, 'VolumeFailedRecycle', 'No recycler plugin found for the volume!');
  const provisioner = volume.metadata.annotations?.[PROVISIONED_BY];
  if (
    provisioner === LOCAL_PROVISIONER ||
    volume.spec.csi ||
    (provisioner !== undefined && !provisioner.startsWith('kubernetes.io/'))
  )
    return;
  const message = `error getting deleter volume plugin for volume ${JSON.stringify(volume.metadata.name)}: no deletable volume plugin matched`;
  countUndeletable(context.metrics);
  return fail(volume, context, 'VolumeFailedDelete', message);
}

async function fail(volume: Volume, context: Context, reason: string, message: string): Promise<void> {
  await setVolumePhase(volume, { phase: 'Failed', message }, context);
  context.events.record(volume, { type: 'Warning', reason, message });
}

/** A volume that the controller chose is free again; one that a person promised to the claim's name stays promised. */
async function unbind(volume: Volume, context: Context): Promise<void> {
  const next = await context.api.of(persistentVolume).update(volume.metadata.name, (current) => {
    const { claimRef, ...spec } = current.spec;
    if (!claimRef || claimRef.uid !== volume.spec.claimRef?.uid) return current;
    if (current.metadata.annotations?.[BOUND_BY_CONTROLLER] !== undefined)
      return marked({ ...current, spec }, { [BOUND_BY_CONTROLLER]: undefined });
    const { uid: _, ...reference } = claimRef;
    return { ...current, spec: { ...spec, claimRef: reference } };
  });
  await setVolumePhase(next, { phase: 'Available' }, context);
}

function sayMismatch(volume: Volume, claim: Claim, { events }: Context): void {
  const message = `Cannot bind PersistentVolume to requested PersistentVolumeClaim ${JSON.stringify(claim.metadata.name)} due to incompatible volumeMode.`;
  events.record(volume, { type: 'Warning', reason: 'VolumeMismatch', message });
}
