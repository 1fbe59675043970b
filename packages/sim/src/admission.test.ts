import assert from 'node:assert/strict';
import { test } from 'node:test';
import { namespace, pod } from '@navarch/api';
import { SimCluster } from './sim-cluster.ts';

const plain = (name: string, serviceAccountName?: string) => ({
  metadata: { name, namespace: 'new' },
  spec: { containers: [{ name: 'c', image: 'i' }], ...(serviceAccountName ? { serviceAccountName } : {}) },
});

test("SimCluster: a pod made right after its namespace waits for the namespace's account", async () => {
  await using cluster = await SimCluster.start({ nodes: 0 });
  await cluster.advance('5s');
  await cluster.api.of(namespace).create({ metadata: { name: 'new' } });
  const made = cluster.api.of(pod).create(plain('quick'));
  await cluster.advance('2s');
  assert.equal((await made).spec.serviceAccountName, 'default');
  await assert.rejects(
    cluster.api.of(pod).create(plain('other', 'nobody')),
    /error looking up service account new\/nobody: serviceaccount "nobody" not found/,
  );
});
