import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Ask, asked } from '../testing/ask.ts';
import { parseFeatureGates } from './feature-gates.ts';

const PODS = '/api/v1/namespaces/d/pods';

async function withAccount(features?: ReturnType<typeof parseFeatureGates>): Promise<Ask> {
  const { ask } = await asked(features ? { features } : {});
  await ask('POST', '/api/v1/namespaces/d/serviceaccounts', { metadata: { name: 'default' } });
  return ask;
}

const pod = {
  metadata: { name: 'a' },
  spec: {
    evictionResponders: [{ name: 'x.io/y', priority: 10_000 }],
    containers: [
      {
        name: 'c',
        image: 'i',
        lifecycle: { stopSignal: 'SIGUSR1' },
        livenessProbe: { httpGet: { port: 80, protocol: 'H2C' } },
      },
    ],
    os: { name: 'linux' },
    volumes: [{ name: 'v', emptyDir: { mode: 0o700 } }],
  },
};

test('fields of alpha features are dropped from what is written, in pods and in templates of pods', async () => {
  const ask = await withAccount();
  const created = await ask('POST', PODS, pod);
  assert.equal(created.status, 201, created.text);
  const { spec } = created.body;
  const [container] = spec.containers;
  assert.deepEqual(
    [spec.evictionResponders, spec.volumes[0].emptyDir, container.lifecycle, container.livenessProbe.httpGet.protocol],
    [undefined, {}, {}, undefined],
  );
  const deployment = {
    metadata: { name: 'a' },
    spec: { selector: { matchLabels: { a: 'b' } }, template: { metadata: { labels: { a: 'b' } }, spec: pod.spec } },
  };
  const { body } = await ask('POST', '/apis/apps/v1/namespaces/d/deployments', deployment);
  assert.deepEqual(body.spec.template.spec.volumes[0].emptyDir, {});
});

test('--feature-gates keeps the fields of a feature that it switches on, and drops those of one that it switches off', async () => {
  const ask = await withAccount(parseFeatureGates(['EmptyDirVolumeMode=true', 'MaxUnavailableStatefulSet=false']));
  const { body } = await ask('POST', PODS, pod);
  assert.deepEqual(
    [body.spec.volumes[0].emptyDir.mode, body.spec.containers[0].lifecycle.stopSignal],
    [0o700, undefined],
  );
  const set = {
    metadata: { name: 's' },
    spec: {
      serviceName: 's',
      selector: { matchLabels: { a: 'b' } },
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 2 } },
      template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } },
    },
  };
  const { body: stateful } = await ask('POST', '/apis/apps/v1/namespaces/d/statefulsets', set);
  assert.equal(stateful.spec.updateStrategy.rollingUpdate.maxUnavailable, undefined);
});

test('a claim that names another namespace to be filled from loses its source: without the namespace it would name another', async () => {
  const ask = await withAccount();
  const claim = {
    metadata: { name: 'a' },
    spec: {
      accessModes: ['ReadWriteOnce'],
      resources: { requests: { storage: '1Gi' } },
      dataSourceRef: { kind: 'PersistentVolumeClaim', name: 'b', namespace: 'elsewhere' },
    },
  };
  const { body } = await ask('POST', '/api/v1/namespaces/d/persistentvolumeclaims', claim);
  assert.deepEqual([body.spec.dataSourceRef, body.spec.dataSource], [undefined, undefined]);
});
