import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asked } from '../testing/ask.ts';

test('who scales owns the number through the subresource, and is asked before another takes it', async () => {
  const { ask } = await asked();
  const deployments = '/apis/apps/v1/namespaces/d/deployments';
  const labels = { app: 'x' };
  const spec = {
    replicas: 1,
    selector: { matchLabels: labels },
    template: { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'i' }] } },
  };
  await ask('POST', `${deployments}?fieldManager=maker`, { metadata: { name: 'x' }, spec });
  const merge = { 'content-type': 'application/merge-patch+json' };
  assert.equal(
    (await ask('PATCH', `${deployments}/x/scale?fieldManager=scaler`, { spec: { replicas: 3 } }, merge)).status,
    200,
  );
  const ownerOf = async (manager: string): Promise<unknown> => {
    const { managedFields } = (await ask('GET', `${deployments}/x`)).body.metadata;
    const { operation, subresource, apiVersion, fieldsV1 } = managedFields.find(
      (entry: { readonly manager: string }) => entry.manager === manager,
    );
    return [operation, subresource, apiVersion, fieldsV1];
  };
  const { managedFields } = (await ask('GET', `${deployments}/x`)).body.metadata;
  assert.deepEqual(
    managedFields.map((entry: { readonly manager: string; readonly time?: string }) => [
      entry.manager,
      entry.time !== undefined,
    ]),
    [
      ['scaler', false],
      ['maker', true],
    ],
    'nobody keeps when it was scaled',
  );
  assert.deepEqual(await ownerOf('scaler'), ['Update', 'scale', 'apps/v1', { 'f:spec': { 'f:replicas': {} } }]);
  const apply = (query: string): ReturnType<typeof ask> =>
    ask(
      'PATCH',
      `${deployments}/x/scale?fieldManager=applier${query}`,
      { apiVersion: 'autoscaling/v1', kind: 'Scale', metadata: { name: 'x' }, spec: { replicas: 5 } },
      { 'content-type': 'application/apply-patch+yaml' },
    );
  const refused = await apply('');
  assert.deepEqual(
    [refused.status, refused.body.message],
    [
      409,
      'Apply failed with 1 conflict: conflict with "scaler" with subresource "scale" using apps/v1: .spec.replicas',
    ],
  );
  assert.deepEqual((await apply('&force=true')).body.spec, { replicas: 5 });
  assert.deepEqual(await ownerOf('applier'), ['Apply', 'scale', 'apps/v1', { 'f:spec': { 'f:replicas': {} } }]);
  assert.equal(
    (
      await ask(
        'PATCH',
        `${deployments}/none/scale?fieldManager=a`,
        { apiVersion: 'autoscaling/v1', kind: 'Scale', spec: {} },
        { 'content-type': 'application/apply-patch+yaml' },
      )
    ).status,
    404,
  );
});

test('a scale below zero is refused as what it is', async () => {
  const { ask } = await asked();
  const labels = { app: 'x' };
  const spec = {
    selector: { matchLabels: labels },
    template: { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'i' }] } },
  };
  await ask('POST', '/apis/apps/v1/namespaces/d/deployments', { metadata: { name: 'x' }, spec });
  const { status, body } = await ask(
    'PATCH',
    '/apis/apps/v1/namespaces/d/deployments/x/scale',
    { spec: { replicas: -1 } },
    { 'content-type': 'application/merge-patch+json' },
  );
  assert.deepEqual(
    [status, body.message],
    [422, 'Scale.autoscaling "x" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0'],
  );
  assert.deepEqual(body.details, {
    name: 'x',
    group: 'autoscaling',
    kind: 'Scale',
    causes: [
      {
        reason: 'FieldValueInvalid',
        message: 'Invalid value: -1: must be greater than or equal to 0',
        field: 'spec.replicas',
      },
    ],
  });
});
