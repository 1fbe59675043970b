import assert from 'node:assert/strict';
import { test } from 'node:test';
import { daemonSet, deployment, job, pod, secret, service, statefulSet } from '@navarch/api';
import type { Kind } from '@navarch/machinery';
import fc from 'fast-check';
import { asked } from '../testing/ask.ts';

const NS = '/api/v1/namespaces/d';
const sometimes = <T>(value: T): fc.Arbitrary<T | undefined> => fc.constantFrom(undefined, value);

const container = fc.record({
  image: fc.constant('i'),
  volumeMounts: sometimes([{ mountPath: '/a', name: 'v' }]),
  resources: sometimes({ limits: { cpu: '1' } }),
});
const spec = fc.record({
  containers: fc.array(container, { minLength: 1, maxLength: 3 }),
  initContainers: fc.option(fc.array(container, { maxLength: 2 }), { nil: undefined }),
  volumes: fc.constant([{ emptyDir: {}, name: 'v' }]),
  tolerations: sometimes([{ operator: 'Exists', key: 'node.kubernetes.io/not-ready', effect: 'NoExecute' }]),
  priorityClassName: sometimes('high'),
  serviceAccountName: sometimes('other'),
  automountServiceAccountToken: sometimes(false),
  imagePullSecrets: sometimes([{ name: 'own' }]),
});

test('what admission makes of a pod is what reading it again would give, though it is not read again', async () => {
  const { ask } = await asked();
  const high = { metadata: { name: 'high' }, value: 7, preemptionPolicy: 'Never' };
  await ask('POST', '/apis/scheduling.k8s.io/v1/priorityclasses', high);
  await ask('POST', `${NS}/serviceaccounts`, { metadata: { name: 'default' } });
  await ask('POST', `${NS}/serviceaccounts`, { metadata: { name: 'other' }, imagePullSecrets: [{ name: 's' }] });
  let count = 0;
  await fc.assert(
    fc.asyncProperty(spec, async ({ containers, initContainers, ...rest }) => {
      const name = `p${count++}`;
      const named = (list: typeof containers, as: string): object[] =>
        list.map((one, i) => ({ ...one, name: `${as}${i}` }));
      const sent = {
        ...rest,
        containers: named(containers, 'c'),
        ...(initContainers ? { initContainers: named(initContainers, 'i') } : {}),
      };
      const { status, text, body } = await ask('POST', `${NS}/pods`, { metadata: { name }, spec: sent });
      assert.equal(status, 201, text);
      assert.equal(JSON.stringify(body), JSON.stringify(pod.decode(body).value));
      assert.equal(body.spec.priority, rest.priorityClassName ? 7 : 0);
    }),
    { numRuns: 60 },
  );
});

test('fields that hooks and plugins set are printed in their place', async () => {
  const { ask } = await asked();
  await ask('POST', `${NS}/serviceaccounts`, { metadata: { name: 'default' } });
  const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } };
  const workload = { metadata: { name: 'w' }, spec: { template, selector: { matchLabels: { a: 'b' } } } };
  const sent: readonly (readonly [Kind<any>, string, object])[] = [
    [pod, `${NS}/pods`, { ...template, metadata: { name: 'p' } }],
    [service, `${NS}/services`, { metadata: { name: 's' }, spec: { ports: [{ port: 80 }] } }],
    [secret, `${NS}/secrets`, { metadata: { name: 's' }, stringData: { b: '1', a: '2' }, data: { c: 'MQ==' } }],
    [deployment, '/apis/apps/v1/namespaces/d/deployments', workload],
    [daemonSet, '/apis/apps/v1/namespaces/d/daemonsets', workload],
    [statefulSet, '/apis/apps/v1/namespaces/d/statefulsets', workload],
    [job, '/apis/batch/v1/namespaces/d/jobs', { metadata: { name: 'j' }, spec: { template: restarted(template) } }],
  ];
  for (const [kind, path, object] of sent) {
    const { status, text, body } = await ask('POST', path, object);
    assert.equal(status, 201, text);
    assert.equal(JSON.stringify(body), JSON.stringify(kind.decode(body).value));
    const changed = await ask('PUT', `${path}/${body.metadata.name}`, {
      ...body,
      metadata: { ...body.metadata, labels: { z: '1', y: '2' } },
    });
    assert.equal(changed.status, 200, changed.text);
    assert.equal(JSON.stringify(changed.body), JSON.stringify(kind.decode(changed.body).value));
  }
});

const restarted = (template: { readonly spec: object }): object => ({
  spec: { ...template.spec, restartPolicy: 'Never' },
});
