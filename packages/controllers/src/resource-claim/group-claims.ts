import { podGroup, resourceClaim, resourceClaimTemplate } from '@navarch/api';
import { byController, defineIndex } from '@navarch/client';
import { hasReason, keyIn, keyOf, type ObjectOf } from '@navarch/machinery';
import { type Context, type Controller, controllerKey, defineController, self } from '../controller.ts';
import { makeClaim } from './claim-of-template.ts';

type PodGroup = ObjectOf<typeof podGroup>;
type ClaimStatus = NonNullable<PodGroup['status']['resourceClaimStatuses']>[number];

/** Says for which of a group's claims a claim was made. */
export const GROUP_CLAIM_ANNOTATION = 'resource.kubernetes.io/podgroup-claim-name';

const groupsByTemplate = defineIndex<PodGroup>(({ metadata, spec }) =>
  (spec.resourceClaims ?? []).flatMap(({ resourceClaimTemplateName: name }) =>
    name === undefined ? [] : [keyIn(metadata.namespace, name)],
  ),
);

/** Makes the claims that all pods of a group share, from the templates that the group names, once for each group (KEP-5729). */
export const groupClaimsController: Controller = defineController({
  name: 'resourceclaim-groups',
  partOf: 'resourceclaim-controller',
  eventSource: 'resource_claim',
  workers: 10,
  watches: [
    self(podGroup, ({ current }) => (current?.spec.resourceClaims?.length ?? 0) > 0),
    {
      kind: resourceClaimTemplate,
      keys: ({ current }, cache) => (current ? cache.find(podGroup, groupsByTemplate, keyOf(current)).map(keyOf) : []),
    },
    // One that went too early is made again.
    {
      kind: resourceClaim,
      *keys({ current, previous }) {
        const claim = current ?? previous;
        const owner = claim && controllerKey(claim, podGroup);
        if (owner !== undefined) yield owner;
      },
    },
  ],
  async reconcile(key, context) {
    const group = context.cache.get(podGroup, key);
    if (!group || group.metadata.deletionTimestamp) return undefined;
    const statuses: ClaimStatus[] = [];
    for (const { name, resourceClaimTemplateName: template } of group.spec.resourceClaims ?? []) {
      if (template === undefined) continue;
      try {
        statuses.push({ name, resourceClaimName: await nameOf(group, { name, template }, context) });
      } catch (error) {
        const message = `PodGroupResourceClaim ${name}: ${(error as Error).message}`;
        context.events.record(group, { type: 'Warning', reason: 'FailedResourceClaimCreation', message });
        throw new Error(`pod group ${key}, ${message}`, { cause: error });
      }
    }
    await tell(group, statuses, context);
    return undefined;
  },
});

async function nameOf(
  group: PodGroup,
  { name, template }: { readonly name: string; readonly template: string },
  context: Context,
): Promise<string> {
  const made = context.cache
    .find(resourceClaim, byController, group.metadata.uid)
    .filter(({ metadata }) => metadata.annotations?.[GROUP_CLAIM_ANNOTATION] === name);
  const told = group.status.resourceClaimStatuses?.find((status) => status.name === name)?.resourceClaimName;
  // Of two, which a crash can leave, pods were told of that which the group's status names.
  const known = made.find(({ metadata }) => metadata.name === told) ?? made[0];
  if (known) return known.metadata.name;
  const wanted = { kind: podGroup, owner: group, name, template, annotation: GROUP_CLAIM_ANNOTATION };
  return (await makeClaim(wanted, context)).metadata.name;
}

async function tell(group: PodGroup, statuses: readonly ClaimStatus[], { api }: Context): Promise<void> {
  const told = group.status.resourceClaimStatuses ?? [];
  const isTold = ({ name, resourceClaimName }: ClaimStatus): boolean =>
    told.some((known) => known.name === name && known.resourceClaimName === resourceClaimName);
  if (statuses.every(isTold)) return;
  const body = { metadata: { uid: group.metadata.uid }, status: { resourceClaimStatuses: statuses } };
  try {
    await api.of(podGroup).patch(keyOf(group), { type: 'merge', body }, { subresource: 'status' });
  } catch (error) {
    if (!hasReason(error, 'NotFound')) throw error;
  }
}
