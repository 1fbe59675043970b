import { node, pod, secret, serviceAccount } from '@navarch/api';
import type { ApiObject } from '@navarch/machinery';
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

/** Signs and checks tokens with the cluster's service account key. */
export interface TokenKeys {
  sign(claims: TokenClaims): Promise<string>;
  /** The claims of a token whose signature is good; undefined otherwise. Says nothing about time or audience. */
  verify(token: string): Promise<TokenClaims | undefined>;
  /** Public keys (RFC 7517). */
  jwks(): unknown;
}

/** How long a token outlives what it is bound to: things that go may still say goodbye. */
const DELETION_LEEWAY_MS = 60_000;

/** A token is good while its account, and what it was bound to, are the same as when it was made. `now` in milliseconds. */
export function accountOfClaims(claims: TokenClaims, registry: Registry, now: number): User | undefined {
  const bound = claims['kubernetes.io'];
  if (!bound?.namespace || !bound.serviceaccount) return undefined;
  const { namespace, serviceaccount } = bound;
  const stands = (found: ApiObject | undefined, { uid }: Named): boolean =>
    found !== undefined && found.metadata.uid === uid && !isLongGone(found, now);
  if (!stands(registry.of(serviceAccount).find(namespace, serviceaccount.name), serviceaccount)) return undefined;
  if (bound.secret && !stands(registry.of(secret).find(namespace, bound.secret.name), bound.secret)) return undefined;
  if (bound.pod && !stands(registry.of(pod).find(namespace, bound.pod.name), bound.pod)) return undefined;
  // Beside a pod the node is only told: the pod's going is enough.
  if (!bound.pod && bound.node && !stands(registry.of(node).find('', bound.node.name), bound.node)) return undefined;
  return { ...serviceAccountUser(namespace, serviceaccount.name, serviceaccount.uid), extra: extraOf(claims) };
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
