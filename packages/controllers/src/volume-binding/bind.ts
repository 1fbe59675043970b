import { persistentVolume, persistentVolumeClaim } from '@navarch/api';
import { equalJson, keyOf } from '@navarch/machinery';
import type { Context } from '../controller.ts';
import {
  BIND_COMPLETED,
  BOUND_BY_CONTROLLER,
  type Claim,
  isFor,
  isMarked,
  marked,
  type Volume,
} from '../shared/volume-marks.ts';

/**
 * Brings a claim and a volume together, in four writes of which each may be the last before a crash: the volume names the
 * claim, says that it is bound, the claim names the volume, says that it is bound. What is seen to be so already is not
 * asked for: where many requests fail, none would ever get to the last of them.
 */
export async function bind(volume: Volume, claim: Claim, context: Context): Promise<void> {
  const { api } = context;
  const volumes = api.of(persistentVolume);
  const claims = api.of(persistentVolumeClaim);
  const isPromised = volume.spec.claimRef?.uid === claim.metadata.uid;
  const promised = isPromised ? volume : await volumes.update(volume.metadata.name, (held) => withClaim(held, claim));
  await setVolumePhase(promised, { phase: 'Bound' }, context);
  const isTaken = claim.spec.volumeName === volume.metadata.name && isMarked(claim, BIND_COMPLETED);
  const taken = isTaken
    ? claim
    : await claims.update(keyOf(claim), (held) => (isSame(held, claim) ? withVolume(held, volume) : held));
  if (!isSame(taken, claim) || boundStatus(taken, promised) === taken) return;
  await claims.update(keyOf(claim), (current) => (isSame(current, claim) ? boundStatus(current, promised) : current), {
    subresource: 'status',
  });
}

const isSame = (a: Claim, b: Claim): boolean => a.metadata.uid === b.metadata.uid;

/** Throws when another claim was faster: this one is looked at again. */
function withClaim(volume: Volume, claim: Claim): Volume {
  const { claimRef } = volume.spec;
  if (claimRef && !isFor(volume, claim))
    throw new Error(`Cannot bind ${keyOf(claim)} to ${volume.metadata.name}: another claim has it`);
  if (claimRef?.uid === claim.metadata.uid) return volume;
  const { namespace = '', name, uid, resourceVersion } = claim.metadata;
  const reference = { kind: 'PersistentVolumeClaim', namespace, name, uid, apiVersion: 'v1', resourceVersion };
  const next = { ...volume, spec: { ...volume.spec, claimRef: reference } };
  return claimRef ? next : marked(next, { [BOUND_BY_CONTROLLER]: 'yes' });
}

function withVolume(claim: Claim, { metadata: { name } }: Volume): Claim {
  if (claim.spec.volumeName === name) return marked(claim, { [BIND_COMPLETED]: 'yes' });
  if (claim.spec.volumeName) throw new Error(`Cannot bind ${keyOf(claim)} to ${name}: it has another volume`);
  return marked(
    { ...claim, spec: { ...claim.spec, volumeName: name } },
    { [BOUND_BY_CONTROLLER]: 'yes', [BIND_COMPLETED]: 'yes' },
  );
}

/** Capacity is told once: from then on it is changed by whoever lets the volume grow. */
function boundStatus(claim: Claim, { spec }: Volume): Claim {
  const { status } = claim;
  const isNew = status.phase !== 'Bound';
  const next = {
    ...status,
    phase: 'Bound' as const,
    accessModes: spec.accessModes,
    ...(isNew || !status.capacity ? { capacity: spec.capacity } : {}),
    ...(isNew && spec.volumeAttributesClassName
      ? { currentVolumeAttributesClassName: spec.volumeAttributesClassName }
      : {}),
  } as Claim['status'];
  return equalJson(next, status) ? claim : { ...claim, status: next };
}

/** Says what a volume is, where it does not say so already. */
export async function setVolumePhase(
  volume: Volume,
  { phase, message }: { readonly phase: NonNullable<Volume['status']['phase']>; readonly message?: string },
  { api }: Context,
): Promise<void> {
  if (volume.status.phase === phase) return;
  await api.of(persistentVolume).update(
    volume.metadata.name,
    (current) => {
      if (current.metadata.uid !== volume.metadata.uid || current.status.phase === phase) return current;
      const { message: _, ...status } = current.status;
      return { ...current, status: { ...status, phase, ...(message ? { message } : {}) } };
    },
    { subresource: 'status' },
  );
}

export async function setClaimPhase(claim: Claim, phase: 'Pending' | 'Lost', { api }: Context): Promise<void> {
  if (claim.status.phase === phase) return;
  await api.of(persistentVolumeClaim).update(
    keyOf(claim),
    (current) => {
      if (!isSame(current, claim) || current.status.phase === phase) return current;
      // What is lost has neither modes nor room.
      const { accessModes: _, capacity: __, ...rest } = current.status;
      return { ...current, status: { ...(phase === 'Lost' ? rest : current.status), phase } };
    },
    { subresource: 'status' },
  );
}
