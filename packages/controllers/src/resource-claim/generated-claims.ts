import { isClaimOf, isMadeForPod, type Pod, pod, podGroup, resourceClaim, resourceClaimTemplate } from '@navarch/api';
import { byController, defineIndex } from '@navarch/client';
import { equalJson, hasReason, keyIn, keyOf, type ObjectOf } from '@navarch/machinery';
import { type Context, type Controller, controllerKey, defineController, self, type Watch } from '../controller.ts';
import { gauge, tally } from '../shared/measure.ts';
import { asksForAdmin, makeClaim } from './claim-of-template.ts';
import { type Claim, claimKeysOf, EXTENDED_ANNOTATION, groupKeysOf, isDone, podsByGroup } from './consumers.ts';
import { GROUP_CLAIM_ANNOTATION } from './group-claims.ts';
import { reserve } from './reservations.ts';

/** Says for which of a pod's claims a claim was made. */
const POD_CLAIM_ANNOTATION = 'resource.kubernetes.io/pod-claim-name';
/** Owner of what is said of claims in pods' statuses. */
const FIELD_MANAGER = 'ResourceClaimController';
type PodClaim = NonNullable<Pod['spec']['resourceClaims']>[number];
type PodGroup = ObjectOf<typeof podGroup>;
type ClaimStatus = NonNullable<Pod['status']['resourceClaimStatuses']>[number];

/** Pods wait for their group, and for the claims that it is told of. */
const ofGroups: Watch<PodGroup> = {
  kind: podGroup,
  keys: ({ current, previous }, cache) =>
    current && (!previous || !equalJson(current.status.resourceClaimStatuses, previous.status.resourceClaimStatuses))
      ? cache
          .find(pod, podsByGroup, keyOf(current))
          .filter(({ spec }) => spec.resourceClaims?.length)
          .map(keyOf)
      : [],
};

const podsByTemplate = defineIndex<Pod>(({ metadata, spec }) =>
  (spec.resourceClaims ?? []).flatMap(({ resourceClaimTemplateName: name }) =>
    name === undefined ? [] : [keyIn(metadata.namespace, name)],
  ),
);

const podsByClaim = defineIndex<Pod>(claimKeysOf);

/**
 * Makes the claims that pods want made from templates, tells the pods their names, and reserves what is allocated for
 * pods that somebody else than the scheduler has bound (KEP-4381). A pod whose group shares a claim is told of that one.
 */
export const generatedClaims = ({ hasGroups }: { readonly hasGroups: boolean }): Controller =>
  defineController({
    name: 'resourceclaim-controller',
    queueName: 'resource_claim',
    eventSource: 'resource_claim',
    gauges: (cache) => [
      gauge(
        'dynamic_resource_allocation_resource_claims',
        '[ALPHA] Number of ResourceClaims, by whether they are allocated, have access as an administrator, and their source',
        tally<Claim>(cache.list(resourceClaim), (claim) => ({
          allocated: String(claim.status.allocation !== undefined),
          admin_access: String(asksForAdmin(claim.spec)),
          source: sourceOf(claim),
        })),
      ),
    ],
    workers: 10,
    watches: [
      self(pod, ({ current }) => (current?.spec.resourceClaims?.length ?? 0) > 0),
      {
        kind: resourceClaimTemplate,
        keys: ({ current }, cache) => (current ? cache.find(pod, podsByTemplate, keyOf(current)).map(keyOf) : []),
      },
      ...(hasGroups ? [ofGroups] : []),
      // One that went too early is made again; one that is allocated may be reserved.
      {
        kind: resourceClaim,
        *keys({ current, previous }, cache) {
          const claim = (current ?? previous) as Claim;
          const owner = controllerKey(claim, pod);
          if (owner !== undefined) yield owner;
          for (const user of cache.find(pod, podsByClaim, keyOf(claim))) if (keyOf(user) !== owner) yield keyOf(user);
        },
      },
    ],
    async reconcile(key, context) {
      const owner = context.cache.get(pod, key);
      if (!owner || owner.metadata.deletionTimestamp || isDone(owner)) return undefined;
      const [groupKey] = groupKeysOf(owner);
      const group = groupKey === undefined ? undefined : context.cache.get(podGroup, groupKey);
      // Whether its claims are its own says the group: nothing is made before it is known.
      if (groupKey !== undefined && !group) return undefined;
      const statuses = await claimsOf(owner, group, context);
      await tell(owner, statuses, context);
      if (owner.spec.nodeName) await reserve(owner, { told: statuses, group }, context);
      return undefined;
    },
  });

