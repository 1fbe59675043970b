import {
  dnsSubdomainErrors,
  type Field,
  type Mutable,
  pathSegmentErrors,
  qualifiedNameErrors,
} from '@navarch/machinery';
import { labelSelector } from '../../checks/selectors.ts';
import { each, isPort, named, PORT_RANGE, supportedValue } from '../../checks/values.ts';
import type {
  MatchCondition,
  MatchResources,
  RuleWithOperations,
  ServiceReference,
  WebhookClientConfig,
} from '../../generated/types/admissionregistration-v1.ts';

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
  if (match.matchPolicy === undefined) at.at('matchPolicy').required();
  else supportedValue(match.matchPolicy, ['Equivalent', 'Exact'], at.at('matchPolicy'));
  if (match.namespaceSelector === undefined) at.at('namespaceSelector').required();
  else labelSelector(match.namespaceSelector, at.at('namespaceSelector'));
  if (match.objectSelector === undefined) at.at('objectSelector').required();
  else labelSelector(match.objectSelector, at.at('objectSelector'));
  for (const list of ['resourceRules', 'excludeResourceRules'] as const) {
    each(match[list], at.at(list), (rule, here) => {
      const seen = new Set<string>();
      each(rule.resourceNames, here.at('resourceNames'), (name, place) => {
        named(name, pathSegmentErrors, place);
        if (seen.has(name)) place.duplicate(name);
        seen.add(name);
      });
      validateRule(rule, here);
    });
  }
}

/** Which operations on which resources. */
export function validateRule(rule: RuleWithOperations, at: Field): void {
  const { operations = [] } = rule;
  if (operations.length === 0) at.at('operations').required();
  if (operations.length > 1 && operations.includes('*'))
    at.at('operations').invalid(operations, "if '*' is present, must not specify other operations");
  each(operations, at.at('operations'), (operation, here) => supportedValue(operation, OPERATIONS, here));
  for (const [list, what] of [
    ['apiGroups', 'API groups'],
    ['apiVersions', 'API versions'],
  ] as const) {
    const words: readonly string[] = rule[list] ?? [];
    if (words.length === 0) at.at(list).required();
    if (words.length > 1 && words.includes('*'))
      at.at(list).invalid(words, `if '*' is present, must not specify other ${what}`);
    if (list === 'apiVersions') each(words, at.at(list), (word, here) => word === '' && here.required());
  }
  validateResources(rule.resources ?? [], at.at('resources'));
  if (rule.scope !== undefined) supportedValue(rule.scope, SCOPES, at.at('scope'));
}

function validateResources(resources: readonly string[], at: Field): void {
  if (resources.length === 0) at.required();
  const withAllParts = new Set<string>();
  const parts = new Set<string>();
  // Upstream keeps what it saw last.
  let hasWhole = false;
  each(resources, at, (resource, here) => {
    if (resource === '') return here.required();
    const slash = resource.indexOf('/');
    if (slash < 0) {
      hasWhole = resource !== '*';
      return;
    }
    const [name, part] = [resource.slice(0, slash), resource.slice(slash + 1)];
    if (withAllParts.has(name)) here.invalid(resource, `if '${name}/*' is present, must not specify ${resource}`);
    if (parts.has(part)) here.invalid(resource, `if '*/${part}' is present, must not specify ${resource}`);
    if (part === '*') withAllParts.add(name);
    if (name === '*') parts.add(part);
  });
  // `*/*` covers everything, `pods/*` every part of pods.
  if (resources.length > 1 && resources.includes('*/*'))
    at.invalid(resources, "if '*/*' is present, must not specify other resources");
  if (resources.includes('*') && hasWhole)
    at.invalid(resources, "if '*' is present, must not specify other resources without subresources");
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
export function validateClient(
  { url, service }: Pick<WebhookClientConfig, 'url'> & { readonly service?: ServiceReference },
  at: Field,
): void {
  if ((url === undefined) === (service === undefined)) return at.required('exactly one of url or service is required');
  if (url !== undefined) validateUrl(url, at.at('url'));
  else if (service) validateService(service, at.at('service'));
}

function validateUrl(text: string, at: Field): void {
  const form = '; desired format: https://host[/path]';
  const [escape] = /%(?![0-9a-fA-F]{2}).{0,2}/.exec(text) ?? [];
  if (escape !== undefined)
    return at.required(
      `url must be a valid URL: parse ${JSON.stringify(text)}: invalid URL escape ${JSON.stringify(escape)}${form}`,
    );
  // As Go takes an address apart.
  const [, scheme = '', user, host = '', query, fragment] =
    /^(?:([a-zA-Z][a-zA-Z0-9+.-]*):)?(?:\/\/(?:([^/?#]*)@)?([^/?#]*))?[^?#]*(?:\?([^#]*))?(?:#(.*))?$/s.exec(text) ??
    [];
  if (scheme.toLowerCase() !== 'https')
    at.invalid(scheme.toLowerCase(), `'https' is the only allowed URL scheme${form}`);
  if (host === '') at.invalid(host, `host must be specified${form}`);
  if (user !== undefined) at.invalid(user, 'user information is not permitted in the URL');
  if (fragment) at.invalid(fragment, 'fragments are not permitted in the URL');
  if (query) at.invalid(query, 'query parameters are not permitted in the URL');
}

function validateService({ namespace, name, path, port }: ServiceReference, at: Field): void {
  // Upstream has the two mixed up, and says of each that the other is missing.
  if (!namespace) at.at('name').required();
  if (!name) at.at('namespace').required();
  if (port !== undefined && !isPort(port)) at.at('port').invalid(port, `port is not valid: ${PORT_RANGE}`);
  if (path !== undefined) validatePath(path, at.at('path'));
}

function validatePath(path: string, at: Field): void {
  if (path === '/' || path === '') return;
  if (path === '//') return at.invalid(path, 'segment[0] may not be empty');
  if (!path.startsWith('/')) at.invalid(path, "must start with a '/'");
  path
    .slice(1)
    .replace(/\/$/, '')
    .split('/')
    .forEach((step, i) => {
      if (step === '') at.invalid(path, `segment[${i}] may not be empty`);
      else for (const error of dnsSubdomainErrors(step)) at.invalid(path, `segment[${i}]: ${error}`);
    });
}
