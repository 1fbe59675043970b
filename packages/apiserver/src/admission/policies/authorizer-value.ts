import { CelError, type CelFunctions, CelOpaque } from '@navarch/machinery';
import type { Access } from '../../auth/access.ts';
import type { Attributes } from '../../auth/attributes.ts';
import type { User } from '../../auth/user.ts';

type Asked = Partial<Attributes>;

/** `authorizer` of expressions: a question about a user that is put together step by step (KEP-3488). */
export class AuthorizerValue extends CelOpaque {
  readonly typeName = 'kubernetes.authorization.Authorizer';
  readonly access: Access;
  readonly user: User;
  readonly asked: Asked;

  constructor(access: Access, user: User, asked: Asked = {}) {
    super();
    this.access = access;
    this.user = user;
    this.asked = asked;
  }

  override equals(other: unknown): boolean {
    return this === other;
  }

  with(more: Asked): AuthorizerValue {
    return new AuthorizerValue(this.access, this.user, { ...this.asked, ...more });
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

function asker(value: unknown): AuthorizerValue {
  if (!(value instanceof AuthorizerValue)) throw new CelError('no such overload');
  return value;
}

function decision(value: unknown): DecisionValue {
  if (!(value instanceof DecisionValue)) throw new CelError('no such overload');
  return value;
}

function text(value: unknown): string {
  if (typeof value !== 'string') throw new CelError('no such overload');
  return value;
}

const setting =
  (name: keyof Asked) =>
  (target: unknown, [value]: readonly unknown[]): AuthorizerValue =>
    asker(target).with({ [name]: text(value) });

export const authorizerFunctions: CelFunctions = {
  path: setting('path'),
  group: setting('group'),
  resource: setting('resource'),
  subresource: setting('subresource'),
  namespace: setting('namespace'),
  name: setting('name'),
  serviceAccount(target, [namespace, name]) {
    const { access } = asker(target);
    const user = {
      name: `system:serviceaccount:${text(namespace)}:${text(name)}`,
      groups: ['system:serviceaccounts', `system:serviceaccounts:${text(namespace)}`, 'system:authenticated'],
    };
    return new AuthorizerValue(access, user);
  },
  check: (target, [verb]) => asker(target).check(text(verb)),
  allowed: (target) => decision(target).isAllowed,
  reason: (target) => decision(target).reason,
  errored: (target) => {
    decision(target);
    return false;
  },
  error: (target) => {
    decision(target);
    return '';
  },
};
