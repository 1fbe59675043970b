import { isPodGroup, type Pod, pod, podGroup, resourceClaim } from '@navarch/api';
import { byController, defineIndex } from '@navarch/client';
import { hasReason, type Key, keyIn, keyOf, type ObjectOf } from '@navarch/machinery';
import {
  type Context,
  type Controller,
  controllerKey,
  defineController,
  NOBODY,
  self,
  type Watch,
} from '../controller.ts';
import { type Claim, claimKeysOf, type Consumer, EXTENDED_ANNOTATION, isDone, isPod } from './consumers.ts';

/** Set with an allocation: devices are given back before the claim goes. */
const FINALIZER = 'resource.kubernetes.io/delete-protection';

/** By the uid of whom they are reserved for. */
const byConsumer = defineIndex<Claim>(({ status }) => (status.reservedFor ?? []).map(({ uid }) => uid));

const ofGroups: Watch<ObjectOf<typeof podGroup>> = {
  kind: podGroup,
  keys: ({ current, previous }, cache) =>
    previous && current?.metadata.uid !== previous.metadata.uid
      ? cache.find(resourceClaim, byConsumer, previous.metadata.uid).map(keyOf)
      : NOBODY,
};

/**
 * Takes reservations from pods that are gone or done, the allocation from a claim nobody holds, and the claim itself
 * where it was made for a pod that is done (KEP-4381).
 */
export const claimRelease = ({ hasGroups }: { readonly hasGroups: boolean }): Controller =>
  defineController({
    name: 'resourceclaim-release',
    partOf: 'resourceclaim-controller',
    eventSource: 'resource_claim',
    workers: 10,
    watches: [
      self(resourceClaim),
      ...(hasGroups ? [ofGroups] : []),
      {
        kind: pod,
        keys({ current, previous }, cache) {
          // Which of the claims for its extended resources it has is settled with its node.
          const isSettled = current?.spec.nodeName && !previous?.spec.nodeName && asksForMore(current);
          const own = isSettled ? cache.find(resourceClaim, byController, current.metadata.uid).map(keyOf) : NOBODY;
          // Only what lets go is news. What it held may be more than was ever seen in its status.
          const isOver = current ? isDone(current) && !(previous && isDone(previous)) : true;
          const over = current ?? previous;
          if (!isOver || !over) return own;
          const held = cache.find(resourceClaim, byConsumer, over.metadata.uid).map(keyOf);
          return new Set([...own, ...claimKeysOf(over), ...held]);
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
        const isLeft = isSuperseded(claim, context);
        await release(claim, isLeft ? [] : valid, context);
        if (isLeft) await context.api.of(resourceClaim).delete(key, { preconditions: { uid: claim.metadata.uid } });
        else if (valid.length === 0) await deleteForDonePod(claim, context);
      } catch (error) {
        if (!hasReason(error, 'NotFound')) throw error;
      }
      return undefined;
    },
  });

export const claimReleaseController: Controller = claimRelease({ hasGroups: false });

/** Asks the server where the cache knows no such pod: the scheduler may have seen it first. */
async function isHolding(consumer: Consumer, claim: Claim, { api, cache }: Context): Promise<boolean> {
  const key = keyIn(claim.metadata.namespace, consumer.name);
  if (isPodGroup(consumer)) return isThere(key, consumer, api);
  // Of other consumers nobody here knows when they are done.
  if (!isPod(consumer)) return true;
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

/** A group has its claims until it is gone, which it is not while pods of it run. */
async function isThere(key: Key, { uid }: Consumer, api: Context['api']): Promise<boolean> {
  try {
    return (await api.of(podGroup).get(key)).metadata.uid === uid;
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

/** Its containers ask for other things than CPU and memory. */
const asksForMore = ({ spec }: Pod): boolean =>
  [...spec.containers, ...(spec.initContainers ?? [])].some(({ resources }) =>
    Object.keys(resources?.requests ?? {}).some((name) => name.includes('/')),
  );

/** The scheduler made it for a pod that was then bound with another: its making was not answered before a crash. */
function isSuperseded(claim: Claim, { cache }: Context): boolean {
  if (claim.metadata.annotations?.[EXTENDED_ANNOTATION] === undefined || claim.metadata.deletionTimestamp) return false;
  const key = controllerKey(claim, pod);
  const owner: Pod | undefined = key === undefined ? undefined : cache.get(pod, key);
  if (!owner?.spec.nodeName || !claim.metadata.ownerReferences?.some(({ uid }) => uid === owner.metadata.uid))
    return false;
  const used = owner.status.extendedResourceClaimStatus?.resourceClaimName;
  return used === undefined ? !claim.status.allocation : used !== claim.metadata.name;
}

/** Done pods may stay for long: what was made for one of them does not stay with it. */
async function deleteForDonePod(claim: Claim, { api, cache }: Context): Promise<void> {
  const key = controllerKey(claim, pod);
  const owner: Pod | undefined = key === undefined ? undefined : cache.get(pod, key);
  if (!owner || !isDone(owner) || claim.metadata.deletionTimestamp) return;
  if (!claim.metadata.ownerReferences?.some(({ uid }) => uid === owner.metadata.uid)) return;
  await api.of(resourceClaim).delete(keyOf(claim), { preconditions: { uid: claim.metadata.uid } });
}
