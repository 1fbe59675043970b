import { type AuthorizerStage, policyFunctions, type PolicyFunctions } from '@navarch/api';
import { CelOpaque } from '@navarch/machinery';
import type { Access } from '../../auth/access.ts';
import type { Attributes } from '../../auth/attributes.ts';
import type { User } from '../../auth/user.ts';

type Asked = Partial<Attributes>;

/** `authorizer` of expressions: a question about a user that is put together step by step (KEP-3488). */
export class AuthorizerValue extends CelOpaque {
  readonly typeName: string;
  readonly access: Access;
  readonly user: User;
  readonly asked: Asked;

  constructor(access: Access, user: User, stage: AuthorizerStage = 'Authorizer', asked: Asked = {}) {
    super();
    this.typeName = `kubernetes.authorization.${stage}`;
    this.access = access;
    this.user = user;
    this.asked = asked;
  }

  override equals(other: unknown): boolean {
    return this === other;
  }

  with(stage: AuthorizerStage, more: Asked): AuthorizerValue {
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

/** Functions of policies, answered by the authorizers. */
export const policyFunctionsHere: PolicyFunctions = policyFunctions<AuthorizerValue, DecisionValue>({
  with: (question, to, field, value) => question.with(to, { [field]: value }),
  asServiceAccount({ access }, namespace, name) {
    const user = {
      name: `system:serviceaccount:${namespace}:${name}`,
      groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'],
    };
    return new AuthorizerValue(access, user);
  },
  check: (question, verb) => question.check(verb),
  isAllowed: ({ isAllowed }) => isAllowed,
  reason: ({ reason }) => reason,
});
