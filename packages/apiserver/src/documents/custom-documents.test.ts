import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Asked, asked, settled } from '../testing/ask.ts';

// What documents say of custom resources, as clients use it.

const STRATEGIC = 'application/strategic-merge-patch+json';
const shirts = {
  metadata: { name: 'shirts.example.com' },
  spec: {
    group: 'example.com',
    scope: 'Namespaced',
    names: { plural: 'shirts', singular: 'shirt', kind: 'Shirt', listKind: 'ShirtList' },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        selectableFields: [{ jsonPath: '.spec.color' }],
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: { spec: { type: 'object', properties: { color: { type: 'string' } } } },
          },
        },
      },
    ],
  },
};

async function withShirts(): Promise<Asked['ask']> {
  const { ask } = await asked();
  assert.equal((await ask('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', shirts)).status, 201);
  await settled();
  return ask;
}

test('documents offer strategic patches of built-in kinds alone: clients send what is offered', async () => {
  const ask = await withShirts();
  const offered = async (group: string, path: string): Promise<readonly (readonly string[])[]> => {
    const v3 = (await ask('GET', `/openapi/v3/apis/${group}`)).body.paths[path].patch.requestBody.content;
    return [Object.keys(v3), (await ask('GET', '/openapi/v2')).body.paths[path].patch.consumes];
  };
  for (const types of await offered('example.com/v1', '/apis/example.com/v1/namespaces/{namespace}/shirts/{name}')) {
    assert.deepEqual(types.toSorted(), [
      'application/apply-patch+yaml',
      'application/json-patch+json',
      'application/merge-patch+json',
    ]);
  }
  for (const types of await offered('apps/v1', '/apis/apps/v1/namespaces/{namespace}/deployments/{name}'))
    assert.ok(types.includes(STRATEGIC));
});

test('documents tell which fields of a custom resource select it', async () => {
  const ask = await withShirts();
  const { schemas } = (await ask('GET', '/openapi/v3/apis/example.com/v1')).body.components;
  const { definitions } = (await ask('GET', '/openapi/v2')).body;
  for (const named of [schemas, definitions]) {
    for (const name of ['com.example.v1.Shirt', 'com.example.v1.ShirtList'])
      assert.deepEqual(named[name]['x-kubernetes-selectable-fields'], [{ fieldPath: 'spec.color' }]);
  }
  assert.equal(definitions['io.k8s.api.core.v1.Pod']['x-kubernetes-selectable-fields'], undefined);
});
