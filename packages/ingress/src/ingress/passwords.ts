import type { Secret } from '@navarch/api';
import type { Problem, Rule, User } from '../model.ts';
import type { Options } from './annotations.ts';

export interface PasswordSubject {
  readonly options: Options;
  readonly namespace: string;
  readonly owner: string;
  secret(namespace: string, name: string): Secret | undefined;
}

/** What crypt(3) knows: of what htpasswd makes, all but its own kind of MD5 and plain SHA-1. */
const KNOWN = /^\$(?:1|2[aby]|5|6|y)\$/;

/** What a password is asked by. Where that cannot be had nobody gets in, as with ingress-nginx. */
export function passwordsOf(subject: PasswordSubject): { rule: Rule | undefined; problems: readonly Problem[] } {
  const { options, namespace, owner } = subject;
  if (options['auth-type'] === undefined) return { rule: undefined, problems: [] };
  const closed = (reason: string, message: string) => ({
    rule: { do: 'respond', status: 503 } as const,
    problems: [{ owner, reason, message }],
  });
  const [first = '', second] = (options['auth-secret'] ?? '').split('/');
  const [inNamespace, name] = second === undefined ? [namespace, first] : [first, second];
  if (name === '') return closed('InvalidAnnotation', 'auth-type is basic, and auth-secret names no secret');
  // Who may write an Ingress need not be one who may read secrets of other namespaces.
  if (inNamespace !== namespace)
    return closed('InvalidAnnotation', `auth-secret ${inNamespace}/${name} is in another namespace`);
  const secret = subject.secret(namespace, name);
  if (!secret) return closed('SecretNotFound', `secret "${namespace}/${name}" with passwords not found`);
  const users = options['auth-secret-type'] === 'auth-map' ? mapped(secret) : listed(secret);
  const usable = users.filter(({ hash }) => KNOWN.test(hash));
  const problems = users.flatMap(({ name: user, hash }) =>
    KNOWN.test(hash)
      ? []
      : [{ owner, reason: 'InvalidPassword', message: `secret "${namespace}/${name}": ${unknown(user)}` }],
  );
  if (usable.length === 0) {
    const why = problems[0]?.message ?? `secret "${namespace}/${name}" has no passwords under the key auth`;
    return closed('InvalidPassword', why);
  }
  return {
    rule: { do: 'ask-password', realm: options['auth-realm'] ?? 'Authentication Required', users: usable },
    problems,
  };
}

const unknown = (user: string): string =>
  `the password of ${user} is hashed in a way that cannot be checked: make it with \`htpasswd -B\` or \`openssl passwd -6\``;

const mapped = ({ data = {} }: Secret): readonly User[] =>
  Object.entries(data).map(([name, hash]) => ({ name, hash: atob(hash).trim() }));

function listed({ data }: Secret): readonly User[] {
  return atob(data?.['auth'] ?? '')
    .split('\n')
    .flatMap((line) => {
      const [name = '', hash = ''] = line.trim().split(':');
      return name === '' || name.startsWith('#') ? [] : [{ name, hash }];
    });
}
