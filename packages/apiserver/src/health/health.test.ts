import assert from 'node:assert/strict';
import { test } from 'node:test';
import { customResourceDefinition } from '@navarch/api';
import { seededRandom, silent } from '@navarch/base';
import { SimClock } from '@navarch/sim';
import { MemoryStore, type Store } from '@navarch/store';
import type { ExtensionServers } from '../aggregation/extension-servers.ts';
import { serve, type ServeOptions } from '../serve.ts';

interface Asked {
  readonly status: number;
  readonly text: string;
}

const admin = { name: 'admin', groups: ['system:masters'] };

/** A store in memory whose check is the test's. */
function withCheck(inner: MemoryStore, check: () => Promise<void>): Store {
  return {
    revision: () => inner.revision(),
    oldest: () => inner.oldest(),
    get: (key) => inner.get(key),
    list: (prefix, options) => inner.list(prefix, options),
    commit: (operations) => inner.commit(operations),
    compact: (revision) => inner.compact(revision),
    close: () => inner.close(),
    check,
    subscribe: (prefix, after, watcher, signal) => inner.subscribe(prefix, after, watcher, signal),
  };
}

/** A whole server that keeps no house yet, and how it is asked. */
async function started(more: Partial<ServeOptions> = {}) {
  const [clock, stop] = [new SimClock(), new AbortController()];
  const served = await serve(
    {
      store: new MemoryStore(),
      clock,
      random: seededRandom(1),
      log: silent,
      tokens: { sign: async () => '', verify: async () => undefined, jwks: () => ({ keys: [] }) },
      issuer: 'https://issuer',
      staticTokens: new Map([['admin', admin]]),
      serviceCidr: '10.96.0.0/16',
      nodePorts: [30_000, 32_767],
      advertiseAddress: '10.0.0.1',
      advertisePort: 6443,
      ...more,
    },
    stop.signal,
  );
  const ask = async (target: string): Promise<Asked> => {
    const { pathname, searchParams } = new URL(target, 'http://x');
    const headers: Readonly<Record<string, string>> = { authorization: 'Bearer admin' };
    const reply = await served.server.handle({
      method: 'GET',
      path: pathname,
      query: searchParams,
      header: (name) => headers[name],
      headerNames: () => Object.keys(headers),
      body: async () => new Uint8Array(),
      remoteAddress: '',
      signal: stop.signal,
    });
    assert.equal(reply.type, 'bytes');
    return { status: reply.status, text: Buffer.concat(reply.body).toString() };
  };
  return { ...served, clock, stop, ask };
}

/** With everything running that a server does by itself. */
async function running(more: Partial<ServeOptions> = {}) {
  const server = await started(more);
  void server.housekeep(new AbortController().signal);
  return server;
}

test("all is well: each check says so, in upstream's order, and readiness asks for more", async () => {
  const { ask } = await running();
  for (const endpoint of ['healthz', 'livez', 'readyz'])
    assert.deepEqual(await ask(`/${endpoint}`), { status: 200, text: 'ok' });
  const lines = (await ask('/readyz?verbose')).text.split('\n');
  assert.deepEqual(lines.slice(0, 6), [
    '[+]ping ok',
    '[+]log ok',
    '[+]etcd ok',
    '[+]etcd-readiness ok',
    '[+]informer-sync ok',
    '[+]poststarthook/start-apiserver-admission-initializer ok',
  ]);
  assert.deepEqual(lines.slice(-7), [
    '[+]poststarthook/kube-apiserver-autoregistration ok',
    '[+]autoregister-completion ok',
    '[+]poststarthook/apiservice-openapi-controller ok',
    '[+]poststarthook/apiservice-openapiv3-controller ok',
    '[+]shutdown ok',
    'readyz check passed',
    '',
  ]);
  const start = lines.indexOf('[+]poststarthook/start-cluster-authentication-info-controller ok');
  assert.deepEqual(lines.slice(start + 1, start + 4), [
    '[+]poststarthook/storage-readiness ok',
    '[+]poststarthook/start-legacy-token-tracking-controller ok',
    '[+]poststarthook/start-service-ip-repair-controllers ok',
  ]);
  const live = (await ask('/livez?verbose')).text;
  for (const name of ['etcd-readiness', 'informer-sync', 'shutdown']) assert.ok(!live.includes(`]${name} `), name);
  assert.deepEqual(await ask('/livez/shutdown'), { status: 404, text: '404 page not found\n' });
});

