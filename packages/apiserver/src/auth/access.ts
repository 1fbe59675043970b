import type { RoleRef } from '@navarch/api';
import { failure, forbidden, type ResourceName } from '@navarch/machinery';
import type { Registry } from '../registry/registry.ts';
import { type Attributes, forbiddenMessage } from './attributes.ts';
import { allowed, type Authorizer, type Decision, inTurn, noOpinion, type RuleSet } from './authorizer.ts';
import { NodeAuthorizer } from './node-authorizer.ts';
import { Rbac } from './rbac.ts';
import { ruleText, uncovered } from './rules.ts';
import { MASTERS, nodeNameOf, type User } from './user.ts';
import type { PolicyRule } from '@navarch/api';

/** The group that may do everything, whatever is stored: nobody can lock the keepers out. */
const masters: Authorizer = {
  decide: (user) => (user.groups.includes(MASTERS) ? allowed('') : noOpinion()),
};

const EVERYTHING: readonly PolicyRule[] = [
  { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
  { verbs: ['*'], nonResourceURLs: ['*'] },
];

/** All that decides who may do what: `system:masters`, then the node authorizer, then RBAC. */
export class Access implements Authorizer {
  readonly rbac: Rbac;
  readonly #chain: Authorizer;

  constructor(registry: () => Registry) {
    this.rbac = new Rbac(registry);
    this.#chain = inTurn([masters, new NodeAuthorizer(registry), this.rbac]);
  }

  decide(user: User, request: Attributes): Decision {
    return this.#chain.decide(user, request);
  }

  isAllowed(user: User, request: Attributes): boolean {
    return this.decide(user, request).verdict === 'allow';
  }

  /** Throws Forbidden in upstream's words. */
  require(user: User, request: Attributes): void {
    this.insist(user, request, this.decide(user, request));
  }

  /** Throws Forbidden in upstream's words, where it was decided so. */
  insist(user: User, request: Attributes, { verdict, reason }: Decision): void {
    if (verdict === 'allow') return;
    const { group, resource, name, isResource } = request;
    throw failure(
      'Forbidden',
      forbiddenMessage(user, request, reason),
      isResource ? { ...(name ? { name } : {}), ...(group ? { group } : {}), kind: resource } : {},
    );
  }

  /** What SelfSubjectRulesReview tells. The node authorizer cannot list its rules, and says so. */
  rules(user: User, namespace: string): RuleSet {
    const { rules, errors } = this.rbac.rules(user, namespace);
    const unlisted = nodeNameOf(user) === undefined ? [] : ['node authorizer does not support user rule resolution'];
    // Their right to everything holds without any binding; with the usual one it is in the list already.
    const isUnsaid = user.groups.includes(MASTERS) && uncovered(rules, EVERYTHING).length > 0;
    return {
      rules: isUnsaid ? [...EVERYTHING, ...rules] : rules,
      errors: [...unlisted, ...errors],
    };
  }

  /** Nobody hands on what they do not hold. Throws Forbidden about the role or binding being written. */
  confirmNoEscalation(
    user: User,
    namespace: string,
    wanted: readonly PolicyRule[],
    about: { readonly of: ResourceName; readonly name: string },
  ): void {
    const { rules, errors } = this.rbac.rules(user, namespace);
    const missing = uncovered(rules, wanted);
    if (missing.length === 0) return;
    const groups = `[${user.groups.map((group) => JSON.stringify(group)).join(' ')}]`;
    const lines = [...new Set(missing.map(ruleText))].sort();
    const unresolved = errors.length === 0 ? '' : `; resolution errors: [${errors.join(', ')}]`;
    throw forbidden(
      about.of,
      about.name,
      `user ${JSON.stringify(user.name)} (groups=${groups}) is attempting to grant RBAC permissions not currently held:\n${lines.join('\n')}${unresolved}`,
    );
  }

  holdsEverything(user: User): boolean {
    return uncovered(this.rbac.rules(user, '').rules, EVERYTHING).length === 0;
  }

  roleRules(ref: RoleRef, namespace: string): readonly PolicyRule[] {
    return this.rbac.roleRules(ref, namespace);
  }
}
