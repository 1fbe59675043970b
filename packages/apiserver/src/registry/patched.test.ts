import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asked, settled } from '../testing/ask.ts';

const deployments = '/apis/apps/v1/namespaces/d/deployments';
const labels = { app: 'web' };
const web = {
  metadata: { name: 'web' },
  spec: {
    selector: { matchLabels: labels },
    template: { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'i' }] } },
  },
};

const strategic = 'application/strategic-merge-patch+json';
const merge = 'application/merge-patch+json';
const json = 'application/json-patch+json';

for (const [claim, query, type, patch, status, message] of [
  [
    'a strategic patch whose value has the wrong type',
    '',
    strategic,
    { spec: { replicas: 'a' } },
    422,
    ' "" is invalid: patch: Invalid value: "map[spec:map[replicas:a]]": unrecognized type: int32',
  ],
  [
    'one with a number for a text',
    '',
    strategic,
    { spec: { template: { spec: { hostname: 5, nodeName: null } } } },
    422,
    ' "" is invalid: patch: Invalid value: "map[spec:map[template:map[spec:map[hostname:5 nodeName:<nil>]]]]": cannot convert int64 to string',
  ],
  [
    'one with a text for an object',
    '',
    strategic,
    { spec: { strategy: { rollingUpdate: 'x' } } },
    422,
    /: "map\[spec:map\[strategy:map\[rollingUpdate:x\]\]\]": cannot restore struct from: string$/,
  ],
  [
    'one with unknown fields, strictly',
    '?fieldValidation=Strict',
    strategic,
    { spec: { nope: [1, true] } },
    422,
    ' "" is invalid: patch: Invalid value: "map[spec:map[nope:[1 true]]]": strict decoding error: unknown field "spec.nope"',
  ],
  [
    'a strategic patch that is no object',
    '',
    strategic,
    '"x"',
    400,
    'json: cannot unmarshal string into Go value of type map[string]interface {}',
  ],
  [
    'a merge patch whose value has the wrong type',
    '',
    merge,
    { spec: { replicas: 'a' } },
    422,
    /^ "" is invalid: patch: Invalid value: "\{\\"apiVersion\\":\\"apps\/v1\\",\\"kind\\":\\"Deployment\\",\\"metadata\\":\{\\"name\\":\\"web\\",.*\\"replicas\\":\\"a\\".*": json: cannot unmarshal string into Go struct field DeploymentSpec\.spec\.replicas of type int32$/,
  ],
  [
    'one with unknown fields, strictly',
    '?fieldValidation=Strict',
    merge,
    { spec: { nope: 1 } },
    422,
    /^ "" is invalid: patch: Invalid value: "\{.*\\"nope\\":1,.*": strict decoding error: unknown field "spec\.nope"$/,
  ],
  [
    'a merge patch that is no object',
    '',
    merge,
    '"x"',
    400,
    'error decoding patch: json: cannot unmarshal string into Go value of type map[string]interface {}',
  ],
  [
    'a JSON patch of unknown fields, strictly',
    '?fieldValidation=Strict',
    json,
    [{ op: 'add', path: '/spec/nope', value: 1, extra: 2 }],
    422,
    /: strict decoding error: json patch unknown field "\[0\]\.extra", unknown field "spec\.nope"$/,
  ],
  [
    'a JSON patch that is no list',
    '',
    json,
    { op: 'x' },
    400,
    'error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp',
  ],
  [
    'a patch into another namespace',
    '',
    merge,
    { metadata: { namespace: 'other' } },
    400,
    'the namespace of the provided object does not match the namespace sent on the request',
  ],
  ['half a patch', '', json, '[{', 400, 'invalid JSON patch'],
] as const) {
  test(`patch() refuses ${claim}`, async () => {
    const { ask } = await asked();
    assert.equal((await ask('POST', deployments, web)).status, 201);
    const answer = await ask('PATCH', `${deployments}/web${query}`, patch, { 'content-type': type });
    assert.equal(answer.status, status, answer.text);
    if (typeof message === 'string') assert.equal(answer.body.message, message);
    else assert.match(answer.body.message, message);
    if (status === 422) assert.equal(answer.body.details.kind, undefined);
  });
}

test('patch() warns of unknown fields, of the patch and of what came of it', async () => {
  const { ask } = await asked();
  await ask('POST', deployments, web);
  const twice = '{"spec":{"replicas":1,"replicas":2,"nope":1}}';
  const answer = await ask('PATCH', `${deployments}/web`, twice, { 'content-type': merge });
  assert.deepEqual(
    [answer.status, answer.headers['warning']],
    [200, '299 - "duplicate field \\"spec.replicas\\"", 299 - "unknown field \\"spec.nope\\""'],
  );
});

test('patch() shows a refused patch whose paths have the names of what every object inherits, and changes nothing else', async () => {
  const { ask } = await asked();
  const schema = {
    type: 'object',
    properties: { spec: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
  };
  await ask('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', {
    metadata: { name: 'foos.x.io' },
    spec: {
      group: 'x.io',
      scope: 'Namespaced',
      names: { plural: 'foos', kind: 'Foo' },
      versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema } }],
    },
  });
  await settled();
  const foos = '/apis/x.io/v1/namespaces/d/foos';
  const made = await ask('POST', foos, { apiVersion: 'x.io/v1', kind: 'Foo', metadata: { name: 'a' }, spec: { a: 1 } });
  assert.equal(made.status, 201, made.text);
  const patch =
    '[{"op":"add","path":"/spec/__proto__","value":{"polluted":{"x":1}}},{"op":"replace","path":"/spec/__proto__/polluted/x","value":2},{"op":"add","path":"/metadata/labels","value":5}]';
  const answer = await ask('PATCH', `${foos}/a`, patch, { 'content-type': json });
  assert.equal(answer.status, 422, answer.text);
  assert.match(
    answer.body.message,
    /\\"spec\\":\{\\"__proto__\\":\{\\"polluted\\":\{\\"x\\":2\}\},\\"a\\":1\}.*cannot unmarshal number into Go struct field ObjectMeta\.\S+ of type map\[string\]string$/,
  );
  assert.equal(({} as { readonly polluted?: unknown }).polluted, undefined);
});
