import { createPublicKey, type JsonWebKeyInput, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { askInCluster } from '../in-cluster.ts';
import { defineRole, log, RoleError } from '../role.ts';

interface Claims {
  readonly iss: string;
  readonly aud: string | readonly string[];
  readonly exp: number;
  readonly nbf?: number;
}

interface Discovery {
  readonly issuer: string;
  readonly jwks_uri: string;
}

/** Checks a token by what its issuer publishes, as a program would that knows of OpenID Connect and of no cluster. */
export const issuerDiscovery = defineRole({
  name: 'test-service-account-issuer-discovery',
  flags: { 'token-path': '', audience: '' },
  async run({ flags }) {
    const token = readFileSync(flags.text('token-path'), 'utf8');
    log('OK: Got token');
    const [head = '', body = '', signature = ''] = token.split('.');
    const header = decoded<{ readonly alg: string; readonly kid?: string }>(head);
    const claims = decoded<Claims>(body);
    log(`OK: got issuer ${claims.iss}`);
    const discovery = await published<Discovery>(`${claims.iss.replace(/\/$/, '')}/.well-known/openid-configuration`);
    if (discovery.issuer !== claims.iss)
      throw new RoleError(
        `issuer did not match the issuer returned by provider, expected ${claims.iss} got ${discovery.issuer}`,
      );
    log(`OK: Constructed OIDC provider for issuer ${claims.iss}`);
    const { keys } = await published<{
      readonly keys: readonly (JsonWebKeyInput['key'] & { readonly kid?: string })[];
    }>(discovery.jwks_uri);
    const key = keys.find(({ kid }) => header.kid === undefined || kid === header.kid);
    if (!key) throw new RoleError(`no key ${header.kid} among those published`);
    if (!isSigned(header.alg, `${head}.${body}`, key, Buffer.from(signature, 'base64url')))
      throw new RoleError('failed to verify signature');
    log('OK: Validated signature on JWT');
    checkClaims(claims, flags.text('audience'));
    log('OK: Got valid claims from token!');
  },
});

const decoded = <T>(part: string): T => JSON.parse(Buffer.from(part, 'base64url').toString()) as T;

async function published<T>(url: string): Promise<T> {
  const { status, body } = await askInCluster(url);
  if (status !== 200) throw new RoleError(`GET ${url}: ${status} ${body}`);
  return JSON.parse(body) as T;
}

function isSigned(algorithm: string, text: string, jwk: JsonWebKeyInput['key'], signature: Buffer): boolean {
  const key = createPublicKey({ key: jwk, format: 'jwk' });
  if (algorithm === 'RS256') return verify('sha256', Buffer.from(text), key, signature);
  if (algorithm === 'ES256') return verify('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' }, signature);
  throw new RoleError(`token signed with unsupported algorithm ${algorithm}`);
}

function checkClaims({ aud, exp, nbf = 0 }: Claims, audience: string): void {
  if (![aud].flat().includes(audience))
    throw new RoleError(`expected audience ${JSON.stringify(audience)} got ${JSON.stringify(aud)}`);
  const now = Date.now() / 1000;
  if (exp < now) throw new RoleError('token is expired');
  if (nbf > now + 300) throw new RoleError('token is not valid yet');
}
