import assert from 'node:assert/strict';
import { test } from 'node:test';
import { protobuf } from '@navarch/api';
import { EVENT_WINDOW_MAX } from '@navarch/store';
import { asked } from '../testing/ask.ts';

const configMaps = '/api/v1/namespaces/d/configmaps';
const config = (name: string, labels: object = {}): object => ({ metadata: { name, labels } });
const seen = (frames: readonly any[]): readonly string[] =>
  frames.map(({ type, object }) => `${type} ${object.metadata.name ?? ''}`.trim());

test('a watch without a version begins with what is there; one from a version with what came after', async () => {
  const { ask, watch } = await asked();
  await ask('POST', configMaps, config('a'));
  const { resourceVersion } = (await ask('GET', configMaps)).body.metadata;
  const [fresh, later] = [
    await watch(`${configMaps}?watch=1`),
    await watch(`${configMaps}?watch=1&resourceVersion=${resourceVersion}`),
  ];
  const quiet = await watch(`${configMaps}?watch=1&resourceVersionMatch=NotOlderThan&sendInitialEvents=false`);
  await ask('POST', configMaps, config('b'));
  await ask('DELETE', `${configMaps}/a`);
  assert.deepEqual(seen(fresh.frames()), ['ADDED a', 'ADDED b', 'DELETED a']);
  assert.deepEqual(
    [seen(later.frames()), seen(quiet.frames())],
    [
      ['ADDED b', 'DELETED a'],
      ['ADDED b', 'DELETED a'],
    ],
  );
  for (const one of [fresh, later, quiet]) await one.close();
});

test('a watch list ends its first part with a marked bookmark, and sends more when it is quiet', async () => {
  const { ask, watch, clock, store } = await asked();
  await ask('POST', configMaps, config('a'));
  const open = await watch(
    `${configMaps}?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true`,
  );
  await ask('POST', '/api/v1/namespaces/d/secrets', { metadata: { name: 's' } });
  await clock.advance(61_000);
  const [added, initial, later] = open.frames();
  assert.deepEqual(
    [added.type, initial.type, initial.object.metadata.annotations],
    ['ADDED', 'BOOKMARK', { 'k8s.io/initial-events-end': 'true' }],
  );
  assert.deepEqual(
    [later.type, later.object.kind, later.object.metadata.resourceVersion, later.object.metadata.annotations],
    ['BOOKMARK', 'ConfigMap', String(store.revision()), undefined],
  );
  await open.close();
});

test('a watch shows leaving a selection as DELETED and entering it as ADDED', async () => {
  const { ask, watch } = await asked();
  await ask('POST', configMaps, config('a', { x: '1' }));
  const open = await watch(`${configMaps}?watch=1&labelSelector=x%3D1`);
  await ask('PUT', `${configMaps}/a`, config('a', { x: '2' }));
  await ask('PUT', `${configMaps}/a`, config('a', { x: '1' }));
  assert.deepEqual(seen(open.frames()), ['ADDED a', 'DELETED a', 'ADDED a']);
  await open.close();
});

test('a watch of one object, by field or by the old path, sees no other', async () => {
  const { ask, watch } = await asked();
  const open = [
    await watch(`${configMaps}?watch=1&fieldSelector=metadata.name%3Da`),
    await watch('/api/v1/watch/namespaces/d/configmaps/a'),
  ];
  for (const name of ['a', 'b']) await ask('POST', configMaps, config(name));
  for (const one of open) {
    assert.deepEqual(seen(one.frames()), ['ADDED a']);
    await one.close();
  }
  assert.equal(
    (await ask('GET', '/api/v1/watch/namespaces/d/configmaps/a?fieldSelector=metadata.name%3Db')).body.message,
    "fieldSelector metadata.name doesn't match requested name",
  );
});

test('a watch in protobuf is frames with their length before them', async () => {
  const { ask, watch } = await asked();
  const open = await watch(`${configMaps}?watch=1&allowWatchBookmarks=1`, {
    accept: 'application/vnd.kubernetes.protobuf',
  });
  await ask('POST', configMaps, config('a'));
  assert.equal(open.headers['content-type'], 'application/vnd.kubernetes.protobuf;stream=watch');
  assert.deepEqual(
    framesOf(open.bytes()).map(({ type, object }) => [type, object.kind, object.metadata.name ?? '']),
    [
      ['BOOKMARK', 'ConfigMap', ''],
      ['ADDED', 'ConfigMap', 'a'],
    ],
  );
  await open.close();
});