test('etcd: what the store says is for who asks for the check alone; others hear that it failed, and it may be excluded', async () => {
  let problem: string | undefined;
  const store = withCheck(new MemoryStore(), async () => {
    if (problem) throw new Error(problem);
  });
  const { ask } = await running({ store });
  problem = 'Cannot write to the store: database or disk is full';
  for (const endpoint of ['healthz', 'livez', 'readyz']) {
    const { status, text } = await ask(`/${endpoint}`);
    assert.equal(status, 500);
    assert.match(
      text,
      new RegExp(
        `^\\[\\+\\]ping ok\\n[^]*^\\[-\\]etcd failed: reason withheld\\n[^]*\\n${endpoint} check failed\\n$`,
        'm',
      ),
    );
    assert.ok(!text.includes('full'));
  }
  const told = { status: 500, text: `internal server error: error getting data from etcd: ${problem}\n` };
  assert.deepEqual(await ask('/livez/etcd'), told);
  assert.deepEqual(await ask('/readyz/etcd-readiness'), told);
  assert.match((await ask('/livez?exclude=etcd&verbose')).text, /^\[\+\]etcd excluded: ok$/m);
  assert.equal((await ask('/livez?exclude=etcd&exclude=none')).status, 200);
  assert.match((await ask('/metrics/slis')).text, /^kubernetes_healthcheck\{name="etcd",type="livez"\} 0$/m);
  assert.equal(JSON.parse((await ask('/api/v1/componentstatuses/etcd-0')).text).conditions[0].status, 'False');
  problem = undefined;
  assert.deepEqual(await ask('/readyz'), { status: 200, text: 'ok' });
});

test('component statuses: what runs beside the server is well, and nobody listens for what does not', async () => {
  const { ask } = await running({ beside: ['scheduler'] });
  const { items } = JSON.parse((await ask('/api/v1/componentstatuses')).text) as { readonly items: readonly any[] };
  const refused = 'Get "https://127.0.0.1:10257/healthz": dial tcp 127.0.0.1:10257: connect: connection refused';
  assert.deepEqual(
    items.map(({ metadata, conditions: [{ status, message }] }) => [metadata.name, status, message]),
    [
      ['controller-manager', 'False', refused],
      ['etcd-0', 'True', 'ok'],
      ['scheduler', 'True', 'ok'],
    ],
  );
  assert.equal(JSON.parse((await ask('/api/v1/componentstatuses/scheduler')).text).metadata.name, 'scheduler');
});

test('etcd: a store that does not answer has failed after two seconds, and is asked once however many look', async () => {
  const answer = Promise.withResolvers<void>();
  let asked = 0;
  const store = withCheck(new MemoryStore(), () => {
    asked += 1;
    return answer.promise;
  });
  const { ask, clock } = await running({ store });
  const waiting = [ask('/livez/etcd'), ask('/readyz/etcd')];
  await clock.advance(2000);
  for (const one of waiting)
    assert.deepEqual(await one, {
      status: 500,
      text: 'internal server error: error getting data from etcd: context deadline exceeded\n',
    });
  assert.equal(asked, 1);
  answer.resolve();
  assert.equal((await ask('/livez/etcd')).status, 200);
});

test('informer-sync: a server whose store is gone does not know any more what there is', async () => {
  const store = new MemoryStore();
  const { ask, registry } = await running({ store });
  await store.close();
  const { status, text } = await ask('/readyz/informer-sync');
  assert.equal(status, 500);
  assert.match(text, /^internal server error: \d+ informers not started yet: \[configmaps endpoints events .*\]\n$/);
  assert.ok(registry.unsynced().includes(`${customResourceDefinition.plural}.${customResourceDefinition.group}`));
  assert.deepEqual(await ask('/livez/etcd'), {
    status: 500,
    text: 'internal server error: error getting data from etcd: The store is closed\n',
  });
});

test('poststarthook: what a server does by itself is not finished before it has begun', async () => {
  const { ask, housekeep } = await started();
  const { status, text } = await ask('/readyz');
  assert.equal(status, 500);
  assert.match(text, /^\[-\]poststarthook\/start-apiextensions-controllers failed: reason withheld$/m);
  assert.match(text, /^\[\+\]poststarthook\/rbac\/bootstrap-roles ok$/m);
  assert.equal((await ask('/livez')).status, 500);
  assert.deepEqual(await ask('/livez/poststarthook/apiservice-registration-controller'), {
    status: 500,
    text: 'internal server error: not finished\n',
  });
  void housekeep(new AbortController().signal);
  assert.equal((await ask('/livez')).status, 200);
});

test('autoregister-completion: the server waits for the APIServices of its own API', async () => {
  const extensions: ExtensionServers = {
    read: async () => {
      throw new Error('nobody there');
    },
  } as never;
  const { ask, housekeep, clock } = await started({ extensions });
  assert.match(
    (await ask('/readyz/autoregister-completion')).text,
    /^internal server error: missing APIService: \[v1\. v1\.admissionregistration\.k8s\.io .*\]\n$/,
  );
  void housekeep(new AbortController().signal);
  await clock.advance(0);
  assert.deepEqual(await ask('/readyz/autoregister-completion'), { status: 200, text: 'ok' });
});

test('shutdown: a server that ends lives on, and is not to be sent requests', async () => {
  const { ask, stop } = await running();
  stop.abort();
  const { status, text } = await ask('/readyz');
  assert.equal(status, 500);
  assert.match(text, /^\[-\]shutdown failed: reason withheld\nreadyz check failed\n$/m);
  assert.deepEqual(await ask('/readyz/shutdown'), {
    status: 500,
    text: 'internal server error: process is shutting down\n',
  });
  assert.equal((await ask('/livez')).status, 200);
});
