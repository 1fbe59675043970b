import { CelOpaque, type CelOverload, declareFunction, flatCost } from '@navarch/machinery';
import type { Access } from '../../auth/access.ts';
import type { Attributes } from '../../auth/attributes.ts';
import type { User } from '../../auth/user.ts';

type Asked = Partial<Attributes>;
/** How far a question has come: what may be said next. */
type Stage = 'Authorizer' | 'PathCheck' | 'GroupCheck' | 'ResourceCheck';

/** `authorizer` of expressions: a question about a user that is put together step by step (KEP-3488). */
export class AuthorizerValue extends CelOpaque {
  readonly typeName: string;
  readonly access: Access;
  readonly user: User;
  readonly asked: Asked;

  constructor(access: Access, user: User, stage: Stage = 'Authorizer', asked: Asked = {}) {
    super();
    this.typeName = `kubernetes.authorization.${stage}`;
    this.access = access;
    this.user = user;
    this.asked = asked;
  }

  override equals(other: unknown): boolean {
    return this === other;
  }

  with(stage: Stage, more: Asked): AuthorizerValue {
    return new AuthorizerValue(this.access, this.user, stage, { ...this.asked, ...more });
  }

  check(verb: string): DecisionValue {
    const { path } = this.asked;
    const { verdict, reason } = this.access.decide(this.user, {
      group: '',
      resource: '',
      subresource: '',
      namespace: '',
      name: '',
      ...this.asked,
      isResource: path === undefined,
      path: path ?? '',
      verb,
    });
    return new DecisionValue(verdict === 'allow', reason);
  }
}

class DecisionValue extends CelOpaque {
  readonly typeName = 'kubernetes.authorization.Decision';
  readonly isAllowed: boolean;
  readonly reason: string;

  constructor(isAllowed: boolean, reason: string) {
    super();
    this.isAllowed = isAllowed;
    this.reason = reason;
  }

  override equals(other: unknown): boolean {
    return this === other;
  }
}

const K = 'kubernetes.authorization';
/** A check asks the authorizers: an expression can afford two. */
const CHECK_COST = 350_000;

const setting = (name: keyof Asked, from: Stage, to: Stage): CelOverload =>
  declareFunction(`${name}(this ${K}.${from}, string) -> ${K}.${to}`, (of: AuthorizerValue, value: string) => of.with(to, { [name]: value }));

/** Narrows by a selector. None of the authorizers here looks at one, so it makes no difference to what is allowed. */
const selecting = (name: string): CelOverload =>
  declareFunction(`${name}(this ${K}.ResourceCheck, string) -> ${K}.ResourceCheck`, (of: AuthorizerValue) => of);

const checking = (from: Stage): CelOverload =>
  declareFunction(`check(this ${K}.${from}, string) -> ${K}.Decision`, (of: AuthorizerValue, verb: string) => of.check(verb), flatCost(CHECK_COST));

function asServiceAccount({ access }: AuthorizerValue, namespace: string, name: string): AuthorizerValue {
  const user = {
    name: `system:serviceaccount:${namespace}:${name}`,
    groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'],
  };
  return new AuthorizerValue(access, user);
}

export const authorizerFunctions: readonly CelOverload[] = [
  setting('path', 'Authorizer', 'PathCheck'),
  setting('group', 'Authorizer', 'GroupCheck'),
  declareFunction(`serviceAccount(this ${K}.Authorizer, string, string) -> ${K}.Authorizer`, asServiceAccount),
  setting('resource', 'GroupCheck', 'ResourceCheck'),
  setting('subresource', 'ResourceCheck', 'ResourceCheck'),
  setting('namespace', 'ResourceCheck', 'ResourceCheck'),
  setting('name', 'ResourceCheck', 'ResourceCheck'),
  selecting('fieldSelector'),
  selecting('labelSelector'),
  checking('PathCheck'),
  checking('ResourceCheck'),
  declareFunction(`allowed(this ${K}.Decision) -> bool`, ({ isAllowed }: DecisionValue) => isAllowed),
  declareFunction(`reason(this ${K}.Decision) -> string`, ({ reason }: DecisionValue) => reason),
  declareFunction(`errored(this ${K}.Decision) -> bool`, () => false),
  declareFunction(`error(this ${K}.Decision) -> string`, () => ''),
];
