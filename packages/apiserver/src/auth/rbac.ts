import { clusterRole, type ClusterRole, clusterRoleBinding, type PolicyRule, role, roleBinding, type RoleRef, type Subject } from '@navarch/api';
import type { RequestInfo } from '../request-info.ts';
import type { Registry } from '../registry/registry.ts';
import { MASTERS, type User } from './user.ts';

export interface Attributes extends Pick<RequestInfo, 'isResource' | 'verb' | 'group' | 'resource' | 'subresource' | 'namespace' | 'name' | 'path'> {}

/** Role based access control over the roles and bindings that are stored (rbac.authorization.k8s.io/v1). */
export class Rbac {
  readonly #registry: Registry;

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  isAllowed(user: User, request: Attributes): boolean {
    if (user.groups.includes(MASTERS)) return true;
    for (const rules of this.#rulesOf(user, request.namespace)) if (rules.some((rule) => covers(rule, request))) return true;
    return false;
  }

  /** Every rule that holds for the user, cluster-wide and in the namespace. */
  rules(user: User, namespace: string): readonly PolicyRule[] {
    return [...this.#rulesOf(user, namespace)].flat();
  }

  *#rulesOf(user: User, namespace: string): Generator<readonly PolicyRule[]> {
    for (const cached of this.#registry.of(clusterRoleBinding).shelf.cache.range(this.#registry.of(clusterRoleBinding).shelf.cache.prefix)) {
      const { subjects, roleRef } = cached.object as unknown as Binding;
      if (subjects?.some((subject) => isMeant(subject, user, ''))) yield this.#role(roleRef, '');
    }
    if (namespace === '') return;
    const bindings = this.#registry.of(roleBinding).shelf;
    for (const cached of bindings.cache.range(bindings.prefixOf(namespace))) {
      const { subjects, roleRef } = cached.object as unknown as Binding;
      if (subjects?.some((subject) => isMeant(subject, user, namespace))) yield this.#role(roleRef, namespace);
    }
  }

  #role(ref: RoleRef, namespace: string): readonly PolicyRule[] {
    const found = ref.kind === 'ClusterRole' ? this.#registry.of(clusterRole).find('', ref.name) : this.#registry.of(role).find(namespace, ref.name);
    return (found as ClusterRole | undefined)?.rules ?? [];
  }
}

interface Binding {
  readonly subjects?: readonly Subject[];
  readonly roleRef: RoleRef;
}

function isMeant(subject: Subject, user: User, namespace: string): boolean {
  switch (subject.kind) {
    case 'User': return subject.name === user.name;
    case 'Group': return user.groups.includes(subject.name);
    case 'ServiceAccount': return user.name === `system:serviceaccount:${subject.namespace || namespace}:${subject.name}`;
    default: return false;
  }
}

function covers(rule: PolicyRule, { isResource, verb, group, resource, subresource, name, path }: Attributes): boolean {
  if (!rule.verbs.includes(verb) && !rule.verbs.includes('*')) return false;
  if (!isResource) return rule.nonResourceURLs?.some((url) => url === '*' || url === path || (url.endsWith('*') && path.startsWith(url.slice(0, -1)))) ?? false;
  if (!rule.apiGroups?.some((g) => g === '*' || g === group)) return false;
  const whole = subresource ? `${resource}/${subresource}` : resource;
  if (!rule.resources?.some((r) => r === '*' || r === whole || (subresource !== '' && r === `*/${subresource}`))) return false;
  return !rule.resourceNames?.length || rule.resourceNames.includes(name);
}

/** Upstream's words for a refusal. */
export function forbiddenMessage(user: User, request: Attributes): string {
  if (!request.isResource) return `forbidden: User ${JSON.stringify(user.name)} cannot ${request.verb} path ${JSON.stringify(request.path)}`;
  const { group, resource, subresource, name, namespace, verb } = request;
  const whole = subresource ? `${resource}/${subresource}` : resource;
  const subject = group ? `${resource}.${group}` : resource;
  const head = name ? `${subject} ${JSON.stringify(name)} is forbidden` : `${subject} is forbidden`;
  const where = namespace ? ` in the namespace ${JSON.stringify(namespace)}` : ' at the cluster scope';
  return `${head}: User ${JSON.stringify(user.name)} cannot ${verb} resource ${JSON.stringify(whole)} in API group ${JSON.stringify(group)}${where}`;
}
