import { unauthorized } from '@navarch/machinery';
import type { Registry } from '../registry/registry.ts';
import type { ApiRequest, ClientCertificate } from '../request.ts';
import { bootstrapUser } from './bootstrap-tokens.ts';
import { legacyRefusal } from './legacy-tokens.ts';
import { accountOfClaims, type TokenClaims, type TokenKeys, type TokenRefusal } from './service-account-tokens.ts';
import { anonymous, authenticated, CREDENTIAL_ID, type User } from './user.ts';

export interface AuthenticationDeps {
  readonly registry: Registry;
  readonly tokens: TokenKeys;
  readonly issuer: string;
  /** What tokens for this API are made out to. */
  readonly audiences: readonly string[];
  /** Whoever shows no credentials is nobody, and may ask; otherwise is not let in. */
  readonly admitsAnonymous: boolean;
  /** Certificates may say which uid a user has (KEP-3325). */
  readonly readsCertificateUids: boolean;
  /** Static tokens: token -> user. */
  readonly staticTokens: ReadonlyMap<string, User>;
  /** Milliseconds since the epoch. */
  now(): number;
}

/**
 * Finds out who asks: certificate, then bearer token, else nobody in particular. Only a token has to be waited for. Throws
 * Unauthorized, or rejects with it.
 */
export function authenticate(request: ApiRequest, deps: AuthenticationDeps): User | Promise<User> {
  const { certificate } = request;
  const isGood =
    certificate !== undefined &&
    certificate.isRefused !== true &&
    deps.now() <= (certificate.validUntil ?? Number.POSITIVE_INFINITY);
  if (isGood && certificate.commonName !== '') return userOfCertificate(certificate, deps);
  const token = /^bearer\s+(\S+)$/i.exec(request.header('authorization') ?? '')?.[1] ?? webSocketToken(request);
  if (token === undefined) {
    // Who shows a certificate means to be somebody.
    if ((certificate && !isGood) || !deps.admitsAnonymous) throw unauthorized();
    return anonymous;
  }
  return bearerOf(token, deps);
}

async function bearerOf(token: string, deps: AuthenticationDeps): Promise<User> {
  const found = await userOfToken(token, deps, deps.audiences);
  if ('refusal' in found) throw unauthorized();
  return found.user;
}

/** A connection shows its certificate with each of its requests. */
const shown = new WeakMap<ClientCertificate, User>();

function userOfCertificate(certificate: ClientCertificate, { readsCertificateUids }: AuthenticationDeps): User {
  // What is made of uids hangs on whom one asks.
  if (certificate.uids !== undefined && readsCertificateUids) return madeOf(certificate, certificate.uids);
  let user = shown.get(certificate);
  if (!user) shown.set(certificate, (user = madeOf(certificate, [])));
  return user;
}

/** Throws Unauthorized. */
function madeOf({ commonName, organizations, fingerprint }: ClientCertificate, uids: readonly string[]): User {
  const credential = fingerprint && { extra: { [CREDENTIAL_ID]: [`X509SHA256=${fingerprint}`] } };
  const [uid, ...others] = uids;
  // Who is said to be two, or nobody, is not one of them.
  if (uid === '' || others.length > 0) throw unauthorized();
  return authenticated({
    name: commonName,
    ...(uid === undefined ? {} : { uid }),
    groups: organizations,
    ...credential,
  });
}

/** Browsers cannot set headers on WebSockets: they send the token as a subprotocol. */
function webSocketToken(request: ApiRequest): string | undefined {
  const protocol = request
    .header('sec-websocket-protocol')
    ?.split(',')
    .map((p) => p.trim())
    .find((p) => p.startsWith(WEBSOCKET_PREFIX));
  if (!protocol) return undefined;
  try {
    return atob(protocol.slice(WEBSOCKET_PREFIX.length).replaceAll('-', '+').replaceAll('_', '/'));
  } catch {
    throw unauthorized();
  }
}
const WEBSOCKET_PREFIX = 'base64url.bearer.authorization.k8s.io.';

export interface TokenUser {
  readonly user: User;
  /** Those of the audiences asked about that the token is good for. */
  readonly audiences: readonly string[];
}

/** The user a token stands for, where it is good for one of the audiences; otherwise why not. */
export async function userOfToken(
  token: string,
  deps: AuthenticationDeps,
  audiences: readonly string[],
): Promise<TokenUser | TokenRefusal> {
  // Static and bootstrap tokens are for this API and nothing else.
  const known = deps.staticTokens.get(token) ?? bootstrapUser(token, deps.registry, deps.now());
  if (known) return good(known, deps.audiences, audiences) ?? { refusal: '' };
  const claims = await deps.tokens.verify(token);
  if (!claims || claims.iss !== deps.issuer || !Array.isArray(claims.aud)) return { refusal: '' };
  if (!claims.aud.some((audience) => audiences.includes(audience)))
    return { refusal: `token audiences ${list(claims.aud)} is invalid for the target audiences ${list(audiences)}` };
  const untimely = untimelinessOf(claims, deps);
  if (untimely !== '') return { refusal: `service account token ${untimely}` };
  const user = accountOfClaims(claims, deps.registry, deps.now());
  if ('refusal' in user) return user;
  const refusal = claims['kubernetes.io'].secret && (await legacyRefusal(token, claims, deps.registry, deps.now()));
  return refusal || (good(user, claims.aud, audiences) ?? { refusal: '' });
}

function good(user: User, held: readonly string[], wanted: readonly string[]): TokenUser | undefined {
  const audiences = wanted.filter((audience) => held.includes(audience));
  return audiences.length === 0 ? undefined : { user: authenticated(user), audiences };
}

const list = (audiences: readonly string[]): string => `[${audiences.map((one) => JSON.stringify(one)).join(' ')}]`;

function untimelinessOf({ exp, nbf, iat }: TokenClaims, { now }: AuthenticationDeps): string {
  const seconds = now() / 1000;
  const latest = seconds + CLOCK_SKEW_SECONDS;
  if ((nbf ?? iat) > latest) return 'is not valid yet';
  return exp > seconds ? '' : 'has expired';
}
/** How far apart two servers' clocks may be. */
const CLOCK_SKEW_SECONDS = 60;
