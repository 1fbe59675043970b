import { namespace as namespaceKind } from '@navarch/api';
import { type ApiObject, compileLabelSelector, type Kind } from '@navarch/machinery';
import type { AdmissionContext } from '../admission.ts';
import type { AdmissionRequest } from '../request.ts';
import type { Matching, Rule } from './configuration.ts';

/** What changes the rules of admission itself is never asked about: a broken webhook could not be mended. */
const EXEMPT_GROUP = 'admissionregistration.k8s.io';

/** The version in which a webhook wants to see the request; undefined: it is not its business. */
export function wantedKind(
  matching: Matching,
  request: AdmissionRequest,
  { registry }: AdmissionContext,
  object: ApiObject | undefined,
): Kind<any> | undefined {
  const { kind } = request;
  if (kind.group === EXEMPT_GROUP || !selects(matching, request, { registry } as AdmissionContext, object))
    return undefined;
  const { rules = [], excluded = [] } = matching;
  const fits = (candidate: Kind<any>): boolean =>
    rules.some((rule) => ruleFits(rule, request, candidate)) &&
    !excluded.some((rule) => ruleFits(rule, request, candidate));
  if (fits(kind)) return kind;
  if (matching.matchPolicy === 'Exact') return undefined;
  // The same objects under another name: whoever guards one version guards them all.
  return registry.kinds.find((other) => other !== kind && isOfSameObjects(other, kind) && fits(other));
}

const isOfSameObjects = (other: Kind<any>, kind: Kind<any>): boolean =>
  other.hub?.kind === kind || (other.origin === 'custom' && other.storagePrefix === kind.storagePrefix);

function ruleFits(
  { operations = [], apiGroups = [], apiVersions = [], resources = [], scope = '*', resourceNames = [] }: Rule,
  { operation, subresource, name }: AdmissionRequest,
  kind: Kind<any>,
): boolean {
  const has = (values: readonly string[], value: string): boolean => values.includes('*') || values.includes(value);
  if (!has(operations, operation) || !has(apiGroups, kind.group) || !has(apiVersions, kind.version)) return false;
  if (resourceNames.length > 0 && !resourceNames.includes(name)) return false;
  // A Namespace is in no namespace, though its requests name one.
  if (scope !== '*' && (scope === 'Namespaced') !== kind.namespaced) return false;
  return resources.some((pattern) => resourceFits(pattern, kind.plural, subresource));
}

// pods, pods/*, *, */*, */scale: the resource, then its part; a star alone is every resource without its subresources.
function resourceFits(pattern: string, plural: string, subresource: string): boolean {
  const [resource = '', part = ''] = pattern.split('/');
  return (resource === '*' || resource === plural) && (part === '*' || part === subresource);
}

function selects(
  { namespaceSelector, objectSelector }: Matching,
  request: AdmissionRequest,
  { registry }: AdmissionContext,
  object: ApiObject | undefined,
): boolean {
  const labels = namespaceLabels(request, registry, object);
  if (labels && !compileLabelSelector(namespaceSelector ?? {}).matches(labels)) return false;
  const selector = compileLabelSelector(objectSelector ?? {});
  const either = [object, request.previous].filter((o) => o !== undefined);
  return either.length === 0 ? selector.matches({}) : either.some((o) => selector.matches(o?.metadata?.labels ?? {}));
}

/** Undefined for what is in no namespace: selectors of namespaces do not concern it. */
function namespaceLabels(
  { kind, namespace, subresource, previous }: AdmissionRequest,
  registry: AdmissionContext['registry'],
  object: ApiObject | undefined,
): Readonly<Record<string, string>> | undefined {
  if (kind.group === '' && kind.plural === 'namespaces' && subresource === '')
    return (object ?? previous)?.metadata.labels ?? {};
  if (!kind.namespaced) return undefined;
  return registry.of(namespaceKind).find('', namespace)?.metadata.labels ?? {};
}
