import { consumerOf, isClaimOf, isReservedForPod, type Pod, type podGroup, resourceClaim } from '@navarch/api';
import { hasReason, keyIn, type ObjectOf } from '@navarch/machinery';
import type { Context } from '../controller.ts';
import type { Claim } from './consumers.ts';

/** Upstream's bound for the consumers of a claim. */
const CONSUMERS_MAX = 256;

interface NamedClaim {
  readonly name: string;
  readonly resourceClaimName?: string;
}

interface Told {
  /** Claims that were made from templates. */
  readonly told: readonly NamedClaim[];
  /** The pod's. */
  readonly group: ObjectOf<typeof podGroup> | undefined;
}

/**
 * Reserves allocated claims for a pod that was bound without the scheduler, which reserves before it binds: the kubelet
 * runs no pod that its claims are not reserved for.
 */
export async function reserve(owner: Pod, { told, group }: Told, { api, cache }: Context): Promise<void> {
  const { uid, name: ownName, namespace } = owner.metadata;
  const own = owner.spec.resourceClaims ?? [];
  for (const { name: entry, resourceClaimName: name } of [...own, ...told]) {
    const claim = own.find((one) => one.name === entry);
    const isShared = group && claim && isClaimOf(group, claim);
    const consumer = isShared ? consumerOf(group) : { resource: 'pods', name: ownName, uid };
    const key = keyIn(namespace, name ?? '');
    const known = name === undefined ? undefined : cache.get(resourceClaim, key);
    if (!known || !isToReserve(known, owner)) continue;
    try {
      await api.of(resourceClaim).update(
        key,
        (claim) => {
          if (!isToReserve(claim, owner)) return claim;
          const reservedFor = [...(claim.status.reservedFor ?? []), consumer];
          return { ...claim, status: { ...claim.status, reservedFor } };
        },
        { subresource: 'status' },
      );
    } catch (error) {
      if (!hasReason(error, 'NotFound')) throw error;
    }
  }
}

const isToReserve = ({ metadata, status: { allocation, reservedFor = [] } }: Claim, owner: Pod): boolean =>
  allocation !== undefined &&
  metadata.deletionTimestamp === undefined &&
  reservedFor.length < CONSUMERS_MAX &&
  !isReservedForPod(reservedFor, owner);
