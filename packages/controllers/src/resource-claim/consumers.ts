import { isTerminal, type Pod, type resourceClaim } from '@navarch/api';
import { type Key, keyIn, type ObjectOf } from '@navarch/machinery';

export type Claim = ObjectOf<typeof resourceClaim>;
export type Consumer = NonNullable<Claim['status']['reservedFor']>[number];

/** It uses no claim any more, or never will: over, or on its way out before it was on a node. */
export const isDone = (pod: Pod): boolean =>
  isTerminal(pod) || (pod.metadata.deletionTimestamp !== undefined && !pod.spec.nodeName);

/** On claims that the scheduler makes for extended resources (KEP-5004). */
export const EXTENDED_ANNOTATION = 'resource.kubernetes.io/extended-resource-claim';

export const isPod = ({ apiGroup = '', resource }: Consumer): boolean => apiGroup === '' && resource === 'pods';

/** The keys of the claims that a pod names or was told of. */
export const claimKeysOf = ({ metadata, spec, status }: Pod): readonly Key[] =>
  [
    ...(spec.resourceClaims ?? []),
    ...(status.resourceClaimStatuses ?? []),
    ...(status.extendedResourceClaimStatus ? [status.extendedResourceClaimStatus] : []),
  ].flatMap(({ resourceClaimName: name }) => (name === undefined ? [] : [keyIn(metadata.namespace, name)]));
