import { type Lease, lease, node } from '@navarch/api';
import type { Clock } from '@navarch/base';
import type { Api } from '@navarch/client';
import { hasReason } from '@navarch/machinery';

export interface NodeLeaseDeps {
  readonly api: Api;
  readonly clock: Clock;
  readonly nodeName: string;
  /** It is renewed four times in this time. Forty seconds, as upstream, when left out. */
  readonly leaseSeconds?: number;
}

const LEASE_SECONDS = 40;
const RENEWALS = 4;
const NAMESPACE = 'kube-node-lease';

/** Says that the node is alive (KEP-9). Resolves to the milliseconds after which to say it again. */
export async function renewLease({
  api,
  clock,
  nodeName,
  leaseSeconds = LEASE_SECONDS,
}: NodeLeaseDeps): Promise<number> {
  const leases = api.of(lease);
  const renewTime = `${new Date(clock.now()).toISOString().slice(0, 23)}000Z`;
  try {
    await leases.update(`${NAMESPACE}/${nodeName}`, (current: Lease) => ({
      ...current,
      spec: { ...current.spec, holderIdentity: nodeName, leaseDurationSeconds: leaseSeconds, renewTime },
    }));
  } catch (error) {
    if (!hasReason(error, 'NotFound')) throw error;
    const {
      metadata: { uid },
    } = await api.of(node).get(nodeName);
    // With the node goes its lease.
    const ownerReferences = [{ apiVersion: 'v1', kind: 'Node', name: nodeName, uid }];
    await leases.create({
      metadata: { name: nodeName, namespace: NAMESPACE, ownerReferences },
      spec: { holderIdentity: nodeName, leaseDurationSeconds: leaseSeconds, renewTime },
    });
  }
  return (leaseSeconds * 1000) / RENEWALS;
}
