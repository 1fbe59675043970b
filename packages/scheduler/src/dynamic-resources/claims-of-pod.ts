import { type Pod, consumerOf, isClaimOf, isMadeForPod } from '@navarch/api';
import { keyIn, keyOf } from '@navarch/machinery';
import type { Claim } from './devices.ts';
import type { DeviceLedger } from './ledger.ts';
import type { Consumer } from './pod-claims.ts';

type PodClaim = NonNullable<Pod['spec']['resourceClaims']>[number];

/** The claims of a pod, in its order; or what it waits for. */
export function claimsOf(pod: Pod, ledger: DeviceLedger): readonly Claim[] | string {
  const claims: Claim[] = [];
  for (const { name, resourceClaimName, resourceClaimTemplateName } of pod.spec.resourceClaims ?? []) {
    const told = pod.status.resourceClaimStatuses?.find((status) => status.name === name);
    if (resourceClaimTemplateName !== undefined && !told) return `pod "${keyOf(pod)}": ResourceClaim not created yet`;
    const claimName = resourceClaimName ?? told?.resourceClaimName;
    // Told, and without a name: none is needed.
    if (claimName === undefined) continue;
    const claim = ledger.claim(keyIn(pod.metadata.namespace, claimName));
    if (!claim) return `resourceclaim.resource.k8s.io "${claimName}" not found`;
    if (claim.metadata.deletionTimestamp) return `resourceclaim "${claimName}" is being deleted`;
    if (resourceClaimTemplateName !== undefined && !isMadeForPod(claim, pod))
      return `ResourceClaim ${keyOf(claim)} was not created for pod ${keyOf(pod)} (pod is not owner)`;
    claims.push(claim);
  }
  return claims;
}

const nameFor = ({ status }: Pod, { name, resourceClaimName }: PodClaim): string | undefined =>
  resourceClaimName ?? status.resourceClaimStatuses?.find((told) => told.name === name)?.resourceClaimName;

/** Whom the claim is reserved for when the pod is to use it: its group, where that shares the claim (KEP-5729). */
export function consumerFor(pod: Pod, { metadata: { name } }: Claim, ledger: DeviceLedger): Consumer {
  const own = { resource: 'pods', name: pod.metadata.name, uid: pod.metadata.uid };
  const entry = pod.spec.resourceClaims?.find((each) => nameFor(pod, each) === name);
  const group = entry && ledger.groupOf(pod);
  return group && isClaimOf(group, entry) ? consumerOf(group) : own;
}