export const generatedClaimsController: Controller = generatedClaims({ hasGroups: false });

/** The claims of the pod that are made from templates, each with its name; those that are not there yet are made. */
async function claimsOf(owner: Pod, group: PodGroup | undefined, context: Context): Promise<readonly ClaimStatus[]> {
  const statuses: ClaimStatus[] = [];
  for (const claim of owner.spec.resourceClaims ?? []) {
    if (claim.resourceClaimTemplateName === undefined) continue;
    if (group && isClaimOf(group, claim)) {
      const shared = group.status.resourceClaimStatuses?.find(({ name }) => name === claim.name)?.resourceClaimName;
      // The pod is looked at again when the group is told of its claim.
      if (shared !== undefined) statuses.push({ name: claim.name, resourceClaimName: shared });
      continue;
    }
    try {
      statuses.push({ name: claim.name, ...(await nameOf(owner, claim, context)) });
    } catch (error) {
      const message = `PodResourceClaim ${claim.name}: ${(error as Error).message}`;
      context.events.record(owner, { type: 'Warning', reason: 'FailedResourceClaimCreation', message });
      throw new Error(`pod ${keyOf(owner)}, ${message}`, { cause: error });
    }
  }
  return statuses;
}

async function nameOf(owner: Pod, claim: PodClaim, context: Context): Promise<Pick<ClaimStatus, 'resourceClaimName'>> {
  const told = owner.status.resourceClaimStatuses?.find(({ name }) => name === claim.name);
  // Told, and without a name: none is needed.
  if (told && told.resourceClaimName === undefined) return {};
  const known = told && context.cache.get(resourceClaim, keyIn(owner.metadata.namespace, told.resourceClaimName ?? ''));
  if (known && isMadeForPod(known, owner)) return { resourceClaimName: known.metadata.name };
  if (known) {
    throw new Error(`ResourceClaim ${known.metadata.name} was not created for pod ${keyOf(owner)} (pod is not owner)`);
  }
  const made = context.cache
    .find(resourceClaim, byController, owner.metadata.uid)
    .find(({ metadata }) => metadata.annotations?.[POD_CLAIM_ANNOTATION] === claim.name);
  return { resourceClaimName: (made ?? (await make(owner, claim, context))).metadata.name };
}

const make = (owner: Pod, { name, resourceClaimTemplateName: template = '' }: PodClaim, context: Context) =>
  makeClaim({ kind: pod, owner, name, template, annotation: POD_CLAIM_ANNOTATION }, context);

/** Where a claim comes from: a template of a pod's, a pod that asks for devices as for CPU, or a person. */
const sourceOf = ({ metadata: { annotations = {} } }: Claim): string =>
  annotations[POD_CLAIM_ANNOTATION] !== undefined || annotations[GROUP_CLAIM_ANNOTATION] !== undefined
    ? 'resource_claim_template'
    : annotations[EXTENDED_ANNOTATION] !== undefined
      ? 'extended_resource'
      : '';

async function tell(owner: Pod, statuses: readonly ClaimStatus[], { api }: Context): Promise<void> {
  const told = owner.status.resourceClaimStatuses ?? [];
  const isTold = ({ name, resourceClaimName }: ClaimStatus): boolean =>
    told.some((known) => known.name === name && known.resourceClaimName === resourceClaimName);
  if (statuses.every(isTold)) return;
  const { name, namespace, uid } = owner.metadata;
  // With the uid, so that a pod of the same name that came after it is not told of claims of another.
  const body = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, uid },
    status: { resourceClaimStatuses: statuses },
  };
  try {
    await api
      .of(pod)
      .patch(
        keyOf(owner),
        { type: 'apply', body, fieldManager: FIELD_MANAGER, force: true },
        { subresource: 'status' },
      );
  } catch (error) {
    if (!hasReason(error, 'NotFound')) throw error;
  }
}
