import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeCbor, encodeCbor } from '@navarch/machinery';
import { parseFeatureGates } from '../features/feature-gates.ts';
import { asked } from '../testing/ask.ts';

const CBOR = 'application/cbor';
const PATH = '/api/v1/namespaces/d/configmaps';
const configMap = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' }, data: { key: 'ä' } };
const on = { features: parseFeatureGates(['CBORServingAndStorage=true']) };

test('with CBORServingAndStorage objects and lists are read and written in CBOR', async () => {
  const { ask } = await asked(on);
  const made = await ask('POST', PATH, encodeCbor(configMap), { 'content-type': CBOR, accept: CBOR });
  assert.equal(made.status, 201);
  assert.equal(made.headers['content-type'], CBOR);
  assert.deepEqual([...made.bytes.subarray(0, 3)], [0xd9, 0xd9, 0xf7]);
  assert.deepEqual((decodeCbor(made.bytes) as typeof configMap).data, { key: 'ä' });
  const list = decodeCbor((await ask('GET', PATH, undefined, { accept: CBOR })).bytes) as {
    readonly kind: string;
    readonly items: readonly unknown[];
  };
  assert.deepEqual([list.kind, list.items.length], ['ConfigMapList', 1]);
  // As upstream has it.
  assert.equal((await ask('GET', PATH, undefined, { accept: `${CBOR};as=Table;v=v1;g=meta.k8s.io` })).status, 406);
  const missing = await ask('GET', `${PATH}/none`, undefined, { accept: CBOR });
  assert.equal((decodeCbor(missing.bytes) as { readonly reason: string }).reason, 'NotFound');
});

test('with CBORServingAndStorage configurations can be applied in CBOR, and a watch is a sequence of it', async () => {
  const { ask, watch } = await asked(on);
  const open = await watch(`${PATH}?watch=1`, { accept: CBOR });
  assert.equal(open.headers['content-type'], 'application/cbor-seq');
  const applied = await ask('PATCH', `${PATH}/a?fieldManager=m`, encodeCbor(configMap), {
    'content-type': 'application/apply-patch+cbor',
  });
  assert.equal(applied.status, 201);
  const event = decodeCbor(open.bytes()) as { readonly type: string; readonly object: typeof configMap };
  assert.deepEqual([event.type, event.object.data], ['ADDED', { key: 'ä' }]);
  await open.close();
  const broken = await ask('POST', PATH, Uint8Array.of(0xa1), { 'content-type': CBOR });
  assert.deepEqual([broken.status, broken.body.reason], [400, 'BadRequest']);
});

test('what a body in CBOR says that it is must be text: else it is refused, and nothing breaks', async () => {
  const { ask } = await asked(on);
  const strange = { valueOf: {}, toString: {}, constructor: {} };
  for (const body of [{ kind: strange }, { apiVersion: strange }, { kind: 'ConfigMap', apiVersion: ['v1'] }]) {
    const refused = await ask('POST', PATH, encodeCbor(body), { 'content-type': CBOR });
    assert.deepEqual([refused.status, refused.body.reason], [400, 'BadRequest']);
  }
});

test('without the feature CBOR is a type that nobody knows', async () => {
  const { ask } = await asked();
  assert.equal((await ask('GET', PATH, undefined, { accept: CBOR })).status, 406);
  const refused = await ask('POST', PATH, encodeCbor(configMap), { 'content-type': CBOR });
  assert.equal(refused.status, 415);
  assert.doesNotMatch(refused.body.message, /cbor/);
  assert.equal(
    (
      await ask('PATCH', `${PATH}/a?fieldManager=m`, encodeCbor(configMap), {
        'content-type': 'application/apply-patch+cbor',
      })
    ).status,
    415,
  );
});
