import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configMap } from '@navarch/api';
import type { CacheReader } from '@navarch/client';
import { notFound, splitKey } from '@navarch/machinery';
import { asked } from '../testing/ask.ts';
import type { View } from './view.ts';

const size: View = {
  at: 'example.dev/v1/configmaps/size',
  async show(key, objects) {
    const held = objects.get(configMap, key);
    if (!held) throw notFound(configMap, splitKey(key).name);
    return {
      kind: 'Size',
      apiVersion: 'example.dev/v1',
      keys: Object.keys(held.data ?? {}).length,
      of: objects.list(configMap, 'd').length,
    };
  },
};
const PATH = '/apis/example.dev/v1/namespaces/d/configmaps/a/size';
const bob = { authorization: 'Bearer bob' };

async function withMap() {
  const { ask, server } = await asked({ views: [size] });
  await ask('POST', '/api/v1/namespaces/d/configmaps', { metadata: { name: 'a' }, data: { x: '1', y: '2' } });
  return { ask, server };
}

test('a view is worked out of what the server holds, and read like anything else', async () => {
  const { ask } = await withMap();
  const { status, body } = await ask('GET', PATH);
  assert.deepEqual([status, body], [200, { kind: 'Size', apiVersion: 'example.dev/v1', keys: 2, of: 1 }]);
  const absent = await ask('GET', PATH.replace('/a/', '/b/'));
  assert.deepEqual([absent.status, absent.body.message], [404, 'configmaps "b" not found']);
});

test('a view is for those who may get that very subresource', async () => {
  const { ask } = await withMap();
  const refused = await ask('GET', PATH, undefined, bob);
  assert.equal(refused.status, 403);
  assert.match(
    refused.body.message,
    /User "bob" cannot get resource "configmaps\/size" in API group "example.dev" in the namespace "d"/,
  );
  const rules = [{ apiGroups: ['example.dev'], resources: ['configmaps/size'], verbs: ['get'] }];
  await ask('POST', '/apis/rbac.authorization.k8s.io/v1/namespaces/d/roles', { metadata: { name: 'r' }, rules });
  await ask('POST', '/apis/rbac.authorization.k8s.io/v1/namespaces/d/rolebindings', {
    metadata: { name: 'r' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'r' },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'bob' }],
  });
  assert.equal((await ask('GET', PATH, undefined, bob)).status, 200);
});

test('a view can be read and nothing else, and only of an object in a namespace', async () => {
  const { ask } = await withMap();
  const statuses = [];
  for (const [method, path] of [
    ['POST', PATH],
    ['DELETE', PATH],
    ['GET', `${PATH}/more`],
    ['GET', '/apis/example.dev/v1/configmaps/a/size'],
    ['GET', '/apis/example.dev/v1/namespaces/d/configmaps/a'],
  ] as const)
    statuses.push((await ask(method, path)).status);
  assert.deepEqual(statuses, [405, 405, 404, 404, 404]);
});

test('discovery does not tell of views', async () => {
  const { ask } = await withMap();
  const { text } = await ask('GET', '/apis');
  assert.doesNotMatch(text, /example\.dev/);
});

test('numbers that others of the process work out are at a path of their own below /metrics', async () => {
  const families = (objects: CacheReader) => [
    {
      name: 'maps',
      help: 'how many',
      type: 'gauge' as const,
      samples: [{ labels: { namespace: 'd' }, value: objects.list(configMap, 'd').length }],
    },
  ];
  const { ask } = await asked({ metricPages: [{ at: 'maps', families }] });
  await ask('POST', '/api/v1/namespaces/d/configmaps', { metadata: { name: 'a' } });
  assert.match((await ask('GET', '/metrics/maps')).text, /^maps\{namespace="d"\} 1$/m);
  assert.equal((await ask('GET', '/metrics/others')).status, 404);
  assert.equal((await ask('GET', '/metrics/maps', undefined, bob)).status, 403);
});
