import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asked } from '../testing/ask.ts';

// What fuzzing found: requests that no client sends, each of which was once an error of the server's own.
for (const [claim, method, target, body, type, status, message] of [
  [
    'an object that does not say in words what it is',
    'POST',
    '/api/v1/namespaces/d/configmaps',
    { apiVersion: {}, kind: 'ConfigMap' },
    'application/json',
    400,
    'the object provided is unrecognized (must be of type ConfigMap): couldn\'t get version/kind; json parse error: json: cannot unmarshal object into Go struct field .apiVersion of type string ({"apiVersion":{},"kind":"Confi ...)',
  ],
  [
    'a patch that makes an object of no version',
    'PATCH',
    '/api/v1/namespaces/d',
    [{ op: 'add', path: '/apiVersion', value: { toString: 1 } }],
    'application/json-patch+json',
    422,
    /couldn't get version\/kind; json parse error: json: cannot unmarshal object into Go struct field \.apiVersion of type string$/,
  ],
  [
    'a token of nothing',
    'GET',
    '/api/v1/namespaces/d/configmaps?limit=1&continue=bnVsbA',
    undefined,
    '',
    400,
    'invalid continue token: continue key is not valid: server does not recognize this encoded version ',
  ],
  [
    'a job without a name',
    'POST',
    '/apis/batch/v1/namespaces/d/jobs',
    {},
    'application/json',
    422,
    /^Job.batch "" is invalid: \[metadata.name: Required value: name or generateName is required, /,
  ],
] as const) {
  test(`the server refuses ${claim}`, async () => {
    const { ask } = await asked();
    const answer = await ask(method, target, body, { 'content-type': type });
    assert.equal(answer.status, status, answer.text);
    if (typeof message === 'string') assert.equal(answer.body.message, message);
    else assert.match(answer.body.message, message);
  });
}

test('an object whose list has items without their keys is written, and nobody owns its fields', async () => {
  const { ask } = await asked();
  const accounts = '/api/v1/namespaces/d/serviceaccounts';
  const made = await ask('POST', accounts, { metadata: { name: 'a' }, secrets: [{ kind: 'Secret' }] });
  assert.deepEqual([made.status, made.body.metadata.managedFields], [201, undefined], made.text);
  const changed = await ask('PUT', `${accounts}/a`, {
    metadata: { name: 'a' },
    secrets: [{ kind: 'Secret' }, { uid: 'x' }],
  });
  assert.deepEqual([changed.status, changed.body.metadata.managedFields], [200, undefined], changed.text);
});
