import type { PolicyRule } from '@navarch/api';
import type { Attributes } from './attributes.ts';

/** Whether the rule allows the request (rbac.authorization.k8s.io/v1 PolicyRule). */
export function allows(rule: PolicyRule, request: Attributes): boolean {
  if (!request.isResource)
    return hasVerb(rule, request) && (rule.nonResourceURLs?.some((url) => urlCovers(url, request.path)) ?? false);
  return allowsSort(rule, request) && (!rule.resourceNames?.length || rule.resourceNames.includes(request.name));
}

/** Whether the rule allows a request for a resource, or would if it were for an object that the rule names. */
export function allowsSort(rule: PolicyRule, request: Attributes): boolean {
  if (!hasVerb(rule, request)) return false;
  const { group, resource, subresource } = request;
  if (!rule.apiGroups?.some((g) => g === '*' || g === group)) return false;
  const whole = subresource ? `${resource}/${subresource}` : resource;
  return (
    rule.resources?.some((r) => r === '*' || r === whole || (subresource !== '' && r === `*/${subresource}`)) ?? false
  );
}

const hasVerb = ({ verbs }: PolicyRule, { verb }: Attributes): boolean => verbs.includes(verb) || verbs.includes('*');

const urlCovers = (url: string, path: string): boolean =>
  url === '*' || url === path || (url.endsWith('*') && path.startsWith(url.replace(/\*+$/, '')));

/**
 * The parts of `wanted` that no rule of `held` covers; empty: all is covered. What names neither objects nor URLs comes as
 * one rule per resource, everything else verb by verb.
 */
export function uncovered(held: readonly PolicyRule[], wanted: readonly PolicyRule[]): readonly PolicyRule[] {
  const missing = wanted.flatMap(atoms).filter((atom) => !held.some((rule) => covers(rule, atom)));
  return joined(missing);
}

/** A rule taken apart: one group, one resource, at most one name and one verb each, or one URL and one verb. */
function atoms(rule: PolicyRule): readonly PolicyRule[] {
  const { verbs, apiGroups = [], resources = [], resourceNames = [], nonResourceURLs = [] } = rule;
  const out: PolicyRule[] = [];
  for (const group of apiGroups) {
    for (const resource of resources) {
      for (const verb of verbs) {
        const atom = { verbs: [verb], apiGroups: [group], resources: [resource] };
        if (resourceNames.length === 0) out.push(atom);
        else out.push(...resourceNames.map((name) => ({ ...atom, resourceNames: [name] })));
      }
    }
  }
  for (const url of nonResourceURLs) out.push(...verbs.map((verb) => ({ verbs: [verb], nonResourceURLs: [url] })));
  return out;
}

function covers(rule: PolicyRule, atom: PolicyRule): boolean {
  const [verb = ''] = atom.verbs;
  if (!rule.verbs.includes('*') && !rule.verbs.includes(verb)) return false;
  const [url] = atom.nonResourceURLs ?? [];
  if (url !== undefined) return rule.nonResourceURLs?.some((held) => urlCovers(held, url)) ?? false;
  const [group = '', resource = '', name] = [atom.apiGroups?.[0], atom.resources?.[0], atom.resourceNames?.[0]];
  if (!rule.apiGroups?.some((held) => held === '*' || held === group)) return false;
  const slash = resource.indexOf('/');
  const holds = (held: string): boolean =>
    held === '*' || held === resource || (slash >= 0 && held === `*${resource.slice(slash)}`);
  if (!rule.resources?.some(holds)) return false;
  return !rule.resourceNames?.length || (name !== undefined && rule.resourceNames.includes(name));
}

function joined(missing: readonly PolicyRule[]): readonly PolicyRule[] {
  const byResource = new Map<string, PolicyRule>();
  const others: PolicyRule[] = [];
  for (const atom of missing) {
    if (atom.resourceNames || atom.nonResourceURLs) {
      others.push(atom);
      continue;
    }
    const resource = JSON.stringify([atom.apiGroups, atom.resources]);
    byResource.set(resource, { ...atom, verbs: [...(byResource.get(resource)?.verbs ?? []), ...atom.verbs] });
  }
  return [...others, ...byResource.values()];
}

const list = (values: readonly string[]): string => `[${values.map((value) => JSON.stringify(value)).join(' ')}]`;

/** A rule as refusals show it. */
export function ruleText({ apiGroups, resources, nonResourceURLs, resourceNames, verbs }: PolicyRule): string {
  const parts = [
    ['APIGroups', apiGroups],
    ['Resources', resources],
    ['NonResourceURLs', nonResourceURLs],
    ['ResourceNames', resourceNames],
    ['Verbs', verbs],
  ] as const;
  return `{${parts
    .filter(([, values]) => values?.length)
    .map(([name, values]) => `${name}:${list(values ?? [])}`)
    .join(', ')}}`;
}
