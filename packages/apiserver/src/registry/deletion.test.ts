import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asked } from '../testing/ask.ts';
import { MemoryStore, type Operation, type Store, VersionedMap } from '@navarch/store';
import { type StartedServer, startedServer } from '../testing/started-server.ts';

const PODS = '/api/v1/namespaces/default/pods';

/** Turns of the event loop that a write takes. */
const TURNS = 10;
const turns = async (count: number): Promise<void> => {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};

/** Checks a write at once and shows it a few turns of the event loop later, as one does that waits for its disk. */
function slowStore(): Store {
  const map = new VersionedMap();
  return Object.assign(new MemoryStore(), {
    revision: () => map.revision,
    oldest: () => map.compacted,
    get: async (key: string) => map.get(key),
    list: async (...args: Parameters<Store['list']>) => map.list(...args),
    subscribe: (...args: Parameters<Store['subscribe']>) => map.subscribe(...args),
    async commit(operations: readonly Operation[]) {
      const planned = map.plan(operations);
      await turns(TURNS);
      map.apply(planned);
      return planned.map(({ revision }) => revision);
    },
  });
}

async function withPod(): Promise<StartedServer> {
  const server = await startedServer([], { store: slowStore() });
  await server.make('/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'default' } });
  await server.make(PODS, { metadata: { name: 'p' }, spec: { containers: [{ name: 'c', image: 'i' }] } });
  return server;
}
const bind = (server: StartedServer) =>
  server.ask('POST', `${PODS}/p/binding`, {
    apiVersion: 'v1',
    kind: 'Binding',
    metadata: { name: 'p' },
    target: { kind: 'Node', name: 'n' },
  });

test('a deletion without preconditions waits for a binding that is being written, and then finds the pod bound', async () => {
  const server = await withPod();
  const [bound, deleted] = await Promise.all([bind(server), server.ask('DELETE', `${PODS}/p`)]);
  assert.deepEqual(
    [bound.status, deleted.status, deleted.body.spec.nodeName, deleted.body.metadata.deletionGracePeriodSeconds],
    [201, 200, 'n', 30],
  );
});

test('a binding waits for a deletion that is being written, and then finds no pod', async () => {
  const server = await withPod();
  const [deleted, bound] = await Promise.all([server.ask('DELETE', `${PODS}/p`), bind(server)]);
  assert.deepEqual([deleted.status, bound.status, bound.body.reason], [200, 404, 'NotFound']);
});

test('an update waits for a deletion that is being written, and then finds no object', async () => {
  const server = await withPod();
  const deleting = server.ask('DELETE', `${PODS}/p`);
  await turns(TURNS / 2);
  const patched = await server.ask(
    'PATCH',
    `${PODS}/p`,
    { metadata: { labels: { a: 'b' } } },
    { headers: { 'content-type': 'application/merge-patch+json' } },
  );
  const deleted = await deleting;
  assert.deepEqual([deleted.status, patched.status], [200, 404]);
});

test('a deletion that says what it cannot mean deletes nothing', async () => {
  const { ask } = await asked();
  const at = '/api/v1/namespaces/d/configmaps';
  await ask('POST', at, { metadata: { name: 'a' } });
  const answers = [];
  for (const [query, body] of [
    ['?dryRun=x', undefined],
    ['?dryRun=', undefined],
    ['', { kind: 'Other', apiVersion: 'v1' }],
    ['', { dryRun: 'All' }],
  ] as const)
    answers.push((await ask('DELETE', `${at}/a${query}`, body)).status);
  assert.deepEqual([...answers, (await ask('GET', `${at}/a`)).status], [422, 422, 400, 400, 200]);
});

/** A pod on a node, on its way out with a grace of 60 s. */
async function going(): Promise<StartedServer> {
  const server = await withPod();
  await bind(server);
  const { body } = await server.ask('DELETE', `${PODS}/p`, { gracePeriodSeconds: 60 });
  assert.equal(body.metadata.deletionGracePeriodSeconds, 60);
  return server;
}

/** What those who watch see of deletions: the type, and the marks of deletion. */
const deletions = (frames: readonly any[]): readonly unknown[] =>
  frames.map(({ type, object: { metadata } }) => [
    type,
    metadata.deletionTimestamp !== undefined,
    metadata.deletionGracePeriodSeconds,
  ]);

test('a pod that goes at once is seen going before it is seen gone; what has no grace is just gone', async () => {
  const { ask, watch } = await asked();
  const pods = '/api/v1/namespaces/d/pods';
  await ask('POST', '/api/v1/namespaces/d/serviceaccounts', { metadata: { name: 'default' } });
  await ask('POST', pods, { metadata: { name: 'p' }, spec: { containers: [{ name: 'c', image: 'i' }] } });
  const open = await watch(`${pods}?watch=1`);
  const dry = (await ask('DELETE', `${pods}/p?dryRun=All`)).body.metadata;
  const { metadata } = (await ask('DELETE', `${pods}/p`)).body;
  assert.deepEqual(
    [dry.deletionTimestamp, metadata.deletionGracePeriodSeconds, metadata.deletionTimestamp !== undefined],
    [undefined, 0, true],
  );
  assert.deepEqual(deletions(open.frames()), [
    ['ADDED', false, undefined],
    ['MODIFIED', true, 0],
    ['DELETED', true, 0],
  ]);
  await open.close();
  const configMaps = '/api/v1/namespaces/d/configmaps';
  await ask('POST', configMaps, { metadata: { name: 'c' } });
  const other = await watch(`${configMaps}?watch=1`);
  await ask('DELETE', `${configMaps}/c`);
  assert.deepEqual(deletions(other.frames()), [
    ['ADDED', false, undefined],
    ['DELETED', false, undefined],
  ]);
  await other.close();
});

test('the end of a grace is seen too, and a version that was asked for is that before both writes', async () => {
  const { ask, watch } = await asked();
  const pods = '/api/v1/namespaces/d/pods';
  await ask('POST', '/api/v1/namespaces/d/serviceaccounts', { metadata: { name: 'default' } });
  const spec = { nodeName: 'n', containers: [{ name: 'c', image: 'i' }] };
  await ask('POST', pods, { metadata: { name: 'p' }, spec });
  const { resourceVersion } = (await ask('DELETE', `${pods}/p`, { gracePeriodSeconds: 60 })).body.metadata;
  const open = await watch(`${pods}?watch=1`);
  const preconditions = { resourceVersion };
  assert.equal((await ask('DELETE', `${pods}/p`, { gracePeriodSeconds: 0, preconditions })).status, 200);
  assert.deepEqual(deletions(open.frames()), [
    ['ADDED', true, 60],
    ['MODIFIED', true, 0],
    ['DELETED', true, 0],
  ]);
  await open.close();
});

for (const [claim, options, grace] of [
  ['says no grace leaves it as it is', {}, 60],
  ['wants a longer grace leaves it as it is', { gracePeriodSeconds: 90 }, 60],
  ['wants a shorter grace shortens it', { gracePeriodSeconds: 10 }, 10],
  ['wants a negative grace makes it as short as can be', { gracePeriodSeconds: -5 }, 1],
] as const)
  test(`a second deletion that ${claim}, and names no finalizers`, async () => {
    const server = await going();
    const before = (await server.ask('GET', `${PODS}/p`)).body.metadata;
    const policy = grace === 60 ? { propagationPolicy: 'Foreground' } : {};
    const { status, body } = await server.ask('DELETE', `${PODS}/p`, { ...options, ...policy });
    const { deletionTimestamp, deletionGracePeriodSeconds, finalizers } = body.metadata;
    assert.deepEqual([status, deletionGracePeriodSeconds, finalizers], [200, grace, undefined]);
    assert.equal(Date.parse(before.deletionTimestamp) - Date.parse(deletionTimestamp), (60 - grace) * 1000);
  });

test('a deletion in another way takes the place of the one before, where finalizers hold the object', async () => {
  const { ask } = await asked();
  const at = '/api/v1/namespaces/d/configmaps';
  await ask('POST', at, { metadata: { name: 'a', finalizers: ['x.dev/f'] } });
  await ask('DELETE', `${at}/a?propagationPolicy=Foreground`);
  const { body } = await ask('DELETE', `${at}/a?propagationPolicy=Orphan`);
  assert.deepEqual(body.metadata.finalizers, ['x.dev/f', 'orphan']);
});

test('what can be read is not deleted as what cannot, and nothing else is asked of such a deletion', async () => {
  const { ask } = await asked();
  const at = '/api/v1/namespaces/d/configmaps';
  await ask('POST', at, { metadata: { name: 'a' } });
  const unsafe = 'ignoreStoreReadErrorWithClusterBreakingPotential=true';
  const refused = await ask('DELETE', `${at}/a?${unsafe}`);
  assert.deepEqual([refused.status, refused.body.reason], [409, 'Conflict']);
  assert.match(refused.body.message, /unsafe deletion is not allowed because the object is decodable from storage$/);
  assert.equal((await ask('DELETE', `${at}/none?${unsafe}`)).status, 404);
  assert.match(
    (await ask('DELETE', `${at}/a?${unsafe}&gracePeriodSeconds=0`)).body.message,
    /Invalid value: true: cannot be set together with \.gracePeriodSeconds$/,
  );
  assert.match(
    (await ask('DELETE', `${at}?${unsafe}`)).body.message,
    /Invalid value: true: is not allowed with DELETECOLLECTION, try again after removing the option$/,
  );
  assert.equal((await ask('GET', `${at}/a`)).status, 200);
});
