import { dnsSubdomainErrors, type Field, type Mutable, qualifiedNameErrors } from '@navarch/machinery';
import { labelSelector } from '../../checks/selectors.ts';
import { each, isPort, named, supportedValue, unique } from '../../checks/values.ts';
import type { MatchCondition, MatchResources, RuleWithOperations, ServiceReference, WebhookClientConfig } from '../../generated/types/admissionregistration-v1.ts';

const OPERATIONS = ['*', 'CONNECT', 'CREATE', 'DELETE', 'UPDATE'];
const SCOPES = ['*', 'Cluster', 'Namespaced'];
const CONDITIONS_MAX = 64;

export function completeMatch(match: Mutable<MatchResources> | undefined): void {
  if (!match) return;
  match.matchPolicy ??= 'Equivalent';
  match.namespaceSelector ??= {};
  match.objectSelector ??= {};
  for (const rule of [...(match.resourceRules ?? []), ...(match.excludeResourceRules ?? [])]) rule.scope ??= '*';
}

export function validateMatch(match: MatchResources, at: Field): void {
  if (match.matchPolicy !== undefined) supportedValue(match.matchPolicy, ['Equivalent', 'Exact'], at.at('matchPolicy'));
  if (match.namespaceSelector === undefined) at.at('namespaceSelector').required();
  else labelSelector(match.namespaceSelector, at.at('namespaceSelector'));
  if (match.objectSelector === undefined) at.at('objectSelector').required();
  else labelSelector(match.objectSelector, at.at('objectSelector'));
  for (const list of ['resourceRules', 'excludeResourceRules'] as const) {
    each(match[list], at.at(list), (rule, here) => {
      validateRule(rule, here);
      unique(rule.resourceNames, (name) => name, here.at('resourceNames'));
    });
  }
}

/** Which operations on which resources. */
export function validateRule(rule: RuleWithOperations, at: Field): void {
  const { operations = [] } = rule;
  if (operations.length === 0) at.at('operations').required();
  if (operations.length > 1 && operations.includes('*')) at.at('operations').invalid(operations, "if '*' is present, must not specify other operations");
  each(operations, at.at('operations'), (operation, here) => supportedValue(operation, OPERATIONS, here));
  for (const [list, what] of [['apiGroups', 'API groups'], ['apiVersions', 'API versions']] as const) {
    const words: readonly string[] = rule[list] ?? [];
    if (words.length === 0) at.at(list).required();
    if (words.length > 1 && words.includes('*')) at.at(list).invalid(words, `if '*' is present, must not specify other ${what}`);
    if (list === 'apiVersions') each(words, at.at(list), (word, here) => word === '' && here.required());
  }
  validateResources(rule.resources ?? [], at.at('resources'));
  if (rule.scope !== undefined) supportedValue(rule.scope, SCOPES, at.at('scope'));
}

function validateResources(resources: readonly string[], at: Field): void {
  if (resources.length === 0) at.required();
  // `*/*` covers everything, `pods/*` every part of pods.
  if (resources.length > 1 && resources.includes('*/*')) at.invalid(resources, "if '*/*' is present, must not specify other resources");
  const withAllParts = new Set<string>();
  const parts = new Set<string>();
  each(resources, at, (resource, here) => {
    if (resource === '') return here.required();
    if (resource === '*' && resources.some((other) => other !== '*' && !other.includes('/'))) {
      at.invalid(resources, "if '*' is present, must not specify other resources without subresources");
    }
    const [name = '', part] = resource.split('/');
    if (part === undefined) return;
    if (withAllParts.has(name)) here.invalid(resource, `if '${name}/*' is present, must not specify ${resource}`);
    if (parts.has(part)) here.invalid(resource, `if '*/${part}' is present, must not specify ${resource}`);
    if (part === '*') withAllParts.add(name);
    if (name === '*') parts.add(part);
  });
}

export function validateConditions(conditions: readonly MatchCondition[] | undefined, at: Field): void {
  if ((conditions?.length ?? 0) > CONDITIONS_MAX) at.tooMany(conditions?.length ?? 0, CONDITIONS_MAX);
  const names = new Set<string>();
  each(conditions, at, ({ name, expression }, here) => {
    if (!expression?.trim()) here.at('expression').required();
    if (!name) here.at('name').required();
    else {
      named(name, qualifiedNameErrors, here.at('name'));
      if (names.has(name)) here.at('name').duplicate(name);
      names.add(name);
    }
  });
}

/** Where a webhook is: a URL, or a service of the cluster. */
export function validateClient({ url, service }: Pick<WebhookClientConfig, 'url'> & { readonly service?: ServiceReference }, at: Field): void {
  if ((url === undefined) === (service === undefined)) at.required('exactly one of url or service is required');
  if (url !== undefined) validateUrl(url, at.at('url'));
  if (service) validateService(service, at.at('service'));
}

function validateUrl(text: string, at: Field): void {
  const form = '; desired format: https://host[/path]';
  const [escape] = /%(?![0-9a-fA-F]{2}).{0,2}/.exec(text) ?? [];
  if (escape !== undefined) return at.required(`url must be a valid URL: parse ${JSON.stringify(text)}: invalid URL escape ${JSON.stringify(escape)}${form}`);
  const match = /^([a-zA-Z][a-zA-Z0-9+.-]*):\/\/(?:([^/?#@]*)@)?([^/?#]*)([^?#]*)(\?[^#]*)?(#.*)?$/.exec(text);
  if (!match) return at.invalid(text, `'https' is the only allowed URL scheme${form}`);
  const [, scheme, user, host, , query, fragment] = match;
  if (scheme !== 'https') at.invalid(scheme, `'https' is the only allowed URL scheme${form}`);
  if (!host) at.invalid(host ?? '', `host must be specified${form}`);
  if (user !== undefined) at.invalid(user, `user information is not permitted in the URL`);
  if (fragment) at.invalid(fragment.slice(1), `fragments are not permitted in the URL`);
  if (query) at.invalid(query.slice(1), `query parameters are not permitted in the URL`);
}

function validateService({ namespace, name, path, port }: ServiceReference, at: Field): void {
  if (!name) at.at('name').required();
  if (!namespace) at.at('namespace').required();
  if (port !== undefined && !isPort(port)) at.at('port').invalid(port, 'port is not valid: must be between 1 and 65535, inclusive');
  if (path !== undefined) validatePath(path, at.at('path'));
}

function validatePath(path: string, at: Field): void {
  if (path === '/' || path === '') return;
  if (path === '//') return at.invalid(path, 'segment[0] may not be empty');
  if (!path.startsWith('/')) at.invalid(path, "must start with a '/'");
  const steps = path.slice(1).replace(/\/$/, '').split('/');
  steps.forEach((step, i) => {
    if (step === '') at.invalid(path, `segment[${i}] may not be empty`);
    else for (const error of dnsSubdomainErrors(step)) at.invalid(path, `segment[${i}]: ${error}`);
  });
}
