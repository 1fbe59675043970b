import type { Pod } from '../../generated/types/core-v1.ts';
import type { ResourceClaim } from '../../generated/types/resource-v1.ts';
import type { PodGroup } from '../../generated/types/scheduling-v1beta1.ts';

type PodClaim = NonNullable<Pod['spec']['resourceClaims']>[number];
type Consumer = NonNullable<ResourceClaim['status']['reservedFor']>[number];

const GROUP = 'scheduling.k8s.io';

/** Whether a pod's claim is that of its group, and shared by all its pods: all that both say of it is the same (KEP-5729). */
export const isClaimOf = (group: PodGroup, { name, resourceClaimName, resourceClaimTemplateName }: PodClaim): boolean =>
  group.spec.resourceClaims?.some(
    (claim) =>
      claim.name === name &&
      claim.resourceClaimName === resourceClaimName &&
      claim.resourceClaimTemplateName === resourceClaimTemplateName,
  ) ?? false;

/** Whom a claim is reserved for that all pods of a group share. */
export const consumerOf = ({ metadata: { name, uid } }: PodGroup): Consumer => ({
  apiGroup: GROUP,
  resource: 'podgroups',
  name,
  uid,
});

export const isPodGroup = ({ apiGroup, resource }: Pick<Consumer, 'apiGroup' | 'resource'>): boolean =>
  apiGroup === GROUP && resource === 'podgroups';

/**
 * Whether a claim is reserved for the pod or for its group. The name of the group is enough: it does not go, and come
 * again, while it has pods.
 */
export const isReservedForPod = (
  reservedFor: readonly Pick<Consumer, 'apiGroup' | 'resource' | 'name' | 'uid'>[] | undefined,
  { metadata, spec }: Pod,
): boolean =>
  reservedFor?.some(
    (consumer) =>
      consumer.uid === metadata.uid || (isPodGroup(consumer) && consumer.name === spec.schedulingGroup?.podGroupName),
  ) ?? false;

/** Whether a claim that was made from a template was made for the pod, or for the group that it is of. */
export const isMadeForPod = ({ metadata: { ownerReferences } }: Pick<ResourceClaim, 'metadata'>, pod: Pod): boolean =>
  ownerReferences?.some(
    ({ controller, uid, kind, name, apiVersion }) =>
      controller === true &&
      (uid === pod.metadata.uid ||
        (kind === 'PodGroup' && apiVersion.startsWith(`${GROUP}/`) && name === pod.spec.schedulingGroup?.podGroupName)),
  ) ?? false;
