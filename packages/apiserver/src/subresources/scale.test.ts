import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asked } from '../testing/ask.ts';

test('who scales owns the number through the subresource, and is asked before another takes it', async () => {
  const { ask } = await asked();
  const deployments = '/apis/apps/v1/namespaces/d/deployments';
  const labels = { app: 'x' };
  const spec = { replicas: 1, selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'i' }] } } };
  await ask('POST', `${deployments}?fieldManager=maker`, { metadata: { name: 'x' }, spec });
  const merge = { 'content-type': 'application/merge-patch+json' };
  assert.equal((await ask('PATCH', `${deployments}/x/scale?fieldManager=scaler`, { spec: { replicas: 3 } }, merge)).status, 200);
  const ownerOf = async (manager: string): Promise<unknown> => {
    const { managedFields } = (await ask('GET', `${deployments}/x`)).body.metadata;
    const { operation, subresource, apiVersion, fieldsV1 } = managedFields.find((entry: { readonly manager: string }) => entry.manager === manager);
    return [operation, subresource, apiVersion, fieldsV1];
  };
  assert.deepEqual(await ownerOf('scaler'), ['Update', 'scale', 'apps/v1', { 'f:spec': { 'f:replicas': {} } }]);
  const apply = (query: string): ReturnType<typeof ask> =>
    ask('PATCH', `${deployments}/x/scale?fieldManager=applier${query}`, { apiVersion: 'autoscaling/v1', kind: 'Scale', metadata: { name: 'x' }, spec: { replicas: 5 } }, { 'content-type': 'application/apply-patch+yaml' });
  const refused = await apply('');
  assert.deepEqual([refused.status, refused.body.message], [409, 'Apply failed with 1 conflict: conflict with "scaler" with subresource "scale" using apps/v1: .spec.replicas']);
  assert.deepEqual((await apply('&force=true')).body.spec, { replicas: 5 });
  assert.deepEqual(await ownerOf('applier'), ['Apply', 'scale', 'apps/v1', { 'f:spec': { 'f:replicas': {} } }]);
  assert.equal((await ask('PATCH', `${deployments}/none/scale?fieldManager=a`, { apiVersion: 'autoscaling/v1', kind: 'Scale', spec: {} }, { 'content-type': 'application/apply-patch+yaml' })).status, 404);
});
