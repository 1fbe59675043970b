import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import * as fc from 'fast-check';
import { certificateAuthority } from './authority.ts';
import { bitsOf, context, decode, encode, flags, integer, oid, oidOf, TAG, time } from './der.ts';
import { Pki } from './pki.ts';
import { makeRequest } from './request.ts';
import { fromPem, pem, readRequest } from './x509.ts';

const folder = mkdtempSync(join(tmpdir(), 'nvx509-'));
after(() => rmSync(folder, { recursive: true, force: true }));

// Made by OpenSSL: an RSA key with every type of name, and an Ed25519 key with none.
const RSA = `-----BEGIN CERTIFICATE REQUEST-----
MIIC0DCCAbgCAQAwQTEVMBMGA1UECgwMc3lzdGVtOm5vZGVzMQ8wDQYDVQQKDAZz
ZWNvbmQxFzAVBgNVBAMMDnN5c3RlbTpub2RlOsOkMIIBIjANBgkqhkiG9w0BAQEF
AAOCAQ8AMIIBCgKCAQEAjuDjGOtrUZaG9NYGOcHTaS0A54oWSa1XYfRkMK/Ksae5
ZKPmhfHAZ8/dwnoW4UgaQ1mZUopwSELcm4YSXk1lfmIN9pWYQs1S9CnP5gKBBRlv
3Hrq0x1oDvx5K9QomLeN4LyHzJ7AxQkYJD332hDuYTPmqF76m2jeuI/lauTUiCah
RP3TMWzq7U9oDT0jO7M6FmQMeQpBvckam1WNuzkO8QJnOyblFO+2ay5O327kd5zc
/kjNHarIG9NLPPei9Lu6JG2XPvUUY4eBTe7RPLckZGfJtyFb83Nrw8vMWkyzfT4w
G0cWtSjrt72PKDaY9BGo5ZwPJFtxvsKIEHnoYsOz4QIDAQABoEowSAYJKoZIhvcN
AQkOMTswOTA3BgNVHREEMDAuggNhLmKHBAoAAAGHEP0AAAAAAAAAAAAAAAAAAAGB
A3hAeYYKc3BpZmZlOi8vejANBgkqhkiG9w0BAQsFAAOCAQEAjEWSNIolGt92Jjwu
ALvO+k08xoJBosgLHXd02+DLBbfmNTHfnutdPS6YZkIKyRF7ULTns2jStoSdcdz3
ZV+HEHqUWzfVT+Aympv8iVVRDCX6oG0AvWKpLx6yJ4q1v53qtyxck10xB+i410/x
p2WazcQO1D+/lFA6YG6mkjzYfAiofcWDAawuqQE9ju6zgYgCI3AvSzv34ruZWq3N
glZkgJmfuOXdrFICxM+1mMsY7gUIwEbm4bxb72HWfx+bKRuScTFdfxMORZqrqAve
39H67fujvtkfauuv/xeg5Vh9oDjVo5To+VLWsVLDAF/EKdUbn6YTEKW6/ya6ShcD
2N0H2g==
-----END CERTIFICATE REQUEST-----
`;
const ED25519 = `-----BEGIN CERTIFICATE REQUEST-----
MIGMMEACAQAwDTELMAkGA1UEAwwCZWQwKjAFBgMrZXADIQBkNqgLkc9oeygMQrIH
4kcnPWMOdV9Vfu3GhEVyh6+6NKAAMAUGAytlcANBAKCsOvQNhxyRZCQJmhLfT938
r3YVJ9fVw0fqEBxCTigkNU+fSbhSBouXmLEiEk5f9HzGgq/Qjofvz5Kns0HKtwk=
-----END CERTIFICATE REQUEST-----
`;

test('readRequest() reads what OpenSSL writes: RSA, several organizations, every type of name', () => {
  const { commonName, organizations, names } = readRequest(RSA);
  assert.deepEqual(
    { commonName, organizations, names },
    {
      commonName: 'system:node:\u00e4',
      organizations: ['system:nodes', 'second'],
      names: { dnsNames: ['a.b'], ipAddresses: ['10.0.0.1', 'fd00::1'], emailAddresses: ['x@y'], uris: ['spiffe://z'] },
    },
  );
  assert.equal(readRequest(ED25519).commonName, 'ed');
});

