import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asked } from '../testing/ask.ts';

const classes = '/apis/scheduling.k8s.io/v1/priorityclasses';
const urgent = {
  apiVersion: 'scheduling.k8s.io/v1',
  kind: 'PriorityClass',
  metadata: { name: 'urgent', namespace: 'd' },
  value: 5,
};
const types = { merge: 'application/merge-patch+json', apply: 'application/apply-patch+yaml' };

test('place() takes a namespace off what belongs to the whole cluster, however it is written', async () => {
  const { ask } = await asked();
  const apply = `${classes}/urgent?fieldManager=a&force=true`;
  for (const [method, path, body, type] of [
    ['POST', classes, urgent, 'application/json'],
    ['PUT', `${classes}/urgent`, urgent, 'application/json'],
    ['PATCH', `${classes}/urgent`, { metadata: { namespace: 'e', labels: { a: 'b' } } }, types.merge],
    ['PATCH', apply, urgent, types.apply],
  ] as const) {
    const {
      status,
      body: { metadata },
      text,
    } = await ask(method, path, body, { 'content-type': type });
    assert.ok(status < 300, text);
    assert.equal(metadata.namespace, undefined, method);
  }
});

test('place() refuses another namespace than that of the request', async () => {
  const { ask } = await asked();
  const { status, body } = await ask('POST', '/api/v1/namespaces/d/configmaps', {
    metadata: { name: 'a', namespace: 'e' },
  });
  assert.equal(status, 400);
  assert.equal(body.message, 'the namespace of the provided object does not match the namespace sent on the request');
});
