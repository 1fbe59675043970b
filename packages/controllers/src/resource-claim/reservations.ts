import { type Pod, resourceClaim } from '@navarch/api';
import { hasReason, keyIn } from '@navarch/machinery';
import type { Context } from '../controller.ts';
import type { Claim } from './consumers.ts';

/** Upstream's bound for the consumers of a claim. */
const CONSUMERS_MAX = 256;

interface NamedClaim {
  readonly resourceClaimName?: string;
}

/**
 * Reserves allocated claims for a pod that was bound without the scheduler, which reserves before it binds: the kubelet
 * runs no pod that its claims are not reserved for.
 */
export async function reserve(owner: Pod, told: readonly NamedClaim[], { api, cache }: Context): Promise<void> {
  const { uid, name: ownName, namespace } = owner.metadata;
  for (const { resourceClaimName: name } of [...(owner.spec.resourceClaims ?? []), ...told]) {
    const key = keyIn(namespace, name ?? '');
    const known = name === undefined ? undefined : cache.get(resourceClaim, key);
    if (!known || !isToReserve(known, uid)) continue;
    try {
      await api.of(resourceClaim).update(
        key,
        (claim) => {
          if (!isToReserve(claim, uid)) return claim;
          const reservedFor = [...(claim.status.reservedFor ?? []), { resource: 'pods', name: ownName, uid }];
          return { ...claim, status: { ...claim.status, reservedFor } };
        },
        { subresource: 'status' },
      );
    } catch (error) {
      if (!hasReason(error, 'NotFound')) throw error;
    }
  }
}

const isToReserve = ({ metadata, status: { allocation, reservedFor = [] } }: Claim, uid: string): boolean =>
  allocation !== undefined &&
  metadata.deletionTimestamp === undefined &&
  reservedFor.length < CONSUMERS_MAX &&
  !reservedFor.some((consumer) => consumer.uid === uid);
