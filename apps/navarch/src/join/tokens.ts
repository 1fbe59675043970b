import { type Secret, secret } from '@navarch/api';
import type { Api } from '@navarch/client';
import { type JoinToken, newJoinToken } from './join-token.ts';

export const TOKEN_GROUP = 'system:bootstrappers:navarch:default-node-token';
const NAMESPACE = 'kube-system';
const TYPE = 'bootstrap.kubernetes.io/token';
const PREFIX = 'bootstrap-token-';

/** A token as `navarch token list` shows it. Its secret is not for showing. */
export interface ListedToken {
  readonly id: string;
  /** Milliseconds since the epoch; undefined: never. */
  readonly expiresAt: number | undefined;
  readonly usages: readonly string[];
  readonly description: string;
}

export interface NewToken {
  readonly pin: string;
  /** Milliseconds since the epoch; undefined: it never expires. */
  readonly expiresAt: number | undefined;
  readonly description: string;
}

/** Makes a token with which machines may join, as a Secret that the API server knows (bootstrap.kubernetes.io/token). */
export async function createToken(api: Api, { pin, expiresAt, description }: NewToken): Promise<JoinToken> {
  const token = newJoinToken(pin);
  const fields: Readonly<Record<string, string>> = {
    description,
    'token-id': token.id,
    'token-secret': token.secret,
    'usage-bootstrap-authentication': 'true',
    'usage-bootstrap-signing': 'true',
    'auth-extra-groups': TOKEN_GROUP,
    ...(expiresAt === undefined ? {} : { expiration: `${new Date(expiresAt).toISOString().slice(0, 19)}Z` }),
  };
  const data = Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, Buffer.from(value).toString('base64')]),
  );
  await api.of(secret).create({ metadata: { namespace: NAMESPACE, name: `${PREFIX}${token.id}` }, type: TYPE, data });
  return token;
}

export async function listTokens(api: Api): Promise<readonly ListedToken[]> {
  const { items } = await api.of(secret).list({ namespace: NAMESPACE, fieldSelector: `type=${TYPE}` });
  return items.map(listed);
}

export const deleteToken = (api: Api, id: string): Promise<void> =>
  api.of(secret).delete(`${NAMESPACE}/${PREFIX}${id}`);

function listed({ data }: Secret): ListedToken {
  const field = (name: string): string => Buffer.from(data?.[name] ?? '', 'base64').toString();
  const expiration = Date.parse(field('expiration'));
  const usages = Object.keys(data ?? {}).filter(
    (name) => name.startsWith('usage-bootstrap-') && field(name) === 'true',
  );
  return {
    id: field('token-id'),
    expiresAt: Number.isNaN(expiration) ? undefined : expiration,
    description: field('description'),
    usages: usages.map((name) => name.slice('usage-bootstrap-'.length)).sort(),
  };
}
