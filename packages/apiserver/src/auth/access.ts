import type { RoleRef } from '@navarch/api';
import { type Metrics, noMetrics } from '@navarch/base';
import { failure, forbidden, type ResourceName } from '@navarch/machinery';
import type { Registry } from '../registry/registry.ts';
import { type Attributes, forbiddenMessage } from './attributes.ts';
import { aggregate, allowed, type Authorizer, type Decision, DecisionCount, inTurn, noOpinion } from './authorizer.ts';
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

interface ToldRules {
  readonly rules: readonly PolicyRule[];
  /** There may be others. */
  readonly isIncomplete: boolean;
  /** Why, or what else could not be looked up; '': nothing. */
  readonly error: string;
}

/** All that decides who may do what: `system:masters`, then the node authorizer, then RBAC. */
export class Access implements Authorizer {
  readonly rbac: Rbac;
  readonly #chain: Authorizer;

  constructor(registry: () => Registry, metrics: Metrics = noMetrics) {
    this.rbac = new Rbac(registry);
    const counter = metrics.counter(
      'apiserver_authorization_decisions_total',
      '[ALPHA] Total number of terminal decisions made by an authorizer split by authorizer type, name, and decision.',
    );
    const counted = (type: string, name: string): DecisionCount =>
      new DecisionCount((decision) => counter.of({ type, name, decision }));
    this.#chain = inTurn([
      { name: 'system-privileged-group.authorizer.kubernetes.io', authorizer: masters },
      { name: 'node', authorizer: new NodeAuthorizer(registry), decided: counted('Node', 'node') },
      { name: 'rbac', authorizer: this.rbac, decided: counted('RBAC', 'rbac') },
    ]);
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

  /**
   * What SelfSubjectRulesReview tells: the rules that roles give. The node authorizer cannot list its rules, and says so;
   * that masters may do everything is told by the binding they are born with.
   */
  rules(user: User, namespace: string): ToldRules {
    const { rules, errors } = this.rbac.rules(user, namespace);
    const isNode = nodeNameOf(user) !== undefined;
    const all = isNode ? ['node authorizer does not support user rule resolution', ...errors] : errors;
    return { rules, isIncomplete: isNode, error: all.length === 0 ? '' : aggregate(all) };
  }

  /** Nobody hands on what they do not hold. Throws Forbidden about the role or binding being written. */
  confirmNoEscalation(
    user: User,
    namespace: string,
    wanted: readonly PolicyRule[],
    about: { readonly of: ResourceName; readonly name: string },
  ): void {
    const { rules, errors } = this.rbac.rulesHeld(user, namespace);
    const missing = uncovered(rules, wanted);
    if (missing.length === 0) return;
    const groups = `[${user.groups.map((group) => JSON.stringify(group)).join(' ')}]`;
    const lines = [...new Set(missing.map(ruleText))].sort();
    const unresolved = errors.length === 0 ? '' : `; resolution errors: [${aggregate(errors)}]`;
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