test('readRequest() refuses a request with any byte changed, and never fails but with an Error', () => {
  const whole = fromPem(
    'CERTIFICATE REQUEST',
    makeRequest({ commonName: 'system:node:a', organizations: ['system:nodes'], names: ['a'], addresses: ['10.0.0.1'] })
      .request,
  ) as Buffer;
  assert.equal(readRequest(pem('CERTIFICATE REQUEST', whole)).commonName, 'system:node:a');
  fc.assert(
    fc.property(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
      const changed = Buffer.from(whole);
      changed.writeUInt8(changed.readUInt8(at) ^ change, at);
      assert.throws(() => readRequest(pem('CERTIFICATE REQUEST', changed)), Error);
    }),
    { numRuns: 300 },
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) =>
      assert.throws(() => readRequest(pem('CERTIFICATE REQUEST', Buffer.from(bytes))), Error),
    ),
  );
});

test('certificates are what Node, and so OpenSSL, takes for certificates: issuer, names, usages, signature', async () => {
  const pki = await Pki.open(join(folder, 'pki'));
  const root = new X509Certificate(pki.authority.certificate);
  assert.deepEqual(
    [root.ca, root.subject, root.checkIssued(root), root.verify(root.publicKey)],
    [true, 'CN=navarch-ca', true, true],
  );
  const leaf = new X509Certificate(
    (
      await pki.issue({
        commonName: 'c',
        organizations: ['o', 'p'],
        names: ['n.example'],
        addresses: ['10.0.0.1', 'fd00::1'],
      })
    ).certificate,
  );
  assert.deepEqual(
    [leaf.ca, leaf.subject, leaf.checkIssued(root), leaf.verify(root.publicKey)],
    [false, 'O=o\nO=p\nCN=c', true, true],
  );
  assert.equal(leaf.subjectAltName, 'DNS:n.example, IP Address:10.0.0.1, IP Address:FD00:0:0:0:0:0:0:1');
  assert.deepEqual(leaf.keyUsage, ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2']);
  const authority = certificateAuthority(pki.authority);
  for (const request of [RSA, ED25519]) {
    const signed = new X509Certificate(
      await authority.issue({ request, usages: ['client auth'], notBefore: Date.now(), notAfter: Date.now() + 1e9 }),
    );
    assert.deepEqual(
      [signed.checkIssued(root), signed.verify(root.publicKey), signed.keyUsage],
      [true, true, ['1.3.6.1.5.5.7.3.2']],
    );
  }
  const signed = new X509Certificate(
    await authority.issue({ request: RSA, usages: ['any'], notBefore: Date.now(), notAfter: Date.now() + 1e9 }),
  );
  assert.equal(
    signed.subjectAltName,
    'DNS:a.b, email:x@y, IP Address:10.0.0.1, IP Address:FD00:0:0:0:0:0:0:1, URI:spiffe://z',
  );
});

test('decode() reads what encode() writes, and an object identifier keeps its numbers', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.tuple(
          fc.constantFrom(TAG.octetString, TAG.utf8, context(3), context(2, false)),
          fc.uint8Array({ maxLength: 70_000 }),
        ),
        { maxLength: 3 },
      ),
      (values) => {
        const read = decode(Buffer.concat(values.map(([tag, bytes]) => encode(tag, bytes))));
        assert.deepEqual(
          read.map(({ tag, content }) => [tag, content.toString('hex')]),
          values.map(([tag, bytes]) => [tag, Buffer.from(bytes).toString('hex')]),
        );
      },
    ),
    { numRuns: 30 },
  );
  fc.assert(
    fc.property(fc.nat(2), fc.nat(39), fc.array(fc.nat(2 ** 31)), (a, b, rest) => {
      const text = [a, b, ...rest].join('.');
      assert.equal(oidOf(decode(oid(text))[0]), text);
    }),
  );
});

test('numbers, flags and times are as the rules have them', () => {
  assert.equal(integer(Buffer.from([0, 0, 0x80])).toString('hex'), '02020080');
  assert.equal(integer(Buffer.from([0])).toString('hex'), '020100');
  assert.equal(flags([0, 2]).toString('hex'), '030205a0');
  assert.equal(flags([8]).toString('hex'), '0303070080');
  assert.equal(time(Date.parse('2049-12-31T23:59:59Z')).subarray(2).toString(), '491231235959Z');
  assert.equal(time(Date.parse('2050-01-01T00:00:00Z')).subarray(2).toString(), '20500101000000Z');
});

for (const [what, hex] of [
  ['an indefinite length', '0480'],
  ['a length that is too long', '048101ff'],
  ['leading zeros in a length', '0482000112'],
  ['a value that ends early', '0405aa'],
  ['a long tag', '1f8101'],
  ['nothing behind the tag', '04'],
] as const) {
  test(`decode() refuses ${what}`, () => assert.throws(() => decode(Buffer.from(hex, 'hex')), Error));
}

test('bitsOf() refuses a bit string that ends within a byte', () => {
  assert.throws(() => bitsOf(decode(Buffer.from('030204f0', 'hex'))[0]), /whole bytes/);
});
