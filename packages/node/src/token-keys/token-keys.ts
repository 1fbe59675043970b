import { createHash, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TokenClaims, TokenKeys } from '@navarch/apiserver';
import { compactVerify, CompactSign, importPKCS8, importSPKI } from 'jose';

/** The key that signs service account tokens, kept in the folder as sa.key (made when absent). ES256, since it signs often. */
export async function openTokenKeys(dir: string): Promise<TokenKeys> {
  const file = join(dir, 'sa.key');
  if (!existsSync(file)) {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    writeFileSync(file, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  }
  return tokenKeysOf(readFileSync(file, 'utf8'));
}

/** A P-256 private key (PKCS#8 in PEM) as the key of service account tokens. */
export async function tokenKeysOf(pem: string): Promise<TokenKeys> {
  const spki = createPublicKey(pem).export({ type: 'spki', format: 'pem' }).toString();
  const [signing, verifying] = [await importPKCS8(pem, 'ES256'), await importSPKI(spki, 'ES256')];
  const kid = createHash('sha256').update(createPublicKey(pem).export({ type: 'spki', format: 'der' })).digest('base64url');
  const jwk = createPublicKey(pem).export({ format: 'jwk' });
  return {
    sign: (claims) => new CompactSign(new TextEncoder().encode(JSON.stringify(claims))).setProtectedHeader({ alg: 'ES256', kid }).sign(signing),
    async verify(token) {
      try {
        const { payload } = await compactVerify(token, verifying);
        return JSON.parse(new TextDecoder().decode(payload)) as TokenClaims;
      } catch {
        return undefined; // Not ours, or tampered with: all the same to the caller.
      }
    },
    jwks: () => ({ keys: [{ use: 'sig', kid, alg: 'ES256', ...jwk }] }),
  };
}
