import {
  type AllocatedDeviceStatus,
  type AllocationResult,
  type DeviceResourceClaim,
  namespace as namespaceKind,
  type ResourceClaimSpec,
  type ResourceClaimTemplate,
} from '@navarch/api';
import { equalJson, type Field } from '@navarch/machinery';
import { type Attributes, forbiddenMessage } from '../../auth/attributes.ts';
import type { User } from '../../auth/user.ts';
import type { Registry } from '../../registry/registry.ts';
import { type AdmissionContext, defineAdmissionPlugin } from '../admission.ts';
import type { AdmissionRequest } from '../request.ts';

const GROUP = 'resource.k8s.io';
const CLAIMS = `${GROUP}/resourceclaims`;
const ADMIN_LABEL = 'resource.kubernetes.io/admin-access';
const NODE_NAME = 'authentication.kubernetes.io/node-name';

function insistOnAdmin(registry: Registry, name: string, at: Field): void {
  const found = registry.of(namespaceKind).find('', name);
  if (found?.metadata.labels?.[ADMIN_LABEL] === 'true') return;
  at.forbidden(`admin access to devices requires the \`${ADMIN_LABEL}: true\` label on the containing namespace`);
}

function checkRequests(
  { devices }: ResourceClaimSpec,
  at: Field,
  { namespace }: AdmissionRequest,
  { registry }: AdmissionContext,
): void {
  const i = (devices.requests ?? []).findIndex(({ exactly }) => exactly?.adminAccess);
  // The place is that of the first version, and of claims even in templates.
  if (i >= 0) insistOnAdmin(registry, namespace, at.at('spec', 'devices', 'requests').index(i).at('adminAccess'));
}

/** Devices that others use are for those only whom an administrator gave such a namespace. */
export const claimAdminAccess = defineAdmissionPlugin<DeviceResourceClaim>({
  name: 'ClaimAdminAccess',
  on: { resources: [CLAIMS], operations: ['CREATE'] },
  validate: (claim, at, request, context) => checkRequests(claim.spec, at, request, context),
});

export const claimTemplateAdminAccess = defineAdmissionPlugin<ResourceClaimTemplate>({
  name: 'ClaimTemplateAdminAccess',
  on: { resources: [`${GROUP}/resourceclaimtemplates`], operations: ['CREATE'] },
  validate: (template, at, request, context) => checkRequests(template.spec.spec, at, request, context),
});

const adminResult = (allocation: AllocationResult | undefined): number =>
  (allocation?.devices.results ?? []).findIndex(({ adminAccess }) => adminAccess);

/** Who writes what about a claim needs a right to that part of its status (KEP-5018, granular authorization). */
export const claimStatusAuthorization = defineAdmissionPlugin<DeviceResourceClaim>({
  name: 'ClaimStatusAuthorization',
  on: { resources: [CLAIMS], operations: ['UPDATE'], subresources: ['status'] },
  validate({ status }, at, request, context) {
    const before = request.previous?.status ?? {};
    const here = at.at('status');
    const i = adminResult(status.allocation);
    if (i >= 0 && adminResult(before.allocation) < 0) {
      insistOnAdmin(
        context.registry,
        request.namespace,
        here.at('allocation', 'devices', 'results').index(i).at('adminAccess'),
      );
    }
    const verb = request.isPatch ? 'patch' : 'update';
    const ask = (fields: Pick<Attributes, 'verb' | 'subresource' | 'namespace' | 'name'>): string | undefined =>
      refusalOf(request.user, fields, context);
    if (
      !equalJson(status.allocation, before.allocation) ||
      !equalJson(status.reservedFor ?? [], before.reservedFor ?? [])
    ) {
      const refusal = ask({ verb, subresource: 'binding', namespace: '', name: '' });
      if (refusal)
        here.forbidden(
          `changing status.allocation or status.reservedFor requires resource="resourceclaims/binding", verb="${verb}" permission: ${refusal}`,
        );
    }
    const isHere = nodeOf(status.allocation) !== undefined && nodeOf(status.allocation) === nodeOfAccount(request.user);
    const verbs = [...(isHere ? [`associated-node:${verb}`] : []), `arbitrary-node:${verb}`];
    for (const driver of changedDrivers(status.devices ?? [], stillSaid(before, status))) {
      const refusals = verbs.map((one) =>
        ask({ verb: one, subresource: 'driver', namespace: request.namespace, name: driver }),
      );
      if (!refusals.includes(undefined))
        here.forbidden(
          `changing status.devices requires resource="resourceclaims/driver", verb="[${verbs.join(' ')}]" permission: ${refusals[0]}`,
        );
    }
  },
});

function refusalOf(
  user: User,
  fields: Pick<Attributes, 'verb' | 'subresource' | 'namespace' | 'name'>,
  { access }: AdmissionContext,
): string | undefined {
  const attributes: Attributes = { isResource: true, group: GROUP, resource: 'resourceclaims', path: '', ...fields };
  const { verdict, reason } = access.decide(user, attributes);
  return verdict === 'allow' ? undefined : forbiddenMessage(user, attributes, reason);
}

/** What was said of devices but for those that were taken back just now: that goes with them, whoever does it. */
function stillSaid(
  { allocation, devices = [] }: DeviceResourceClaim['status'],
  now: DeviceResourceClaim['status'],
): readonly AllocatedDeviceStatus[] {
  const keysOf = (of: AllocationResult | undefined): ReadonlySet<string> => new Set(of?.devices.results?.map(placeOf));
  const [had, has] = [keysOf(allocation), keysOf(now.allocation)];
  return devices.filter((device) => !had.has(placeOf(device)) || has.has(placeOf(device)));
}

const placeOf = ({ driver, pool, device }: Pick<AllocatedDeviceStatus, 'driver' | 'pool' | 'device'>): string =>
  `${driver}/${pool}/${device}`;

/** Of whose devices something was said, or is said no more. */
function changedDrivers(
  next: readonly AllocatedDeviceStatus[],
  previous: readonly AllocatedDeviceStatus[],
): readonly string[] {
  const keyOf = ({ driver, pool, device, shareID = '' }: AllocatedDeviceStatus): string =>
    JSON.stringify([driver, pool, device, shareID]);
  const before = new Map(previous.map((device) => [keyOf(device), device]));
  const changed = next.filter((device) => !equalJson(before.get(keyOf(device)), device));
  for (const device of next) before.delete(keyOf(device));
  return [...new Set([...changed, ...before.values()].map(({ driver }) => driver))].toSorted();
}

/** The one node where an allocation can be used. */
function nodeOf(allocation: AllocationResult | undefined): string | undefined {
  const terms = allocation?.nodeSelector?.nodeSelectorTerms ?? [];
  const [{ matchExpressions = [], matchFields = [] } = {}] = terms;
  const [field] = matchFields;
  if (terms.length !== 1 || matchExpressions.length > 0 || matchFields.length !== 1) return undefined;
  return field?.key === 'metadata.name' && field.operator === 'In' && field.values?.length === 1
    ? field.values[0]
    : undefined;
}

/** The node of the pod that a service account's token was made for. */
function nodeOfAccount({ name, extra }: User): string | undefined {
  const nodes = name.startsWith('system:serviceaccount:') ? (extra?.[NODE_NAME] ?? []) : [];
  return nodes.length === 1 ? nodes[0] : undefined;
}
