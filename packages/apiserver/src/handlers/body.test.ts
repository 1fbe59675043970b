import assert from 'node:assert/strict';
import { test } from 'node:test';
import { protobufEncoder } from '@navarch/api';
import { asked } from '../testing/ask.ts';

const configMaps = '/api/v1/namespaces/d/configmaps';
const config = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' }, data: { k: 'v' } } as const;

test('bodies are read in every format that is written', async () => {
  const { ask } = await asked();
  const sent = protobufEncoder.encode(config);
  assert.deepEqual(
    (await ask('POST', configMaps, sent, { 'content-type': 'application/vnd.kubernetes.protobuf' })).body.data,
    { k: 'v' },
  );
  assert.equal((await ask('PUT', `${configMaps}/a`, config, { 'content-type': 'application/yaml' })).status, 200);
  assert.equal(
    (await ask('PUT', `${configMaps}/a`, config, { 'content-type': 'application/json; charset=utf-8' })).status,
    200,
  );
  const options = protobufEncoder.encode({ apiVersion: 'v1', kind: 'DeleteOptions' });
  assert.equal(
    (await ask('DELETE', `${configMaps}/a`, options, { 'content-type': 'application/vnd.kubernetes.protobuf' })).body
      .status,
    'Success',
  );
});

for (const [claim, method, target, body, type, status, message] of [
  [
    'an object in a format nobody reads',
    'POST',
    configMaps,
    'a,b',
    'text/csv',
    415,
    'the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf',
  ],
  [
    'a patch of a type nobody knows',
    'PATCH',
    `${configMaps}/a`,
    {},
    'application/json',
    415,
    '415: Unsupported Media Type',
  ],
  [
    'half of an object',
    'POST',
    configMaps,
    '{"a',
    'application/json',
    400,
    'the object provided is unrecognized (must be of type ConfigMap): couldn\'t get version/kind; json parse error: unexpected end of JSON input ({"a)',
  ],
  [
    'an object of endless lists',
    'POST',
    configMaps,
    `{"a":${'['.repeat(1_000_000)}`,
    'application/json',
    400,
    `the object provided is unrecognized (must be of type ConfigMap): couldn't get version/kind; json parse error: invalid character '[' exceeded max depth ({"a":${'['.repeat(25)} ...)`,
  ],
  [
    'what is no JSON',
    'POST',
    configMaps,
    'x',
    'application/json',
    400,
    "the object provided is unrecognized (must be of type ConfigMap): couldn't get version/kind; json parse error: invalid character 'x' looking for beginning of value (78)",
  ],
  [
    'what only says that it is protobuf',
    'POST',
    configMaps,
    '\u0001\u0002',
    'application/vnd.kubernetes.protobuf',
    400,
    'the object provided is unrecognized (must be of type ConfigMap): provided data does not appear to be a protobuf message, expected prefix [107 56 115 0] (0102)',
  ],
  [
    'an option nobody knows',
    'DELETE',
    `${configMaps}/a?propagationPolicy=Later`,
    undefined,
    '',
    422,
    'DeleteOptions.meta.k8s.io "" is invalid: propagationPolicy: Unsupported value: "Later": supported values: "Foreground", "Background", "Orphan", "nil"',
  ],
  [
    'options of another shape',
    'DELETE',
    `${configMaps}/a`,
    { dryRun: 'All' },
    'application/json',
    400,
    'json: cannot unmarshal string into Go struct field DeleteOptions.dryRun of type []string',
  ],
  ['half of a patch', 'PATCH', `${configMaps}/a`, '{"a', 'application/merge-patch+json', 400, 'invalid JSON patch'],
  [
    'a dry run of another sort',
    'POST',
    `${configMaps}?dryRun=Some`,
    config,
    'application/json',
    422,
    'CreateOptions.meta.k8s.io "" is invalid: dryRun: Unsupported value: ["Some"]: supported values: "All"',
  ],
  [
    'a method the path does not know',
    'POST',
    `${configMaps}/a`,
    config,
    'application/json',
    405,
    'the server does not allow this method on the requested resource',
  ],
] as const) {
  test(`the server refuses ${claim}`, async () => {
    const { ask } = await asked();
    const answer = await ask(method, target, body, { 'content-type': type });
    assert.deepEqual([answer.status, answer.body?.message], [status, message]);
  });
}

test('a path outside of all groups is no Status; one within is', async () => {
  const { ask } = await asked();
  const outside = await ask('GET', '/apis/nobody/v1/things');
  assert.deepEqual([outside.status, outside.text], [404, '404 page not found\n']);
  const within = await ask('GET', '/api/v1/things');
  assert.deepEqual(
    [within.status, within.body.message, within.body.details],
    [404, 'the server could not find the requested resource', {}],
  );
});

test('a number that no float holds is refused where it would be read, in bodies and in patches', async () => {
  const { ask } = await asked();
  const text = '{"metadata":{"name":"a"},"x":1e400}';
  const made = await ask('POST', '/api/v1/namespaces/d/configmaps', text);
  const patched = await ask('PATCH', '/api/v1/namespaces/d', text, { 'content-type': 'application/merge-patch+json' });
  const words = 'json: cannot unmarshal number 1e400 into Go value of type float64';
  assert.deepEqual(
    [made.body.message, patched.body.message],
    [`ConfigMap in version "v1" cannot be handled as a ConfigMap: ${words}`, `error decoding patch: ${words}`],
  );
});
