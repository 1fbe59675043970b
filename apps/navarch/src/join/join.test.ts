import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { Node } from '@navarch/api';
import { seededRandom, silent } from '@navarch/base';
import { certificateAuthority, type Credentials, makeRequest, Pki, publicKeyPin } from '@navarch/node/pki';
import { systemClock } from '@navarch/node/system';
import { SimClock } from '@navarch/sim';
import { podRoutes } from '../compose/pod-routes.ts';
import { readZipEntry } from '../cluster/unzip.ts';
import { readCredentials, writeCredentials } from './credentials-file.ts';
import { bearerOf, joinCommand, joinTokenText, newJoinToken, parseJoinToken } from './join-token.ts';
import { keepFresh, renewalTime } from './keep-fresh.ts';
import { joinedAccess, storeClient } from './node-access.ts';

const folder = mkdtempSync(join(tmpdir(), 'nvjt-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const PIN = `sha256:${'0123456789abcdef'.repeat(4)}`;
const HOUR_MS = 3_600_000;

test('parseJoinToken() reads what joinTokenText() writes, and a bare bootstrap token', () => {
  const token = newJoinToken(PIN);
  assert.deepEqual(parseJoinToken(` ${joinTokenText(token)}\n`), token);
  assert.match(bearerOf(token), /^[a-z0-9]{6}\.[a-z0-9]{16}$/);
  assert.deepEqual(parseJoinToken('abcdef.0123456789abcdef'), {
    id: 'abcdef',
    secret: '0123456789abcdef',
    pin: undefined,
  });
  assert.equal(
    joinCommand('https://a:1', parseJoinToken(`abcdef.0123456789abcdef@${PIN}`)),
    `./navarch agent --server https://a:1 --token abcdef.0123456789abcdef@${PIN}`,
  );
});

for (const text of [
  '',
  'abcdef',
  'abcdef.0123',
  'ABCDEF.0123456789abcdef',
  'abcdef.0123456789abcdef@sha256:12',
  `abcdef.0123456789abcdef@md5:${'0'.repeat(64)}`,
  'abcdef.0123456789abcdef extra',
]) {
  test(`parseJoinToken() refuses ${JSON.stringify(text)}`, () =>
    assert.throws(
      () => parseJoinToken(text),
      /does not look like one: it has the form abcdef\.0123456789abcdef@sha256/,
    ));
}

test('writeCredentials() keeps a pair in one private file; readCredentials() takes nothing that is no pair', async () => {
  const pki = await Pki.open(join(folder, 'pki'));
  const [one, other] = [await pki.issue({ commonName: 'a' }), await pki.issue({ commonName: 'a' })];
  const file = join(folder, 'identity/client.pem');
  writeCredentials(file, one);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  const found = readCredentials(file);
  assert.deepEqual([found?.certificate.trim(), found?.key.trim()], [one.certificate.trim(), one.key.trim()]);
  for (const text of [
    '',
    one.certificate,
    `${one.certificate}\n${other.key}`,
    readFileSync(file, 'utf8').slice(0, 500),
  ]) {
    writeFileSync(file, text);
    assert.equal(readCredentials(file), undefined);
  }
  rmSync(file);
  assert.equal(readCredentials(file), undefined);
});

test('writeCredentials() leaves the old pair whole when it cannot write', async () => {
  const pki = await Pki.open(join(folder, 'pki'));
  const one = await pki.issue({ commonName: 'a' });
  const dir = join(folder, 'sealed');
  writeCredentials(join(dir, 'client.pem'), one);
  // A folder where the draft would go: the write fails, whoever runs this.
  mkdirSync(join(dir, 'client.pem.new/taken'), { recursive: true });
  assert.throws(() => writeCredentials(join(dir, 'client.pem'), one), /Cannot write/);
  assert.equal(readCredentials(join(dir, 'client.pem'))?.key.trim(), one.key.trim());
});

/** Certificates that live for as long as is asked, from the clock's now. */
async function issuer(clock: SimClock): Promise<(lifeMs: number) => Promise<Credentials>> {
  const authority = certificateAuthority((await Pki.open(join(folder, 'pki'))).authority);
  const { request, key } = makeRequest({ commonName: 'system:node:a' });
  return async (lifeMs) => ({
    key,
    certificate: await authority.issue({
      request,
      usages: ['client auth'],
      notBefore: clock.now(),
      notAfter: clock.now() + lifeMs,
    }),
  });
}

test('renewalTime() falls between 70 and 90 % of the life, not always at the same place', async () => {
  const clock = new SimClock();
  const { certificate } = await (await issuer(clock))(100 * HOUR_MS);
  const parts = Array.from(
    { length: 50 },
    (_, seed) => (renewalTime(certificate, seededRandom(seed)) - clock.now()) / (100 * HOUR_MS),
  );
  assert.ok(Math.min(...parts) >= 0.69 && Math.max(...parts) <= 0.9, String(parts));
  assert.ok(Math.max(...parts) - Math.min(...parts) > 0.1);
});

test('keepFresh() renews in time, again and again, and goes on after failures, later each time', async () => {
  const clock = new SimClock();
  const make = await issuer(clock);
  const begun = clock.now();
  const attempts: number[] = [];
  const stop = new AbortController();
  const running = keepFresh(
    {
      what: 'client',
      first: await make(100 * HOUR_MS),
      async renew() {
        attempts.push((clock.now() - begun) / HOUR_MS);
        if (attempts.length <= 3) throw new Error('the server is away');
        return make(100 * HOUR_MS);
      },
    },
    { clock, random: seededRandom(1), log: silent },
    stop.signal,
  );
  for (let hours = 0; hours < 300; hours += 1) await clock.advance(HOUR_MS);
  stop.abort();
  await clock.advance(1000);
  await running;
  const [first = 0, second = 0, third = 0, fourth = 0, next = 0] = attempts;
  assert.ok(first >= 69 && first <= 91, String(attempts));
  assert.deepEqual(
    [second - first, third - second, fourth - third].map((h) => Math.round(h * 3600)),
    [10, 20, 40],
  );
  assert.ok(next - fourth >= 69 && next - fourth <= 91, String(attempts));
});

const aNode = (name: string, address: string, podCIDR: string | undefined): Node =>
  ({
    metadata: { name },
    spec: podCIDR ? { podCIDR, podCIDRs: [podCIDR] } : {},
    status: {
      addresses: [
        { type: 'Hostname', address: name },
        { type: 'InternalIP', address },
      ],
    },
  }) as unknown as Node;

test('podRoutes() leads to every other node that has pods and an address, and never to itself', () => {
  const nodes = [
    aNode('c', '10.0.0.3', '10.244.2.0/24'),
    aNode('a', '10.0.0.1', '10.244.0.0/24'),
    aNode('b', '10.0.0.2', '10.244.1.0/24'),
    aNode('new', '10.0.0.4', undefined),
    aNode('six', 'fd00::1', '10.244.9.0/24'),
  ];
  assert.deepEqual(podRoutes(nodes, 'a'), [
    { destination: '10.244.1.0/24', via: '10.0.0.2' },
    { destination: '10.244.2.0/24', via: '10.0.0.3' },
  ]);
});

/** One stored file `a` with the text `hi`, as zip(1) lays it out. */
test('readZipEntry() finds a file by name, and says of what is no archive that it is none', () => {
  const name = Buffer.from('a');
  const local = Buffer.alloc(30);
  local.writeUInt32LE(0x04034b50, 0);
  local.writeUInt16LE(name.length, 26);
  const entry = Buffer.alloc(46);
  entry.writeUInt32LE(0x02014b50, 0);
  entry.writeUInt32LE(2, 20);
  entry.writeUInt16LE(name.length, 28);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt32LE(entry.length + name.length, 12);
  end.writeUInt32LE(local.length + name.length + 2, 16);
  const file = join(folder, 'a.zip');
  writeFileSync(file, Buffer.concat([local, name, Buffer.from('hi'), entry, name, end]));
  assert.equal(readZipEntry(file, 'a')?.toString(), 'hi');
  assert.equal(readZipEntry(file, 'b'), undefined);
  writeFileSync(file, 'nothing of the kind');
  assert.throws(() => readZipEntry(file, 'a'), /is not a zip archive/);
});

/** A machine that has joined: its folder, with an identity that ends at that time. */
async function joined(name: string, notAfter: number): Promise<{ readonly identityDir: string; readonly pin: string }> {
  const identityDir = join(folder, name);
  const { authority } = await Pki.open(join(folder, 'pki'));
  const { request, key } = makeRequest({ commonName: 'system:node:a', organizations: ['system:nodes'] });
  const certificate = await certificateAuthority(authority).issue({
    request,
    usages: ['client auth'],
    notBefore: notAfter - 100 * HOUR_MS,
    notAfter,
  });
  storeClient(identityDir, { certificate, key });
  const cluster = {
    server: 'https://10.0.0.1:6443',
    'certificate-authority-data': Buffer.from(authority.certificate).toString('base64'),
  };
  writeFileSync(
    join(identityDir, 'kubelet.kubeconfig'),
    JSON.stringify({
      clusters: [{ name: 'c', cluster }],
      users: [{ name: 'n', user: {} }],
      contexts: [{ name: 'x', context: { cluster: 'c', user: 'n' } }],
      'current-context': 'x',
    }),
  );
  return { identityDir, pin: publicKeyPin(authority.certificate) };
}

const options = {
  server: undefined,
  token: undefined,
  authorityFile: undefined,
  nodeName: undefined,
  hostName: 'host',
} as const;
const deps = { clock: systemClock, log: silent };
const never = new AbortController().signal;
const PORT_OF_NOBODY = 'https://127.0.0.1:1';

test('joinedAccess() uses the identity that is kept, at the address that is given, without asking anybody', async () => {
  const { identityDir, pin } = await joined('kept', Date.now() + HOUR_MS);
  const access = await joinedAccess({ ...options, identityDir }, deps, never);
  assert.deepEqual([access.nodeName, access.server], ['a', 'https://10.0.0.1:6443']);
  assert.equal(
    (await joinedAccess({ ...options, identityDir, server: PORT_OF_NOBODY, token: newJoinToken(pin) }, deps, never))
      .server,
    PORT_OF_NOBODY,
  );
});

test('joinedAccess() refuses to become another node, or part of another cluster, in the same folder', async () => {
  const { identityDir } = await joined('other', Date.now() + HOUR_MS);
  await assert.rejects(
    joinedAccess({ ...options, identityDir, nodeName: 'b' }, deps, never),
    /is the node a of a cluster already, not b: run `navarch down` here first/,
  );
  await assert.rejects(
    joinedAccess({ ...options, identityDir, token: newJoinToken(PIN) }, deps, never),
    /belongs to another cluster \(https:\/\/10\.0\.0\.1:6443\)/,
  );
});

test('joinedAccess() says that an identity has run out, and joins anew with a token', async () => {
  const { identityDir, pin } = await joined('ended', Date.now() - HOUR_MS);
  await assert.rejects(
    joinedAccess({ ...options, identityDir }, deps, never),
    /has run out, because it was away too long: give --token/,
  );
  await assert.rejects(
    joinedAccess({ ...options, identityDir, server: PORT_OF_NOBODY, token: newJoinToken(pin) }, deps, never),
    /Cannot reach https:\/\/127\.0\.0\.1:1/,
  );
});

test('joinedAccess() takes half an identity for none', async () => {
  const { identityDir } = await joined('half', Date.now() + HOUR_MS);
  rmSync(join(identityDir, 'kubelet.kubeconfig'));
  await assert.rejects(joinedAccess({ ...options, identityDir }, deps, never), /has not joined a cluster/);
});
