import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asked } from '../testing/ask.ts';

test('a pod that is sent again as it was created keeps what its class filled in', async () => {
  const { ask } = await asked();
  await ask('POST', '/api/v1/namespaces/d/serviceaccounts', { metadata: { name: 'default' } });
  await ask('POST', '/apis/scheduling.k8s.io/v1/priorityclasses', {
    metadata: { name: 'polite' },
    value: 7,
    preemptionPolicy: 'Never',
  });
  const pod = {
    metadata: { name: 'p', labels: {} },
    spec: {
      priorityClassName: 'polite',
      serviceAccountName: 'default',
      automountServiceAccountToken: false,
      containers: [{ name: 'c', image: 'i' }],
    },
  };
  await ask('POST', '/api/v1/namespaces/d/pods', pod);
  const { status, body, text } = await ask('PUT', '/api/v1/namespaces/d/pods/p', {
    ...pod,
    metadata: { ...pod.metadata, labels: { a: 'b' } },
  });
  assert.equal(status, 200, text);
  assert.deepEqual([body.metadata.labels, body.spec.priority, body.spec.preemptionPolicy], [{ a: 'b' }, 7, 'Never']);
});
