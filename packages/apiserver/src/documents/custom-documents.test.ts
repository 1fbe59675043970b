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

test("OpenAPI v3 is gnostic's protobuf for who asks so, of the state that the hash of the text names", async () => {
  const { ask } = await asked();
  const path = '/openapi/v3/apis/example.com/v1';
  const accept = 'application/com.github.proto-openapi.spec.v3@v1.0+protobuf';
  const seen: string[] = [];
  for (const color of ['color', 'colour']) {
    const definition = JSON.parse(JSON.stringify(shirts).replaceAll('color', color)) as object;
    await ask('DELETE', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/shirts.example.com');
    await settled();
    await ask('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', definition);
    await settled();
    const [text, binary] = [await ask('GET', path), await ask('GET', path, undefined, { accept })];
    assert.deepEqual(
      [binary.status, binary.headers['content-type'], binary.headers['etag']],
      [200, 'application/com.github.proto-openapi.spec.v3.v1.0+protobuf', text.headers['etag']],
    );
    // Field 1 is the version of OpenAPI; whether the rest is right, oracles/documents asks upstream's writer.
    assert.deepEqual([...binary.bytes.subarray(0, 7)], [0x0a, 5, ...Buffer.from('3.0.0')]);
    const words = Buffer.from(binary.bytes).toString('latin1');
    seen.push(['color', 'colour'].filter((word) => words.includes(word)).join());
  }
  assert.deepEqual(seen, ['color', 'colour']);
  assert.equal((await ask('GET', path, undefined, { accept: 'text/html' })).status, 406);
});
