import assert from 'node:assert/strict';
import { test } from 'node:test';
import { builtinKinds, protobuf, protobufEncoder } from '@navarch/api';
import { type ApiObject, apiVersionOf } from '@navarch/machinery';
import { asked } from '../testing/ask.ts';

const configMaps = '/api/v1/namespaces/d/configmaps';
const PROTOBUF = 'application/vnd.kubernetes.protobuf';
const TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io';
const METADATA = 'as=PartialObjectMetadata;v=v1;g=meta.k8s.io';
const config = (name: string): object => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, labels: { a: 'b' } },
  data: { k: 'v' },
});

test('an object, a list, an error and the answer to a write are what the client accepts', async () => {
  const { ask } = await asked();
  const made = await ask('POST', configMaps, config('a'), { accept: PROTOBUF });
  assert.deepEqual([made.status, made.headers['content-type'], made.body.data], [201, PROTOBUF, { k: 'v' }]);
  const [json, binary] = [
    await ask('GET', `${configMaps}/a`),
    await ask('GET', `${configMaps}/a`, undefined, { accept: `${PROTOBUF},application/json` }),
  ];
  assert.equal(binary.headers['content-type'], PROTOBUF);
  assert.deepEqual(binary.bytes, Buffer.from(protobufEncoder.encode(json.body)));
  const missing = await ask('GET', `${configMaps}/none`, undefined, { accept: PROTOBUF });
  assert.deepEqual([missing.status, missing.body.kind, missing.body.reason], [404, 'Status', 'NotFound']);
  const yaml = await ask('GET', `${configMaps}/a`, undefined, { accept: 'application/yaml' });
  assert.match(yaml.text, /^apiVersion: v1\ndata:\n {2}k: v\nkind: ConfigMap\nmetadata:\n/);
});

test('a list in protobuf is what encoding the whole list would give, and decodes to the list in JSON', async () => {
  const { ask } = await asked();
  for (const name of ['a', 'b']) await ask('POST', configMaps, config(name));
  const [json, binary] = [
    await ask('GET', `${configMaps}?limit=1`),
    await ask('GET', `${configMaps}?limit=1`, undefined, { accept: PROTOBUF }),
  ];
  assert.deepEqual(binary.bytes, Buffer.from(protobufEncoder.encode(json.body)));
  assert.deepEqual([binary.body.metadata.remainingItemCount, binary.body.items.length], [1, 1]);
});

test('the list of every kind has its metadata and items where lists are put together by hand', () => {
  for (const kind of builtinKinds) {
    const value = {
      apiVersion: apiVersionOf(kind),
      kind: kind.listKind,
      metadata: { resourceVersion: '7' },
      items: [{}],
    };
    const { metadata, items } = protobuf.decode(protobufEncoder.encode(value)) as {
      metadata: { resourceVersion: string };
      items: readonly ApiObject[];
    };
    assert.deepEqual([metadata.resourceVersion, items.length], ['7', 1], kind.listKind);
  }
});

test('tables and metadata are shown in the formats they have', async () => {
  const { ask } = await asked();
  await ask('POST', configMaps, config('a'));
  const table = await ask('GET', `${configMaps}/a`, undefined, { accept: `${TABLE},application/json` });
  assert.deepEqual(
    [table.body.kind, table.body.rows[0].cells[0], table.body.rows[0].object.kind],
    ['Table', 'a', 'PartialObjectMetadata'],
  );
  const metadata = await ask('GET', `${configMaps}/a`, undefined, {
    accept: `${PROTOBUF};${METADATA},application/json`,
  });
  assert.deepEqual(
    [metadata.body.kind, metadata.body.apiVersion, metadata.body.metadata.name, metadata.body.data],
    ['PartialObjectMetadata', 'meta.k8s.io/v1', 'a', undefined],
  );
  const list = await ask('GET', configMaps, undefined, {
    accept: `application/json;${METADATA.replace('Metadata', 'MetadataList')}`,
  });
  assert.deepEqual([list.body.kind, list.body.items.length], ['PartialObjectMetadataList', 1]);
  const fallen = await ask('GET', `${configMaps}/a`, undefined, {
    accept: `${PROTOBUF};as=Table;v=v1;g=meta.k8s.io,application/json`,
  });
  assert.equal(fallen.body.kind, 'ConfigMap');
});

for (const [claim, target, accept, status, message] of [
  [
    'a type nobody writes',
    `${configMaps}/a`,
    'text/csv',
    406,
    '406: Not Acceptable\n\nAvailable representations: application/json, application/yaml, application/vnd.kubernetes.protobuf',
  ],
  [
    'a watch in YAML',
    `${configMaps}?watch=1`,
    'application/yaml',
    406,
    'only the following media types are accepted: application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch',
  ],
  [
    'the metadata of a list as of one object',
    configMaps,
    `application/json;${METADATA}`,
    406,
    'you requested PartialObjectMetadata, but the requested object is a list (*core.ConfigMapList)',
  ],
  [
    'a table with objects of no sort',
    `${configMaps}?includeObject=Some`,
    TABLE,
    400,
    "Unable to convert to Table as requested: includeObject: Invalid value: \"Some\": must be 'Metadata', 'Object', 'None', or empty",
  ],
] as const) {
  test(`negotiate() refuses ${claim}`, async () => {
    const answer = await (await asked()).ask('GET', target, undefined, { accept });
    assert.equal(answer.status, status);
    assert.ok(
      answer.text.replaceAll('\n  ', ' ').includes(answer.body ? JSON.stringify(message) : message),
      answer.text,
    );
  });
}

test('people get JSON on many lines, programs on one', async () => {
  const { ask } = await asked();
  await ask('POST', configMaps, config('a'));
  assert.match(
    (await ask('GET', `${configMaps}/a`, undefined, { 'user-agent': 'curl/8.0' })).text,
    /^\{\n {2}"kind": "ConfigMap",\n/,
  );
  assert.match((await ask('GET', `${configMaps}?pretty=true`)).text, /^\{\n {2}"kind": "ConfigMapList",\n/);
  assert.doesNotMatch(
    (await ask('GET', `${configMaps}/a?pretty=0`, undefined, { 'user-agent': 'curl/8.0' })).text,
    /\n./,
  );
});

test('whoever asks for what is deprecated is warned, however they ask', async () => {
  const { ask, watch } = await asked();
  const words = '299 - "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"';
  const path = '/api/v1/namespaces/d/endpoints';
  const made = await ask('POST', path, { metadata: { name: 'e' } });
  const open = await watch(`${path}?watch=1`);
  const all = [made, await ask('GET', path), await ask('GET', `${path}/none`), open];
  assert.deepEqual(
    all.map(({ headers }) => headers['warning']),
    [words, words, words, words],
  );
  await open.close();
});
