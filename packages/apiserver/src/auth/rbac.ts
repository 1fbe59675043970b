import {
  clusterRole,
  type ClusterRole,
  clusterRoleBinding,
  type PolicyRule,
  role,
  roleBinding,
  type RoleRef,
  type Subject,
} from '@navarch/api';
import { type ApiObject, badRequest, type Kind, notFound, type StatusError } from '@navarch/machinery';
import type { Registry } from '../registry/registry.ts';
import type { Shelf } from '../registry/shelf.ts';
import { unexplained } from '../subresources/unexplained.ts';
import type { Attributes } from './attributes.ts';
import { aggregate, allowed, type Authorizer, type Decision, noOpinion, type RuleSet } from './authorizer.ts';
import { BearingRules, type Grant as Explained } from './bearing.ts';
import { allows } from './rules.ts';
import type { User } from './user.ts';

const KINDS: readonly Kind<any>[] = [clusterRole, clusterRoleBinding, role, roleBinding];

/** Role based access control over the roles and bindings that are stored (rbac.authorization.k8s.io/v1). */
export class Rbac implements Authorizer {
  readonly #registry: () => Registry;
  readonly #bearing = new BearingRules();
  /** The roles and bindings from which that is. */
  readonly #seen: { readonly cache: Shelf['cache']; readonly revision: number }[] = [];
  #clusterWide: SubjectIndex | undefined;

  constructor(registry: () => Registry) {
    this.#registry = registry;
  }

  decide(user: User, request: Attributes): Decision {
    const errors: string[] = [];
    if (request.isResource) {
      const bearings = this.#bearings().of(user, request, () => this.#explained(user, request));
      for (const { names, decision } of bearings.all)
        if (names === undefined || names.includes(request.name)) return decision;
      errors.push(...bearings.errors);
    } else {
      for (const { rules, error, how } of this.#explained(user, request)) {
        if (error !== undefined) errors.push(error);
        if (rules.some((rule) => allows(rule, request))) return allowed(how());
      }
    }
    return noOpinion(errors.length === 0 ? '' : `RBAC: ${aggregate(errors)}`);
  }

  *#explained(user: User, { namespace }: Attributes): Generator<Explained> {
    for (const { rules, missing, how } of this.#grants(user, namespace))
      yield missing === undefined ? { rules, how } : { rules, how, error: unlisted(missing) };
  }

  /** What bears on which requests, of the roles and bindings as they are now. */
  #bearings(): BearingRules {
    const registry = this.#registry();
    for (const [i, kind] of KINDS.entries()) {
      const { cache } = registry.of<ApiObject>(kind).shelf;
      const seen = this.#seen[i];
      if (seen?.cache === cache && seen.revision === cache.revision) continue;
      this.#seen[i] = { cache, revision: cache.revision };
      this.#bearing.forget();
    }
    return this.#bearing;
  }

  /** Every rule that holds for the user, cluster-wide and in the namespace. */
  rules(user: User, namespace: string): RuleSet {
    const grants = [...this.#grants(user, namespace)];
    return {
      rules: grants.flatMap((grant) => grant.rules),
      errors: grants.flatMap(({ missing }) => (missing === undefined ? [] : unlisted(missing))),
    };
  }

  /**
   * The same as rules(), with errors in the words of who reads roles and not lists of them, as upstream does where roles
   * and bindings are written.
   */
  rulesHeld(user: User, namespace: string): RuleSet {
    const grants = [...this.#grants(user, namespace)];
    return {
      rules: grants.flatMap((grant) => grant.rules),
      errors: grants.flatMap(({ missing }) => (missing === undefined ? [] : unread(missing).message)),
    };
  }

  /** The rules of a role that a binding in the namespace refers to. Throws NotFound, or what refuses the reference. */
  roleRules(ref: RoleRef, namespace: string): readonly PolicyRule[] {
    if (ref.kind !== 'ClusterRole' && ref.kind !== 'Role')
      throw unexplained(`unsupported role reference kind: ${JSON.stringify(ref.kind)}`);
    if (ref.kind === 'Role' && namespace === '') throw badRequest('Namespace parameter required.');
    const found = this.#rulesOf(ref, namespace);
    if (!found) throw unread(ref);
    return found;
  }

  #rulesOf({ kind, name }: RoleRef, namespace: string): readonly PolicyRule[] | undefined {
    const registry = this.#registry();
    const found =
      kind === 'ClusterRole' ? registry.of(clusterRole).find('', name) : registry.of(role).find(namespace, name);
    return found && ((found as ClusterRole).rules ?? []);
  }

  *#grants(user: User, namespace: string): Generator<Grant> {
    for (const binding of this.#clusterBindings(user)) {
      const grant = this.#granted(binding, user, '');
      if (grant) yield grant;
    }
    if (namespace === '') return;
    const bindings = this.#registry().of(roleBinding).shelf;
    for (const cached of bindings.cache.range(bindings.prefixOf(namespace))) {
      const grant = this.#granted(cached.object as unknown as Binding, user, namespace);
      if (grant) yield grant;
    }
  }

  /** Those that may mean the user. Found anew after a binding has changed, which is rare: requests are not. */
  #clusterBindings(user: User): readonly Binding[] {
    const { cache } = this.#registry().of(clusterRoleBinding).shelf;
    if (this.#clusterWide?.cache !== cache || this.#clusterWide.revision !== cache.revision)
      this.#clusterWide = new SubjectIndex(cache);
    return this.#clusterWide.meaning(user);
  }

  #granted({ metadata, subjects, roleRef }: Binding, user: User, namespace: string): Grant | undefined {
    const subject = subjects?.find((s) => isMeant(s, user, namespace));
    if (!subject) return undefined;
    const binding =
      namespace === ''
        ? `ClusterRoleBinding ${JSON.stringify(metadata.name)}`
        : `RoleBinding ${JSON.stringify(`${metadata.name}/${namespace}`)}`;
    const how = (): string =>
      `RBAC: allowed by ${binding} of ${roleRef.kind} ${JSON.stringify(roleRef.name)} to ${described(subject, namespace)}`;
    const rules = this.#rulesOf(roleRef, namespace);
    return rules ? { rules, how } : { rules: [], missing: roleRef, how };
  }
}

