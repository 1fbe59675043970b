import { type Pod, pod, resourceClaim } from '@navarch/api';
import { hasReason, keyIn, keyOf } from '@navarch/machinery';
import { type Context, type Controller, controllerKey, defineController, self } from '../controller.ts';
import { type Claim, claimKeysOf, type Consumer, isDone, isPod } from './consumers.ts';

/** Set with an allocation: devices are given back before the claim goes. */
const FINALIZER = 'resource.kubernetes.io/delete-protection';

/**
 * Takes reservations from pods that are gone or done, the allocation from a claim nobody holds, and the claim itself
 * where it was made for a pod that is done (KEP-4381).
 */
export const claimReleaseController: Controller = defineController({
  name: 'resourceclaim-release',
  partOf: 'resourceclaim-controller',
  eventSource: 'resource_claim',
  workers: 10,
  watches: [
    self(resourceClaim),
    {
      kind: pod,
      *keys({ current, previous }) {
        // Only what lets go is news.
        if (previous && (!current || (isDone(current) && !isDone(previous)))) yield* claimKeysOf(previous);
        else if (current && isDone(current)) yield* claimKeysOf(current);
      },
    },
  ],
  async reconcile(key, context) {
    const claim = context.cache.get(resourceClaim, key);
    if (!claim) return undefined;
    const held = claim.status.reservedFor ?? [];
    const valid: Consumer[] = [];
    for (const consumer of held) if (await isHolding(consumer, claim, context)) valid.push(consumer);
    try {
      await release(claim, valid, context);
      if (valid.length === 0) await deleteForDonePod(claim, context);
    } catch (error) {
      if (!hasReason(error, 'NotFound')) throw error;
    }
    return undefined;
  },
});

/** Asks the server where the cache knows no such pod: the scheduler may have seen it first. */
async function isHolding(consumer: Consumer, claim: Claim, { api, cache }: Context): Promise<boolean> {
  // Of other consumers nobody here knows when they are done.
  if (!isPod(consumer)) return true;
  const key = keyIn(claim.metadata.namespace, consumer.name);
  const known = cache.get(pod, key);
  if (known?.metadata.uid === consumer.uid) return !isDone(known);
  try {
    const live = await api.of(pod).get(key);
    return live.metadata.uid === consumer.uid && !isDone(live);
  } catch (error) {
    if (hasReason(error, 'NotFound')) return false;
    throw error;
  }
}

/** What was decided on must still be so: each write is refused when the claim has moved, and then all is looked at again. */
async function release(claim: Claim, valid: readonly Consumer[], { api }: Context): Promise<void> {
  const claims = api.of(resourceClaim);
  const isLess = valid.length < (claim.status.reservedFor?.length ?? 0);
  const isGoing = claim.metadata.deletionTimestamp !== undefined;
  const isFree = valid.length === 0 && (isLess || isGoing);
  let current = claim;
  if (isLess || (isFree && claim.status.allocation)) {
    const { reservedFor: _, allocation, devices, ...rest } = claim.status;
    const kept = { ...(allocation ? { allocation } : {}), ...(devices ? { devices } : {}), reservedFor: valid };
    current = await claims.replace(
      { ...claim, status: isFree ? rest : { ...rest, ...kept } },
      { subresource: 'status' },
    );
  }
  const finalizers = current.metadata.finalizers ?? [];
  if (!isFree || current.status.allocation || !finalizers.includes(FINALIZER)) return;
  const others = finalizers.filter((name) => name !== FINALIZER);
  await claims.replace({ ...current, metadata: { ...current.metadata, finalizers: others } });
}

/** Done pods may stay for long: what was made for one of them does not stay with it. */
async function deleteForDonePod(claim: Claim, { api, cache }: Context): Promise<void> {
  const key = controllerKey(claim, pod);
  const owner: Pod | undefined = key === undefined ? undefined : cache.get(pod, key);
  if (!owner || !isDone(owner) || claim.metadata.deletionTimestamp) return;
  if (!claim.metadata.ownerReferences?.some(({ uid }) => uid === owner.metadata.uid)) return;
  await api.of(resourceClaim).delete(keyOf(claim), { preconditions: { uid: claim.metadata.uid } });
}
