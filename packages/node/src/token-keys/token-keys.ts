import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TokenClaims, TokenKeys } from '@navarch/apiserver';
import { compactVerify, CompactSign } from 'jose';

/** The key that signs service account tokens, kept in the folder as sa.key (made when absent). ES256, since it signs often. */
export async function openTokenKeys(dir: string): Promise<TokenKeys> {
  const file = join(dir, 'sa.key');
  if (!existsSync(file)) {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    writeFileSync(file, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  }
  return tokenKeysOf(readFileSync(file, 'utf8'));
}

/**
 * A private key in PEM (P-256, or RSA as older clusters have it) as the key that signs service account tokens. Tokens
 * signed by one of `others`, keys or certificates in PEM, are taken too.
 */
export async function tokenKeysOf(pem: string, others: readonly string[] = []): Promise<TokenKeys> {
  const own = publicKeyOf(createPublicKey(pem));
  const known = [own];
  for (const other of others.flatMap(blocksOf).map((block) => publicKeyOf(createPublicKey(block)))) {
    if (!known.some(({ kid }) => kid === other.kid)) known.push(other);
  }
  const signing = createPrivateKey(pem);
  return {
    sign: (claims) =>
      new CompactSign(new TextEncoder().encode(JSON.stringify(claims)))
        .setProtectedHeader({ alg: own.alg, kid: own.kid })
        .sign(signing),
    verify: (token) => verified(token, known),
    jwks: () => ({
      keys: known.map(({ key, alg, kid }) => ({ use: 'sig', kid, alg, ...key.export({ format: 'jwk' }) })),
    }),
  };
}

interface PublicKey {
  readonly key: KeyObject;
  readonly kid: string;
  readonly alg: string;
}

function publicKeyOf(key: KeyObject): PublicKey {
  const kid = createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest('base64url');
  return { key, kid, alg: key.asymmetricKeyType === 'rsa' ? 'RS256' : 'ES256' };
}

const blocksOf = (pem: string): readonly string[] => pem.match(/-----BEGIN [^-]+-----[^-]+-----END [^-]+-----/g) ?? [];

async function verified(token: string, known: readonly PublicKey[]): Promise<TokenClaims | undefined> {
  for (const { key, alg } of known) {
    try {
      const { payload } = await compactVerify(token, key, { algorithms: [alg] });
      return JSON.parse(new TextDecoder().decode(payload)) as TokenClaims;
    } catch {
      // Not by this key, or tampered with: all the same to the caller.
    }
  }
  return undefined;
}
