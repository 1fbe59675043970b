import { type Container, type DeviceResourceClaim, isMadeForPod, isReservedForPod, type Pod } from '@navarch/api';

/** A claim of a pod, by the name that the pod has for it. */
export interface PodClaim {
  /** Empty for the claim that was made for the pod's extended resources. */
  readonly name: string;
  readonly claimName: string;
  /** Made from a template, for this pod alone. */
  readonly isOwn: boolean;
}

/** Throws Error in upstream's words for one that is not there yet. */
export function podClaims({ metadata, spec, status }: Pod): readonly PodClaim[] {
  const claims = (spec.resourceClaims ?? []).flatMap(({ name, resourceClaimName }): readonly PodClaim[] => {
    if (resourceClaimName !== undefined) return [{ name, claimName: resourceClaimName, isOwn: false }];
    const made = status.resourceClaimStatuses?.find((s) => s.name === name);
    if (!made) throw new Error(`pod "${metadata.namespace}/${metadata.name}": ResourceClaim not created yet`);
    // Whoever makes claims decided that none is needed.
    return made.resourceClaimName === undefined ? [] : [{ name, claimName: made.resourceClaimName, isOwn: true }];
  });
  const extended = status.extendedResourceClaimStatus;
  return extended ? [...claims, { name: '', claimName: extended.resourceClaimName, isOwn: true }] : claims;
}

/** What a container uses of its pod's claims; an empty request is all of the claim. */
export function usedBy(
  pod: Pod,
  container: Container,
): readonly { readonly claim: PodClaim; readonly request: string }[] {
  const known = podClaims(pod);
  const find = (name: string): PodClaim | undefined => known.find((claim) => claim.name === name);
  const named = (container.resources?.claims ?? []).map(({ name, request = '' }) => ({ claim: find(name), request }));
  const extended = (pod.status.extendedResourceClaimStatus?.requestMappings ?? [])
    .filter(({ containerName }) => containerName === container.name)
    .map(({ requestName }) => ({ claim: find(''), request: requestName }));
  return [...named, ...extended].flatMap(({ claim, request }) => (claim ? [{ claim, request }] : []));
}

/** Throws Error in upstream's words for a claim that is not the pod's to use. */
export function checkClaim(pod: Pod, { isOwn, claimName }: PodClaim, claim: DeviceResourceClaim): void {
  const { name, namespace, uid } = pod.metadata;
  if (isOwn && !isMadeForPod(claim, pod))
    throw new Error(
      `ResourceClaim ${namespace}/${claimName} was not created for pod ${namespace}/${name} (pod is not owner)`,
    );
  if (!isReservedForPod(claim.status?.reservedFor, pod))
    throw new Error(`pod ${name} (${uid}) is not allowed to use ResourceClaim ${claimName} (${claim.metadata.uid})`);
}

/** Drivers that have something to do on the node before the claim can be used. */
export function driversOf(claim: DeviceResourceClaim): readonly string[] {
  const allocation = claim.status?.allocation;
  if (!allocation) throw new Error(`ResourceClaim ${claim.metadata.name}: it is not allocated`);
  const results = (allocation.devices.results ?? []).filter(
    ({ skipNodeOperations = [] }) =>
      !skipNodeOperations.some((name) => name === '*' || name === 'NodePrepareResources'),
  );
  return [...new Set(results.map(({ driver }) => driver))];
}
