import { type Pod, pod, resourceClaim, resourceClaimTemplate } from '@navarch/api';
import { byController, defineIndex } from '@navarch/client';
import { controllerReference, hasReason, keyIn, keyOf } from '@navarch/machinery';
import { type Context, type Controller, controllerKey, defineController, self } from '../controller.ts';
import { count, gauge, tally } from '../shared/measure.ts';
import { type Claim, claimKeysOf, EXTENDED_ANNOTATION, isDone } from './consumers.ts';
import { reserve } from './reservations.ts';

/** Says for which of a pod's claims a claim was made. */
const POD_CLAIM_ANNOTATION = 'resource.kubernetes.io/pod-claim-name';
const CREATED = count(
  'dynamic_resource_allocation_resourceclaim_creates_total',
  '[ALPHA] ResourceClaims that were asked for, by what came of it and access as an administrator',
);
/** Owner of what is said of claims in pods' statuses. */
const FIELD_MANAGER = 'ResourceClaimController';
/** A name of 63 characters has room for a hyphen and five random ones behind this. */
const BASE_LENGTH_MAX = 57;

type PodClaim = NonNullable<Pod['spec']['resourceClaims']>[number];
type ClaimStatus = NonNullable<Pod['status']['resourceClaimStatuses']>[number];

const podsByTemplate = defineIndex<Pod>(({ metadata, spec }) =>
  (spec.resourceClaims ?? []).flatMap(({ resourceClaimTemplateName: name }) =>
    name === undefined ? [] : [keyIn(metadata.namespace, name)],
  ),
);

const podsByClaim = defineIndex<Pod>(claimKeysOf);

/**
 * Makes the claims that pods want made from templates, tells the pods their names, and reserves what is allocated for
 * pods that somebody else than the scheduler has bound (KEP-4381).
 */
export const generatedClaimsController: Controller = defineController({
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
    const statuses = await claimsOf(owner, context);
    await tell(owner, statuses, context);
    if (owner.spec.nodeName) await reserve(owner, statuses, context);
    return undefined;
  },
});

/** The claims of the pod that are made from templates, each with its name; those that are not there yet are made. */
async function claimsOf(owner: Pod, context: Context): Promise<readonly ClaimStatus[]> {
  const statuses: ClaimStatus[] = [];
  for (const claim of owner.spec.resourceClaims ?? []) {
    if (claim.resourceClaimTemplateName === undefined) continue;
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
  if (known && isMadeFor(known, owner)) return { resourceClaimName: known.metadata.name };
  if (known) {
    throw new Error(`ResourceClaim ${known.metadata.name} was not created for pod ${keyOf(owner)} (pod is not owner)`);
  }
  const made = context.cache
    .find(resourceClaim, byController, owner.metadata.uid)
    .find(({ metadata }) => metadata.annotations?.[POD_CLAIM_ANNOTATION] === claim.name);
  return { resourceClaimName: (made ?? (await make(owner, claim, context))).metadata.name };
}

const isMadeFor = ({ metadata }: Claim, owner: Pod): boolean =>
  metadata.ownerReferences?.some(({ controller, uid }) => controller === true && uid === owner.metadata.uid) ?? false;

async function make(owner: Pod, claim: PodClaim, { api, cache, metrics }: Context): Promise<Claim> {
  const { namespace } = owner.metadata;
  const name = claim.resourceClaimTemplateName ?? '';
  const template = cache.get(resourceClaimTemplate, keyIn(namespace, name));
  if (!template) {
    const missing = JSON.stringify(name);
    throw new Error(`resource claim template ${missing}: resourceclaimtemplate.resource.k8s.io ${missing} not found`);
  }
  const { labels, annotations } = template.spec.metadata ?? {};
  const admin_access = String(asksForAdmin(template.spec.spec));
  try {
    const created = await api.of(resourceClaim).create({
      metadata: {
        namespace,
        generateName: generateNameOf(owner.metadata.name, claim.name),
        ...(labels ? { labels } : {}),
        annotations: { ...annotations, [POD_CLAIM_ANNOTATION]: claim.name },
        ownerReferences: [controllerReference(pod, owner)],
      },
      spec: template.spec.spec,
    });
    CREATED.add(metrics, { status: 'success', admin_access });
    return created;
  } catch (error) {
    CREATED.add(metrics, { status: 'failure', admin_access });
    throw error;
  }
}

const asksForAdmin = ({ devices }: Claim['spec']): boolean =>
  (devices?.requests ?? []).some(({ exactly }) => exactly?.adminAccess === true);

/** Where a claim comes from: a template of a pod's, a pod that asks for devices as for CPU, or a person. */
const sourceOf = ({ metadata: { annotations = {} } }: Claim): string =>
  annotations[POD_CLAIM_ANNOTATION] !== undefined
    ? 'resource_claim_template'
    : annotations[EXTENDED_ANNOTATION] !== undefined
      ? 'extended_resource'
      : '';

/** Of names that are too long both lose their ends, each its share: the server would cut off the second alone. */
export function generateNameOf(podName: string, claimName: string): string {
  const whole = `${podName}-${claimName}-`;
  if (whole.length <= BASE_LENGTH_MAX) return whole;
  const cut = (text: string): string => text.slice(0, Math.floor((text.length * BASE_LENGTH_MAX) / whole.length));
  return `${cut(podName)}-${cut(claimName)}-`;
}

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
