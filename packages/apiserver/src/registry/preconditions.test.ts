import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configMap } from '@navarch/api';
import { directApi } from '../direct.ts';
import { type Ask, asked } from '../testing/ask.ts';

const MERGE = { 'content-type': 'application/merge-patch+json' };
const DEPLOYMENTS = '/apis/apps/v1/namespaces/d/deployments';
const SCALE = `${DEPLOYMENTS}/x/scale`;

async function makeDeployment(ask: Ask): Promise<void> {
  const labels = { app: 'x' };
  const template = { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'i' }] } };
  await ask('POST', DEPLOYMENTS, { metadata: { name: 'x' }, spec: { selector: { matchLabels: labels }, template } });
}

const scale = (metadata: object): object => ({
  apiVersion: 'autoscaling/v1',
  kind: 'Scale',
  metadata: { name: 'x', ...metadata },
  spec: { replicas: 5 },
});

test('a PUT that could create does not, where it means an object that is gone', async () => {
  const { ask } = await asked();
  const lease = '/apis/coordination.k8s.io/v1/namespaces/d/leases/l';
  const refused = await ask('PUT', lease, { metadata: { name: 'l', uid: 'gone' } });
  assert.deepEqual([refused.status, refused.body.reason], [409, 'Conflict']);
  assert.match(refused.body.message, /UID in precondition: gone, UID in object meta: $/);
  assert.equal((await ask('GET', lease)).status, 404);
  assert.equal((await ask('PUT', lease, { metadata: { name: 'l' } })).status, 201);
});

test('version 0 is no version that a patch or a scale insists on', async () => {
  const { ask } = await asked();
  await makeDeployment(ask);
  const patch = { metadata: { resourceVersion: '0', labels: { a: 'b' } } };
  assert.equal((await ask('PATCH', `${DEPLOYMENTS}/x`, patch, MERGE)).status, 200);
  assert.equal((await ask('PUT', SCALE, scale({ resourceVersion: '0' }))).status, 200);
});

test('a scale says of a version that no object can have what other writes say', async () => {
  const { ask } = await asked();
  await makeDeployment(ask);
  const { status, body } = await ask('PUT', SCALE, scale({ resourceVersion: 'v1' }));
  assert.deepEqual([status, body.message], [500, 'strconv.ParseUint: parsing "v1": invalid syntax']);
});

test('a scale that is meant for another object of the name is refused', async () => {
  const { ask } = await asked();
  await makeDeployment(ask);
  const detail = 'Precondition failed: UID in precondition: gone, UID in object meta: ';
  const put = await ask('PUT', SCALE, scale({ uid: 'gone' }));
  assert.deepEqual([put.status, put.body.message.includes(detail)], [409, true]);
  const patched = await ask('PATCH', SCALE, { metadata: { uid: 'gone' }, spec: { replicas: 5 } }, MERGE);
  const { uid } = (await ask('GET', SCALE)).body.metadata;
  assert.deepEqual(
    [patched.status, patched.body.message],
    [409, `Operation cannot be fulfilled on deployments/scale.apps "x": ${detail}${uid}`],
  );
  assert.deepEqual((await ask('GET', SCALE)).body.spec, { replicas: 1 });
  assert.equal((await ask('PUT', SCALE, scale({ uid }))).status, 200);
});

test('deleteCollection() in the process is content where others were faster, as over HTTP', async () => {
  const { ask, server } = await asked();
  for (const name of ['a', 'b', 'c']) await ask('POST', '/api/v1/namespaces/d/configmaps', { metadata: { name } });
  const maps = directApi(server, { name: 'admin', groups: ['system:masters'] }).of(configMap);
  const selected = { namespace: 'd', fieldSelector: 'metadata.name!=kube-root-ca.crt' };
  await Promise.all([maps.deleteCollection(selected), maps.deleteCollection(selected)]);
  assert.deepEqual((await maps.list(selected)).items, []);
});
