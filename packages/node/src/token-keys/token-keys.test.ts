import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import type { TokenKeys } from '@navarch/apiserver';
import { tokenKeysOf } from './token-keys.ts';

const toldBy = (keys: TokenKeys): readonly { readonly alg: string; readonly d?: string }[] =>
  (keys.jwks() as { readonly keys: readonly { readonly alg: string; readonly d?: string }[] }).keys;
const claims = { iss: 'i', sub: 's', aud: ['a'], exp: 2, iat: 1 } as never;
const curve = (): { readonly privateKey: string; readonly publicKey: string } =>
  generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    privateKeyEncoding: { type: 'sec1', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
const rsa = (): { readonly privateKey: string; readonly publicKey: string } =>
  generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
    publicKeyEncoding: { type: 'pkcs1', format: 'pem' },
  });

test('tokenKeysOf() signs with keys of both sorts, and tells their public halves', async () => {
  for (const [pair, alg] of [
    [curve(), 'ES256'],
    [rsa(), 'RS256'],
  ] as const) {
    const keys = await tokenKeysOf(pair.privateKey);
    assert.deepEqual(await keys.verify(await keys.sign(claims)), claims);
    const [told] = toldBy(keys);
    assert.deepEqual([told?.alg, told?.d], [alg, undefined]);
  }
});

test('tokenKeysOf() takes tokens of other keys that it is given, and of no others', async () => {
  const [own, other, stranger] = [curve(), rsa(), curve()];
  const keys = await tokenKeysOf(own.privateKey, [`${own.publicKey}${other.publicKey}`]);
  const [theirs, strange] = [await tokenKeysOf(other.privateKey), await tokenKeysOf(stranger.privateKey)];
  assert.deepEqual(await keys.verify(await theirs.sign(claims)), claims);
  assert.equal(await keys.verify(await strange.sign(claims)), undefined);
  assert.equal(toldBy(keys).length, 2);
});
