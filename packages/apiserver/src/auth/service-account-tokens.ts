import { node, pod, secret, serviceAccount } from '@navarch/api';
import { type ApiObject, notFound } from '@navarch/machinery';
import type { Registry } from '../registry/registry.ts';
import { CREDENTIAL_ID, serviceAccountUser, type User } from './user.ts';

interface Named {
  readonly name: string;
  readonly uid: string;
}

/** What a service account token says (KEP-1205). Times in seconds since the epoch. */
export interface TokenClaims {
  readonly iss: string;
  readonly aud: readonly string[];
  readonly exp: number;
  readonly iat: number;
  readonly nbf?: number;
  readonly sub: string;
  readonly jti: string;
  readonly 'kubernetes.io': {
    readonly namespace: string;
    readonly serviceaccount: Named;
    readonly pod?: Named;
    readonly secret?: Named;
    readonly node?: Named;
    /** When a client that cannot renew its token should have: it is good for longer than it was asked for. */
    readonly warnafter?: number;
  };
}

/** RFC 7517, section 5. */
export interface KeySet {
  readonly keys: readonly { readonly alg?: string }[];
}

/** Signs and checks tokens with the cluster's service account key. */
export interface TokenKeys {
  sign(claims: TokenClaims): Promise<string>;
  /** The claims of a token whose signature is good; undefined otherwise. Says nothing about time or audience. */
  verify(token: string): Promise<TokenClaims | undefined>;
  /** Public keys (RFC 7517). */
  jwks(): KeySet;
}

/** Why a token is not good, as a review of it tells; '': nothing more than that it is not. */
export interface TokenRefusal {
  readonly refusal: string;
}

/** How long a token outlives what it is bound to: things that go may still say goodbye. */
const DELETION_LEEWAY_MS = 60_000;

/** A token is good while its account, and what it was bound to, are the same as when it was made. `now` in milliseconds. */
export function accountOfClaims(claims: TokenClaims, registry: Registry, now: number): User | TokenRefusal {
  const bound = claims['kubernetes.io'];
  if (!bound?.namespace || !bound.serviceaccount) return { refusal: '' };
  const { namespace, serviceaccount: account } = bound;
  const found = registry.of(serviceAccount).find(namespace, account.name);
  if (!found) return { refusal: notFound(serviceAccount, account.name).message };
  if (found.metadata.uid !== account.uid)
    return { refusal: `service account UID (${found.metadata.uid}) does not match claim (${account.uid})` };
  if (isLongGone(found, now)) return { refusal: `service account ${namespace}/${account.name} has been deleted` };
  const refusal =
    boundTo('secret', bound.secret, (name) => registry.of(secret).find(namespace, name), now) ??
    boundTo('pod', bound.pod, (name) => registry.of(pod).find(namespace, name), now) ??
    // Beside a pod the node is only told: the pod's going is enough.
    boundTo('node', bound.pod ? undefined : bound.node, (name) => registry.of(node).find('', name), now);
  if (refusal !== undefined) return { refusal };
  return { ...serviceAccountUser(namespace, account.name, account.uid), extra: extraOf(claims) };
}

/** Why what the token was bound to keeps it from being good. */
function boundTo(
  what: 'secret' | 'pod' | 'node',
  named: Named | undefined,
  find: (name: string) => ApiObject | undefined,
  now: number,
): string | undefined {
  if (!named) return undefined;
  const found = find(named.name);
  if (!found) return 'service account token has been invalidated';
  const { uid } = found.metadata;
  if (uid !== named.uid) return `${what} UID (${uid}) does not match service account ${what} ref claim (${named.uid})`;
  return isLongGone(found, now) ? 'service account token has been invalidated' : undefined;
}

function isLongGone({ metadata }: ApiObject, now: number): boolean {
  return metadata.deletionTimestamp !== undefined && Date.parse(metadata.deletionTimestamp) < now - DELETION_LEEWAY_MS;
}

function extraOf({ jti, 'kubernetes.io': bound }: TokenClaims): Readonly<Record<string, readonly string[]>> {
  const extra: Record<string, readonly string[]> = { [CREDENTIAL_ID]: [`JTI=${jti}`] };
  for (const what of ['node', 'pod'] as const) {
    const named = bound[what];
    if (!named) continue;
    extra[`authentication.kubernetes.io/${what}-name`] = [named.name];
    if (named.uid) extra[`authentication.kubernetes.io/${what}-uid`] = [named.uid];
  }
  return extra;
}
