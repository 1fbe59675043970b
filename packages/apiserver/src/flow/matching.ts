import type { flowSchema } from '@navarch/api';
import type { ObjectOf } from '@navarch/machinery';
import { accountOf, type User } from '../auth/user.ts';
import type { RequestInfo } from '../request-info.ts';

export type FlowSchema = ObjectOf<typeof flowSchema>;
export type FlowRule = NonNullable<FlowSchema['spec']['rules']>[number];
export type FlowSubject = FlowRule['subjects'][number];
type ResourceRule = NonNullable<FlowRule['resourceRules']>[number];

/** True when a request is of this schema: some rule names both its user and what it is about (FlowSchema documentation). */
export const matches = ({ spec }: FlowSchema, user: User, info: RequestInfo): boolean =>
  (spec.rules ?? []).some((rule) => rule.subjects.some((subject) => isSubject(subject, user)) && isAbout(rule, info));

function isSubject({ kind, group, user: wanted, serviceAccount }: FlowSubject, user: User): boolean {
  switch (kind) {
    case 'Group':
      return group?.name === '*' || user.groups.includes(group?.name ?? '');
    case 'User':
      return wanted?.name === '*' || user.name === wanted?.name;
    case 'ServiceAccount': {
      const account = accountOf(user.name);
      return (
        account !== undefined &&
        account.namespace === serviceAccount?.namespace &&
        has([serviceAccount.name], account.name)
      );
    }
    default:
      return false;
  }
}

function isAbout({ resourceRules = [], nonResourceRules = [] }: FlowRule, info: RequestInfo): boolean {
  if (info.isResource) return resourceRules.some((rule) => isAboutResource(rule, info));
  return nonResourceRules.some(
    ({ verbs, nonResourceURLs }) => has(verbs, info.verb) && nonResourceURLs.some((url) => isUnder(url, info.path)),
  );
}

function isAboutResource(rule: ResourceRule, { verb, group, resource, subresource, namespace }: RequestInfo): boolean {
  if (!has(rule.verbs, verb) || !has(rule.apiGroups, group)) return false;
  if (!has(rule.resources, subresource ? `${resource}/${subresource}` : resource)) return false;
  return namespace === '' ? rule.clusterScope === true : has(rule.namespaces ?? [], namespace);
}

const has = (allowed: readonly string[], value: string): boolean => allowed.includes('*') || allowed.includes(value);

const isUnder = (url: string, path: string): boolean =>
  url === '*' || url === path || (url.endsWith('/*') && path.startsWith(url.slice(0, -1)));
