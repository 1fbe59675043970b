import { persistentVolume, persistentVolumeClaim, pod, storageClass } from '@navarch/api';
import { hasReason, keyOf, type ObjectOf } from '@navarch/machinery';
import type { Context } from '../controller.ts';
import { podsByClaim } from '../shared/claims-of-pods.ts';
import { bind, setClaimPhase } from './bind.ts';
import { giveDefaultClass } from './default-class.ts';
import { volumesByClaim, volumesByClass } from './indexes.ts';
import {
  BETA_STORAGE_PROVISIONER,
  BIND_COMPLETED,
  BOUND_BY_CONTROLLER,
  type Claim,
  classOf,
  isFor,
  isMarked,
  marked,
  SELECTED_NODE,
  STORAGE_PROVISIONER,
  type Volume,
} from '../shared/volume-marks.ts';
import { matchVolume, mismatch } from './match-volume.ts';

/** Brings a claim a step nearer to its volume, or says what it waits for. */
export async function tendClaim(claim: Claim, context: Context): Promise<void> {
  if (isMarked(claim, BIND_COMPLETED)) return tendBound(claim, context);
  return claim.spec.volumeName ? tendNamed(claim, claim.spec.volumeName, context) : tendOpen(claim, context);
}

async function tendOpen(claim: Claim, context: Context): Promise<void> {
  const { cache } = context;
  const found = cache.get(storageClass, classOf(claim));
  const waits = found?.volumeBindingMode === 'WaitForFirstConsumer' && !isMarked(claim, SELECTED_NODE);
  // One that was made for the claim is its own, whatever its class.
  const candidates = [
    ...cache.find(persistentVolume, volumesByClaim, keyOf(claim)),
    ...cache.find(persistentVolume, volumesByClass, classOf(claim)),
  ];
  const volume = matchVolume(claim, candidates, waits);
  if (volume && !claim.metadata.deletionTimestamp) return bind(volume, claim, context);
  if (await giveDefaultClass(claim, context)) return;
  if (waits) sayWhatItWaitsFor(claim, context);
  else if (classOf(claim)) await askProvisioner(claim, found, context);
  else
    say(
      claim,
      context,
      'Normal',
      'FailedBinding',
      'no persistent volumes available for this claim and no storage class is set',
    );
  return setClaimPhase(claim, 'Pending', context);
}

function sayWhatItWaitsFor(claim: Claim, context: Context): void {
  const waiting = [...context.cache.find(pod, podsByClaim, keyOf(claim))]
    .filter(({ spec }) => !spec.nodeName)
    .map(({ metadata }) => metadata.name);
  if (waiting.length === 0)
    say(claim, context, 'Normal', 'WaitForFirstConsumer', 'waiting for first consumer to be created before binding');
  else say(claim, context, 'Normal', 'WaitForPodScheduled', `waiting for pod ${waiting.toSorted()[0]} to be scheduled`);
}

/** Writes on the claim who is to make its volume; the provisioner, here or a driver's, takes it from there. */
async function askProvisioner(
  claim: Claim,
  found: ObjectOf<typeof storageClass> | undefined,
  context: Context,
): Promise<void> {
  if (!found)
    return say(
      claim,
      context,
      'Warning',
      'ProvisioningFailed',
      `storageclass.storage.k8s.io ${JSON.stringify(classOf(claim))} not found`,
    );
  const { provisioner } = found;
  if (provisioner.startsWith('kubernetes.io/'))
    return say(claim, context, 'Warning', 'ProvisioningFailed', `no volume plugin matched name: ${provisioner}`);
  const marks = { [STORAGE_PROVISIONER]: provisioner, [BETA_STORAGE_PROVISIONER]: provisioner };
  await context.api
    .of(persistentVolumeClaim)
    .update(keyOf(claim), (current) =>
      current.metadata.uid === claim.metadata.uid ? marked(current, marks) : current,
    );
  say(
    claim,
    context,
    'Normal',
    'ExternalProvisioning',
    `Waiting for a volume to be created either by the external provisioner '${provisioner}' or manually by the system administrator. If volume creation is delayed, please verify that the provisioner is running and correctly registered.`,
  );
}

/** A person has said which volume it is to be. */
async function tendNamed(claim: Claim, name: string, context: Context): Promise<void> {
  const volume = context.cache.get(persistentVolume, name);
  if (volume && !volume.spec.claimRef) {
    const why = mismatch(volume, claim);
    if (why === undefined) return bind(volume, claim, context);
    say(claim, context, 'Warning', 'VolumeMismatch', `Cannot bind to requested volume ${JSON.stringify(name)}: ${why}`);
  } else if (volume && isFor(volume, claim)) {
    return bind(volume, claim, context);
  } else if (volume && !isMarked(claim, BOUND_BY_CONTROLLER)) {
    say(
      claim,
      context,
      'Warning',
      'FailedBinding',
      `volume ${JSON.stringify(name)} already bound to a different claim.`,
    );
  }
  return setClaimPhase(claim, 'Pending', context);
}

/** A binding that was completed holds, or the claim is lost: it never gets another volume. */
async function tendBound(claim: Claim, context: Context): Promise<void> {
  const { volumeName } = claim.spec;
  if (!volumeName)
    return lose(
      claim,
      context,
      'ClaimLost',
      'Bound claim has lost reference to PersistentVolume. Data on the volume is lost!',
    );
  const volume = context.cache.get(persistentVolume, volumeName) ?? (await volumeInFact(volumeName, context));
  if (!volume)
    return lose(claim, context, 'ClaimLost', 'Bound claim has lost its PersistentVolume. Data on the volume is lost!');
  if (!volume.spec.claimRef || isFor(volume, claim)) return bind(volume, claim, context);
  return lose(
    claim,
    context,
    'ClaimMisbound',
    'Two claims are bound to the same volume, this one is bound incorrectly',
  );
}

/** The cache may not have heard yet of a volume that another has bound. */
async function volumeInFact(name: string, { api }: Context): Promise<Volume | undefined> {
  try {
    return await api.of(persistentVolume).get(name);
  } catch (error) {
    if (hasReason(error, 'NotFound')) return undefined;
    throw error;
  }
}

async function lose(claim: Claim, context: Context, reason: string, message: string): Promise<void> {
  if (claim.status.phase === 'Lost') return;
  await setClaimPhase(claim, 'Lost', context);
  say(claim, context, 'Warning', reason, message);
}

function say(claim: Claim, { events }: Context, type: 'Normal' | 'Warning', reason: string, message: string): void {
  events.record(claim, { type, reason, message });
}
