import { secret, serviceAccount, pod } from '@navarch/api';
import { unauthorized } from '@navarch/machinery';
import type { Registry } from '../registry/registry.ts';
import type { ApiRequest } from '../request.ts';
import { anonymous, AUTHENTICATED, serviceAccountUser, type User } from './user.ts';

/** What a service account token says (KEP-1205). Times in seconds since the epoch. */
export interface TokenClaims {
  readonly iss: string;
  readonly aud: readonly string[];
  readonly exp: number;
  readonly iat: number;
  readonly sub: string;
  readonly jti: string;
  readonly 'kubernetes.io': {
    readonly namespace: string;
    readonly serviceaccount: { readonly name: string; readonly uid: string };
    readonly pod?: { readonly name: string; readonly uid: string };
    readonly node?: { readonly name: string; readonly uid: string };
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

export interface AuthenticationDeps {
  readonly registry: Registry;
  readonly tokens: TokenKeys;
  readonly issuer: string;
  readonly audiences: readonly string[];
  /** Static tokens: token -> user. */
  readonly staticTokens: ReadonlyMap<string, User>;
  /** Milliseconds since the epoch. */
  now(): number;
}

/** Finds out who asks: certificate, then bearer token, else nobody in particular. Throws Unauthorized for a bad token. */
export async function authenticate(request: ApiRequest, deps: AuthenticationDeps): Promise<User> {
  const { certificate } = request;
  if (certificate?.commonName) return { name: certificate.commonName, groups: [...certificate.organizations, AUTHENTICATED] };
  const header = request.header('authorization');
  const token = /^bearer\s+(\S+)$/i.exec(header ?? '')?.[1] ?? webSocketToken(request);
  if (token === undefined) return anonymous;
  const user = await userOfToken(token, deps, deps.audiences);
  if (!user) throw unauthorized();
  return user;
}

/** Browsers cannot set headers on WebSockets: they send the token as a subprotocol. */
function webSocketToken(request: ApiRequest): string | undefined {
  const protocol = request.header('sec-websocket-protocol')?.split(',').map((p) => p.trim()).find((p) => p.startsWith(WEBSOCKET_PREFIX));
  if (!protocol) return undefined;
  try {
    return atob(protocol.slice(WEBSOCKET_PREFIX.length).replaceAll('-', '+').replaceAll('_', '/'));
  } catch {
    throw unauthorized();
  }
}
const WEBSOCKET_PREFIX = 'base64url.bearer.authorization.k8s.io.';

/** The user a token stands for, where it is good for one of the audiences. */
export async function userOfToken(token: string, deps: AuthenticationDeps, audiences: readonly string[]): Promise<User | undefined> {
  const known = deps.staticTokens.get(token);
  if (known) return known;
  const bootstrap = /^([a-z0-9]{6})\.([a-z0-9]{16})$/.exec(token);
  if (bootstrap) return bootstrapUser(bootstrap[1] ?? '', bootstrap[2] ?? '', deps);
  const claims = await deps.tokens.verify(token);
  if (!claims || claims.iss !== deps.issuer) return undefined;
  const seconds = deps.now() / 1000;
  if (claims.exp < seconds || !claims.aud.some((audience) => audiences.includes(audience))) return undefined;
  return accountUser(claims, deps);
}

/** A token is good while its account, and the pod it was made for, are the same as when it was made. */
function accountUser(claims: TokenClaims, { registry }: AuthenticationDeps): User | undefined {
  const { namespace, serviceaccount, pod: boundPod, node } = claims['kubernetes.io'];
  const account = registry.of(serviceAccount).find(namespace, serviceaccount.name);
  if (account?.metadata.uid !== serviceaccount.uid) return undefined;
  if (boundPod && registry.of(pod).find(namespace, boundPod.name)?.metadata.uid !== boundPod.uid) return undefined;
  const user = serviceAccountUser(namespace, serviceaccount.name, serviceaccount.uid);
  const extra: Record<string, readonly string[]> = { 'authentication.kubernetes.io/credential-id': [`JTI=${claims.jti}`] };
  if (boundPod) {
    extra['authentication.kubernetes.io/pod-name'] = [boundPod.name];
    extra['authentication.kubernetes.io/pod-uid'] = [boundPod.uid];
  }
  if (node) extra['authentication.kubernetes.io/node-name'] = [node.name];
  return { ...user, extra };
}

/** Bootstrap tokens are secrets in kube-system (API: bootstrap.kubernetes.io/token). */
function bootstrapUser(id: string, value: string, { registry, now }: AuthenticationDeps): User | undefined {
  const found = registry.of(secret).find('kube-system', `bootstrap-token-${id}`);
  if (found?.type !== 'bootstrap.kubernetes.io/token') return undefined;
  const field = (name: string): string => atob(found.data?.[name] ?? '');
  if (field('token-secret') !== value || field('token-id') !== id || field('usage-bootstrap-authentication') !== 'true') return undefined;
  const expiration = field('expiration');
  if (expiration !== '' && Date.parse(expiration) < now()) return undefined;
  const groups = field('auth-extra-groups').split(',').map((g) => g.trim()).filter((g) => g.startsWith('system:bootstrappers:'));
  return { name: `system:bootstrap:${id}`, groups: ['system:bootstrappers', ...groups, AUTHENTICATED] };
}