/** The bindings of a cache, as it is now, by the users and groups that they name. */
class SubjectIndex {
  readonly cache: Shelf['cache'];
  /** The last change that was in the cache. */
  readonly revision: number;
  readonly #bindings: readonly Binding[];
  /** Places in the list, in order, by subject. */
  readonly #places = new Map<string, number[]>();

  constructor(cache: Shelf['cache']) {
    this.cache = cache;
    this.revision = cache.revision;
    this.#bindings = Array.from(cache.range(cache.prefix), ({ object }) => object as unknown as Binding);
    for (const [place, { subjects = [] }] of this.#bindings.entries())
      for (const name of new Set(subjects.map(subjectName))) {
        const places = this.#places.get(name);
        if (places) places.push(place);
        else this.#places.set(name, [place]);
      }
  }

  /** In the order of the bindings' names. */
  meaning({ name, groups }: User): readonly Binding[] {
    const places = new Set(this.#places.get(`User ${name}`));
    for (const group of groups) for (const place of this.#places.get(`Group ${group}`) ?? []) places.add(place);
    return [...places].sort((a, b) => a - b).map((place) => this.#bindings[place] as Binding);
  }
}

/** Whom it may mean: a service account is a user by its full name. */
const subjectName = ({ kind, namespace = '', name }: Subject): string =>
  kind === 'ServiceAccount' ? `User system:serviceaccount:${namespace}:${name}` : `${kind} ${name}`;

const unread = ({ kind, name }: RoleRef): StatusError => notFound(kind === 'ClusterRole' ? clusterRole : role, name);

/** Upstream's authorizer looks roles up in lists, which call them by their singular. */
const unlisted = ({ kind, name }: RoleRef): string =>
  notFound({ ...(kind === 'ClusterRole' ? clusterRole : role), plural: kind.toLowerCase() }, name).message;

interface Grant {
  readonly rules: readonly PolicyRule[];
  /** The role that is not there. */
  readonly missing?: RoleRef;
  /** Made up only when somebody wants to know. */
  how(): string;
}

interface Binding {
  readonly metadata: { readonly name: string };
  readonly subjects?: readonly Subject[];
  readonly roleRef: RoleRef;
}

function isMeant(subject: Subject, user: User, bindingNamespace: string): boolean {
  switch (subject.kind) {
    case 'User':
      return subject.name === user.name;
    case 'Group':
      return user.groups.includes(subject.name);
    case 'ServiceAccount': {
      const namespace = subject.namespace || bindingNamespace;
      // An account without a namespace is nobody.
      return namespace !== '' && user.name === `system:serviceaccount:${namespace}:${subject.name}`;
    }
    default:
      return false;
  }
}

function described(subject: Subject, bindingNamespace: string): string {
  if (subject.kind !== 'ServiceAccount') return `${subject.kind} ${JSON.stringify(subject.name)}`;
  return `ServiceAccount ${JSON.stringify(`${subject.name}/${subject.namespace || bindingNamespace}`)}`;
}
