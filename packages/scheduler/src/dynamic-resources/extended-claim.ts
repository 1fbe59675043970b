import { isMadeForPod, type Pod, pod as podKind, resourceClaim } from '@navarch/api';
import type { Api } from '@navarch/client';
import { controllerReference, type Draft, hasReason, keyOf } from '@navarch/machinery';
import { FINALIZER, withdraw } from './claim-writes.ts';
import type { Claim } from './devices.ts';
import type { ExtendedRequests } from './extended-requests.ts';

/** On claims that stand for a pod's extended resources (KEP-5004). */
const ANNOTATION = 'resource.kubernetes.io/extended-resource-claim';

export const isForExtended = ({ metadata }: Claim): boolean => metadata.annotations?.[ANNOTATION] === 'true';

/** Whether the claim stands for the extended resources of that very pod. */
export const isExtendedOf = (claim: Claim, pod: Pod): boolean => isForExtended(claim) && isMadeForPod(claim, pod);

/** As it is planned with: nobody has it yet. Its name is one that no claim can have. */
export const plannedClaim = (pod: Pod, { requests }: ExtendedRequests): Claim => ({
  apiVersion: 'resource.k8s.io/v1',
  kind: 'ResourceClaim',
  metadata: {
    name: '<extended-resources>',
    namespace: pod.metadata.namespace ?? '',
    uid: `extended resources of ${pod.metadata.uid}`,
    resourceVersion: '',
    creationTimestamp: '',
  },
  spec: { devices: { requests } },
  status: {},
});

export const makeClaim = (api: Api, pod: Pod, { requests }: ExtendedRequests): Promise<Claim> =>
  api.of(resourceClaim).create({
    metadata: {
      namespace: pod.metadata.namespace,
      generateName: `${pod.metadata.name}-extended-resources-`,
      annotations: { [ANNOTATION]: 'true' },
      // It is given its devices next, and must not go with them.
      finalizers: [FINALIZER],
      ownerReferences: [controllerReference(podKind, pod)],
    },
    spec: { devices: { requests } },
  } as Draft<Claim>);

/** Whether the claim asks for just that. */
export const asksFor = ({ spec }: Claim, { requests }: ExtendedRequests): boolean => {
  const text = (all: typeof requests): string =>
    all
      .map(({ name, exactly }) => `${name} ${exactly?.deviceClassName} ${exactly?.count ?? 1}`)
      .toSorted()
      .join();
  return text(spec.devices.requests ?? []) === text(requests);
};

/** The kubelet finds the claim, and what of it each container gets, by the pod's status. */
export async function tellPod(
  api: Api,
  pod: Pod,
  claim: Claim | undefined,
  { mappings }: ExtendedRequests,
): Promise<void> {
  const extendedResourceClaimStatus = claim
    ? { resourceClaimName: claim.metadata.name, requestMappings: mappings }
    : null;
  await api
    .of(podKind)
    .patch(
      keyOf(pod),
      { type: 'merge', body: { metadata: { uid: pod.metadata.uid }, status: { extendedResourceClaimStatus } } },
      { subresource: 'status' },
    );
}

/** As the server has them: of a claim whose making was not answered nobody else knows. */
export async function liveClaimsOf(api: Api, pod: Pod): Promise<readonly Claim[]> {
  const { namespace } = pod.metadata;
  const { items } = await api.of(resourceClaim).list(namespace === undefined ? {} : { namespace });
  return items.filter((claim) => isExtendedOf(claim, pod));
}

/** What knows which claims are being taken away. */
interface Book {
  doom(claim: Claim): void;
  gone(claim: Claim): void;
}

/** From the moment of the call on nobody relies on these claims. */
export async function unmakeAll(api: Api, claims: readonly Claim[], pod: Pod, book: Book): Promise<void> {
  for (const claim of claims) book.doom(claim);
  for (const claim of claims) {
    await unmake(api, claim, pod);
    book.gone(claim);
  }
}

/** Devices first: a claim that went with them would keep them. Gone already is as good. */
async function unmake(api: Api, claim: Claim, pod: Pod): Promise<void> {
  const claims = api.of(resourceClaim);
  try {
    await withdraw(api, claim, pod);
    await claims.delete(keyOf(claim), { preconditions: { uid: claim.metadata.uid } });
  } catch (error) {
    if (!hasReason(error, 'NotFound') && (await claims.get(keyOf(claim)).then(isOther(claim), isGone)) !== true)
      throw error;
  }
}

const isOther =
  (claim: Claim) =>
  ({ metadata }: Claim): boolean =>
    metadata.uid !== claim.metadata.uid;
const isGone = (error: unknown): boolean => hasReason(error, 'NotFound');