test('a watch of tables names its columns once; one of metadata sends nothing else', async () => {
  const { ask, watch } = await asked();
  await ask('POST', configMaps, config('a'));
  const table = await watch(`${configMaps}?watch=1`, { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' });
  const metadata = await watch(`${configMaps}?watch=1`, {
    accept: 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io',
  });
  await ask('POST', configMaps, config('b'));
  assert.deepEqual(
    table.frames().map(({ object }) => [object.kind, object.columnDefinitions !== null, object.rows[0].cells[0]]),
    [
      ['Table', true, 'a'],
      ['Table', false, 'b'],
    ],
  );
  assert.deepEqual(
    metadata.frames().map(({ object }) => [object.kind, Object.keys(object).sort()]),
    Array.from({ length: 2 }, () => ['PartialObjectMetadata', ['apiVersion', 'kind', 'metadata']]),
  );
  await table.close();
  await metadata.close();
});

test('a watch from before what is kept is told so in its first frame', async () => {
  const { ask, watch, server } = await asked();
  await ask('POST', configMaps, config('a'));
  for (let i = 0; i < EVENT_WINDOW_MAX * 1.3; i++)
    await ask(
      'PATCH',
      `${configMaps}/a`,
      { data: { i: String(i) } },
      { 'content-type': 'application/merge-patch+json' },
    );
  const open = await watch(`${configMaps}?watch=1&resourceVersion=1`);
  const [{ type, object }] = open.frames() as [any];
  assert.deepEqual([type, object.kind, object.code, object.reason], ['ERROR', 'Status', 410, 'Expired']);
  assert.match(object.message, /^too old resource version: 1 \(\d+\)$/);
  assert.ok(server);
  await open.close();
});

test('a watch sends what is there as fast as its reader takes it, then what changed meanwhile', async () => {
  const { ask, watch } = await asked();
  const data = { x: 'y'.repeat(10_000) };
  for (let i = 10; i < 90; i++) await ask('POST', configMaps, { metadata: { name: `c${i}` }, data });
  const turns: (() => void)[] = [];
  const open = await watch(`${configMaps}?watch=1`, {}, () => new Promise((resolve) => turns.push(resolve)));
  const first = open.frames().length;
  assert.ok(first > 10 && first < 40, `${first} frames before the reader has read`);
  await ask('DELETE', `${configMaps}/c10`);
  for (let turn = turns.shift(); turn; turn = turns.shift()) {
    turn();
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.deepEqual([open.frames().length, seen(open.frames()).at(-1)], [81, 'DELETED c10']);
  await open.close();
});

test('a watch ends after the time it asks for', async () => {
  const { watch, clock } = await asked();
  const open = await watch(`${configMaps}?watch=1&timeoutSeconds=5`);
  await clock.advance(5_000);
  await open.ended;
  assert.deepEqual(open.frames(), []);
});

function framesOf(bytes: Uint8Array): readonly { readonly type: string; readonly object: any }[] {
  const frames: { type: string; object: any }[] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 0; at < bytes.length;) {
    const length = view.getUint32(at);
    frames.push(protobuf.decodeEvent(bytes.subarray(at + 4, at + 4 + length)) as { type: string; object: any });
    at += 4 + length;
  }
  return frames;
}

test('a watch shows who leaves its selection as it was within it, at the version of leaving', async () => {
  const { ask, watch } = await asked();
  await ask('POST', configMaps, { ...config('a'), metadata: { name: 'a', labels: { x: 'y' } } });
  const open = await watch(`${configMaps}?watch=1&labelSelector=x%3Dy`);
  const left = await ask(
    'PATCH',
    `${configMaps}/a`,
    { metadata: { labels: { x: null } } },
    { 'content-type': 'application/merge-patch+json' },
  );
  const { type, object } = open.frames().at(-1);
  assert.deepEqual(
    [type, object.metadata.labels, object.metadata.resourceVersion],
    ['DELETED', { x: 'y' }, left.body.metadata.resourceVersion],
  );
  await open.close();
});

test('a read of a version that is none, or not yet there, is refused', async () => {
  const { ask } = await asked();
  await ask('POST', configMaps, config('a'));
  const answers = [];
  for (const version of ['x', '99999999', '0'])
    answers.push((await ask('GET', `${configMaps}/a?resourceVersion=${version}`)).status);
  assert.deepEqual(answers, [500, 504, 200]);
});
