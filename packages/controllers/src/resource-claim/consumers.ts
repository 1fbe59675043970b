import { isPodGroup, isTerminal, pod as podKind, type Pod, resourceClaim } from '@navarch/api';
import { type CacheReader, defineIndex } from '@navarch/client';
import { type Key, keyIn, keyOf, type ObjectOf } from '@navarch/machinery';

export type Claim = ObjectOf<typeof resourceClaim>;
export type Consumer = NonNullable<Claim['status']['reservedFor']>[number];

/** It uses no claim any more, or never will: over, or on its way out before it was on a node. */
export const isDone = (pod: Pod): boolean =>
  isTerminal(pod) || (pod.metadata.deletionTimestamp !== undefined && !pod.spec.nodeName);

/** On claims that the scheduler makes for extended resources (KEP-5004). */
export const EXTENDED_ANNOTATION = 'resource.kubernetes.io/extended-resource-claim';

export const isPod = ({ apiGroup = '', resource }: Consumer): boolean => apiGroup === '' && resource === 'pods';

/** The key of the group that a pod is of, if it is of any. */
export const groupKeysOf = ({ metadata, spec }: Pod): readonly Key[] => {
  const name = spec.schedulingGroup?.podGroupName;
  return name ? [keyIn(metadata.namespace, name)] : [];
};
export const podsByGroup = defineIndex<Pod>(groupKeysOf);

/** Who uses a claim, by key, and who may because it is reserved for their group. */
export const usersOf = ({ metadata: { namespace }, status }: Claim, cache: CacheReader): readonly Key[] =>
  (status.reservedFor ?? []).flatMap((consumer) => {
    const key = keyIn(namespace, consumer.name);
    if (isPodGroup(consumer)) return cache.find(podKind, podsByGroup, key).map(keyOf);
    return isPod(consumer) ? [key] : [];
  });

const claimsByConsumer = defineIndex<Claim>(({ metadata: { namespace }, status }) =>
  (status.reservedFor ?? []).flatMap((consumer) => {
    const key = keyIn(namespace, consumer.name);
    if (isPodGroup(consumer)) return [`group ${key}`];
    return isPod(consumer) ? [`pod ${key}`] : [];
  }),
);

/** The claims of which usersOf() tells this pod, without a look at those of others. */
export const claimsUsedBy = (pod: Pod, cache: CacheReader): readonly Claim[] =>
  [`pod ${keyOf(pod)}`, ...groupKeysOf(pod).map((key) => `group ${key}`)].flatMap((consumer) =>
    cache.find(resourceClaim, claimsByConsumer, consumer),
  );

/** The keys of the claims that a pod names or was told of. */
export const claimKeysOf = ({ metadata, spec, status }: Pod): readonly Key[] =>
  [
    ...(spec.resourceClaims ?? []),
    ...(status.resourceClaimStatuses ?? []),
    ...(status.extendedResourceClaimStatus ? [status.extendedResourceClaimStatus] : []),
  ].flatMap(({ resourceClaimName: name }) => (name === undefined ? [] : [keyIn(metadata.namespace, name)]));
