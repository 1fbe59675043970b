import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import workers, { type Worker } from 'node:worker_threads';
import { configMap } from '@navarch/api';
import { serve, type Served } from '@navarch/apiserver';
import { silent } from '@navarch/base';
import type { Store } from '@navarch/store';
import { systemClock, systemRandom } from '../system/index.ts';

// What a whole server says of itself when its store fails under it: the thread that writes ends, or the disk is full.

const folder = mkdtempSync(join(tmpdir(), 'navarch-failing-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const started: Worker[] = [];
const { Worker: Original } = workers;
/** The store keeps its thread to itself: the test holds on to it where it is made. */
workers.Worker = class extends Original {
  constructor(...args: ConstructorParameters<typeof Original>) {
    super(...args);
    started.push(this);
  }
};
syncBuiltinESMExports();
const { SqliteStore } = await import('./index.ts');

async function served(store: Store, signal: AbortSignal): Promise<Served> {
  const made = await serve(
    {
      store,
      clock: systemClock,
      random: systemRandom(),
      log: silent,
      tokens: { sign: async () => 'token', verify: async () => undefined, jwks: () => ({ keys: [] }) },
      issuer: 'https://issuer',
      serviceCidr: '10.96.0.0/16',
      nodePorts: [30_000, 32_767],
      advertiseAddress: '10.95.0.1',
      advertisePort: 6443,
      staticTokens: new Map([['admin', { name: 'admin', groups: ['system:masters'] }]]),
    },
    signal,
  );
  made.housekeep(signal).catch(() => undefined);
  return made;
}

async function look({ server }: Served, path: string): Promise<{ readonly status: number; readonly text: string }> {
  const reply = await server.handle({
    method: 'GET',
    path,
    query: new URLSearchParams(),
    header: (name) => (name === 'authorization' ? 'Bearer admin' : undefined),
    headerNames: () => ['authorization'],
    body: async () => new Uint8Array(),
    remoteAddress: '',
    signal: new AbortController().signal,
  });
  assert.equal(reply.type, 'bytes');
  return { status: reply.status, text: Buffer.concat(reply.body).toString() };
}

async function closed(store: Store, stop: AbortController): Promise<void> {
  stop.abort();
  await store.close();
}

const call = { user: { name: 'admin', groups: ['system:masters'] }, isDryRun: false };
const make = (server: Served, name: string, bytes: number): Promise<unknown> =>
  server.registry.of(configMap).create('default', { metadata: { name }, data: { text: 'x'.repeat(bytes) } }, call);

test('a server whose store has lost its thread is neither ready nor alive, and says why to who may ask', async (t) => {
  const stop = new AbortController();
  const store = await SqliteStore.open(join(folder, 'thread'));
  t.after(() => closed(store, stop));
  const server = await served(store, stop.signal);
  assert.equal((await look(server, '/readyz')).status, 200);
  await started.at(-1)?.terminate();
  const { status, text } = await look(server, '/readyz');
  assert.equal(status, 500);
  for (const name of ['etcd', 'etcd-readiness', 'informer-sync'])
    assert.ok(text.includes(`[-]${name} failed: reason withheld\n`), name);
  assert.deepEqual(await look(server, '/livez/etcd'), {
    status: 500,
    text: 'internal server error: error getting data from etcd: The store has stopped: its writing thread has ended\n',
  });
  await assert.rejects(make(server, 'a', 1), /The store has stopped/);
});

test('a server whose disk is full is not alive until a write succeeds again, which it finds out by itself', async (t) => {
  const stop = new AbortController();
  const path = join(folder, 'full');
  const store = await SqliteStore.open(path);
  t.after(() => closed(store, stop));
  const server = await served(store, stop.signal);
  // No file may grow: to the store that is a full disk. The signal that comes with it is not for us.
  const ignored = (): undefined => undefined;
  process.on('SIGXFSZ', ignored);
  const limit = (bytes: number | 'unlimited'): unknown =>
    execFileSync('prlimit', ['--pid', String(process.pid), `--fsize=${bytes}:unlimited`]);
  try {
    limit(statSync(join(path, 'store.db-wal')).size);
    await assert.rejects(make(server, 'large', 500_000), /Cannot write to the store/);
    const { status, text } = await look(server, '/livez/etcd');
    assert.equal(status, 500);
    assert.match(text, /^internal server error: error getting data from etcd: Cannot write to the store: .+\n$/);
    assert.equal((await look(server, '/readyz')).status, 500);
    // Readers are served all the same.
    assert.equal((await look(server, '/api/v1/namespaces/default')).status, 200);
  } finally {
    limit('unlimited');
    process.off('SIGXFSZ', ignored);
  }
  assert.equal((await look(server, '/readyz')).status, 200);
  await make(server, 'large', 500_000);
});
