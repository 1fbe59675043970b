import assert from 'node:assert/strict';
import { createHmac, createPublicKey, X509Certificate } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { certificateAuthority } from './authority.ts';
import { certificateFacts, detachedSignature, publicKeyPin } from './inspect.ts';
import { isPair, Pki } from './pki.ts';
import { makeRequest } from './request.ts';

async function withFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'nvp-'));
  try {
    await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const NODE = { commonName: 'system:node:a', organizations: ['system:nodes'] };

test('certificateAuthority() signs what a request asks to be named, for the usages and the time it is told', () =>
  withFolder(async (dir) => {
    const pki = await Pki.open(dir);
    const authority = certificateAuthority(pki.authority);
    const { request, key } = makeRequest({ ...NODE, names: ['a'], addresses: ['10.0.0.1'] });
    assert.deepEqual(await authority.read(request), {
      commonName: 'system:node:a',
      organizations: ['system:nodes'],
      dnsNames: ['a'],
      ipAddresses: ['10.0.0.1'],
      emailAddresses: [],
      uris: [],
    });
    const [notBefore, notAfter] = [Date.parse('2026-01-01T00:00:00Z'), Date.parse('2027-01-01T00:00:00Z')];
    const certificate = await authority.issue({
      request,
      usages: ['digital signature', 'server auth'],
      notBefore,
      notAfter,
    });
    assert.deepEqual(certificateFacts(certificate), {
      commonName: 'system:node:a',
      names: ['a', '10.0.0.1'],
      notBefore,
      notAfter,
    });
    assert.ok(isPair({ certificate, key }));
    assert.ok(!isPair({ certificate, key: pki.authority.key }));
  }));

test('certificateAuthority() gives no certificate a longer life than its own', () =>
  withFolder(async (dir) => {
    const pki = await Pki.open(dir);
    const authority = certificateAuthority(pki.authority);
    const { request } = makeRequest(NODE);
    const certificate = await authority.issue({
      request,
      usages: ['client auth'],
      notBefore: Date.now(),
      notAfter: Date.parse('2099-01-01T00:00:00Z'),
    });
    assert.equal(certificateFacts(certificate).notAfter, certificateFacts(pki.authority.certificate).notAfter);
  }));

test('certificateAuthority() refuses what is no request, and a request that another key signed', () =>
  withFolder(async (dir) => {
    const authority = certificateAuthority((await Pki.open(dir)).authority);
    await assert.rejects(authority.read('nonsense'), /PEM block type must be CERTIFICATE REQUEST/);
    const { request } = makeRequest(NODE);
    const der = Buffer.from(request.replace(/-----[^-]+-----|\s/g, ''), 'base64');
    const last = der.length - 1;
    der.writeUInt8(der.readUInt8(last) ^ 1, last);
    await assert.rejects(
      authority.read(
        `-----BEGIN CERTIFICATE REQUEST-----\n${der.toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`,
      ),
      /x509: ECDSA verification failure/,
    );
  }));

test('publicKeyPin() is of the authority: two authorities in one folder have two', () =>
  withFolder(async (dir) => {
    const [clients, servers] = [await Pki.open(dir), await Pki.open(dir, 'kubelet-serving-ca')];
    assert.match(publicKeyPin(clients.authority.certificate), /^sha256:[0-9a-f]{64}$/);
    assert.notEqual(publicKeyPin(clients.authority.certificate), publicKeyPin(servers.authority.certificate));
    assert.equal(
      publicKeyPin((await Pki.open(dir)).authority.certificate),
      publicKeyPin(clients.authority.certificate),
    );
  }));

test('Pki.identity() makes one anew whose files a crash left as no pair, and leaves no drafts', () =>
  withFolder(async (dir) => {
    const pki = await Pki.open(dir);
    const [first, other] = [await pki.identity('a', NODE), await pki.identity('b', NODE)];
    assert.equal((await pki.identity('a', NODE)).certificate, first.certificate);
    writeFileSync(join(dir, 'a.key'), other.key);
    const again = await pki.identity('a', NODE);
    assert.ok(isPair(again));
    assert.equal(readFileSync(join(dir, 'a.key'), 'utf8'), again.key);
    assert.deepEqual(
      readdirSync(dir).filter((name) => name.endsWith('.new')),
      [],
    );
    assert.equal(statSync(join(dir, 'a.key')).mode & 0o777, 0o600);
  }));

test('Pki.identity() gives people a key that clients in any language load', () =>
  withFolder(async (dir) => {
    const pki = await Pki.open(dir);
    const made = await pki.identity('admin', { commonName: 'admin', isForPeople: true });
    assert.match(made.key, /^-----BEGIN RSA PRIVATE KEY-----\n/);
    assert.ok(isPair(made));
    assert.ok(new X509Certificate(made.certificate).verify(createPublicKey(pki.authority.certificate)));
    assert.equal((await pki.identity('admin', { commonName: 'admin', isForPeople: true })).key, made.key);
  }));

test('detachedSignature() is a JSON web signature without its payload', () => {
  const [header = '', payload, signature] = detachedSignature('text', 'abcdef', 'secret').split('.');
  assert.deepEqual(JSON.parse(Buffer.from(header, 'base64url').toString()), { alg: 'HS256', kid: 'abcdef' });
  assert.equal(payload, '');
  assert.equal(
    signature,
    createHmac('sha256', 'secret')
      .update(`${header}.${Buffer.from('text').toString('base64url')}`)
      .digest('base64url'),
  );
});
