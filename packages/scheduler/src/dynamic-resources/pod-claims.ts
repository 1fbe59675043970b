import { consumerOf, isClaimOf, isMadeForPod, isReservedForPod, type Pod } from '@navarch/api';
import { type Key, keyIn, keyOf } from '@navarch/machinery';
import type { Claim } from './devices.ts';
import type { DeviceLedger } from './ledger.ts';

type PodClaim = NonNullable<Pod['spec']['resourceClaims']>[number];

/** Upstream's bound for the consumers of a claim. */
const CONSUMERS_MAX = 256;

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

/** The claims that a pod names or was told of, whether they are there or not. */
export const claimKeysOf = ({ metadata, spec, status }: Pod): readonly Key[] =>
  [...(spec.resourceClaims ?? []), ...(status.resourceClaimStatuses ?? [])].flatMap(({ resourceClaimName: name }) =>
    name === undefined ? [] : [keyIn(metadata.namespace, name)],
  );

/** Whether the pod owns it. */
export const isMadeFor = ({ metadata }: Claim, pod: Pod): boolean =>
  metadata.ownerReferences?.some(({ controller, uid }) => controller === true && uid === pod.metadata.uid) ?? false;

export const isReservedFor = ({ status }: Claim, pod: Pod): boolean => isReservedForPod(status.reservedFor, pod);

export type Consumer = NonNullable<Claim['status']['reservedFor']>[number];

/** Whom the claim is reserved for when the pod is to use it: its group, where that shares the claim (KEP-5729). */
export function consumerFor(pod: Pod, { metadata: { name } }: Claim, ledger: DeviceLedger): Consumer {
  const own = { resource: 'pods', name: pod.metadata.name, uid: pod.metadata.uid };
  const entry = pod.spec.resourceClaims?.find((each) => nameFor(pod, each) === name);
  const group = entry && ledger.groupOf(pod);
  return group && isClaimOf(group, entry) ? consumerOf(group) : own;
}

const nameFor = ({ status }: Pod, { name, resourceClaimName }: PodClaim): string | undefined =>
  resourceClaimName ?? status.resourceClaimStatuses?.find((told) => told.name === name)?.resourceClaimName;

/** Whether one pod more may use it. */
export const canBeReserved = ({ status }: Claim): boolean => (status.reservedFor?.length ?? 0) < CONSUMERS_MAX;

/** Nobody but perhaps this pod has it. */
export const isOnlyFor = ({ status }: Claim, { metadata }: Pod): boolean =>
  (status.reservedFor ?? []).every(({ uid }) => uid === metadata.uid);
