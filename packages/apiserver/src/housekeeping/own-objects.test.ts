import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asked } from '../testing/ask.ts';

test('the service of the server and the way to it are there again ten seconds after somebody deleted them, at the same address', async () => {
  const { ask, clock } = await asked();
  const service = '/api/v1/namespaces/default/services/kubernetes';
  const { clusterIP } = (await ask('GET', service)).body.spec;
  await ask('DELETE', service);
  const ways = [
    '/api/v1/namespaces/default/endpoints/kubernetes',
    '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/kubernetes',
  ];
  for (const way of ways) assert.equal((await ask('DELETE', way)).status, 200);
  await clock.advance(10_000);
  assert.equal((await ask('GET', service)).body.spec?.clusterIP, clusterIP);
  for (const way of ways) assert.equal((await ask('GET', way)).status, 200);
});

test('a namespace that nodes need, and what is said of priorities, are there again a minute after they were deleted', async () => {
  const { ask, clock } = await asked();
  const namespace = '/api/v1/namespaces/kube-node-lease';
  const { body } = await ask('DELETE', namespace);
  await ask('PUT', `${namespace}/finalize`, { ...body, spec: { finalizers: [] } });
  const flow = '/apis/flowcontrol.apiserver.k8s.io/v1';
  const lost = [namespace, `${flow}/flowschemas/catch-all`, `${flow}/prioritylevelconfigurations/workload-low`];
  for (const path of lost.slice(1)) await ask('DELETE', path);
  const found = async (): Promise<readonly number[]> =>
    Promise.all(lost.map(async (path) => (await ask('GET', path)).status));
  assert.deepEqual(await found(), [404, 404, 404]);
  await clock.advance(60_000);
  assert.deepEqual(await found(), [200, 200, 200]);
});
