import assert from 'node:assert/strict';
import { lease, node, podTemplate } from '@navarch/api';
import { hasReason } from '@navarch/machinery';
import { conformanceTest } from '../../conformance-test.ts';
import { NGINX } from '../../testhost.ts';
import { until } from '../../until.ts';

const template = { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'nginx', image: NGINX }] } };

const podTemplateTests = [
  conformanceTest(
    '[sig-node] PodTemplates should run the lifecycle of PodTemplates',
    async ({ api, namespace, unique }) => {
      const templates = api.of(podTemplate);
      const labelSelector = `podtemplate-static=${unique}`;
      assert.deepEqual((await templates.list({ labelSelector })).items, []);
      const made = await templates.create({
        metadata: { name: 'nginx-pod-template', namespace, labels: { 'podtemplate-static': unique } },
        template,
      });
      const found = await templates.list({ labelSelector });
      assert.deepEqual(
        found.items.map(({ metadata }) => metadata.uid),
        [made.metadata.uid],
        'templates of all namespaces',
      );
      const patched = await templates.patch(`${namespace}/nginx-pod-template`, {
        type: 'strategic',
        body: { metadata: { labels: { podtemplate: 'patched' } } },
      });
      assert.equal(patched.metadata.labels?.['podtemplate'], 'patched');
      assert.equal(
        (await templates.get(`${namespace}/nginx-pod-template`)).metadata.labels?.['podtemplate'],
        'patched',
      );
      await templates.delete(`${namespace}/nginx-pod-template`);
      assert.deepEqual((await templates.list({ labelSelector })).items, []);
    },
  ),

  conformanceTest('[sig-node] PodTemplates should delete a collection of pod templates', async (context) => {
    const templates = context.api.of(podTemplate);
    const mine = { namespace: context.namespace, labelSelector: 'podtemplate-set=true' };
    for (const name of ['test-podtemplate-1', 'test-podtemplate-2', 'test-podtemplate-3']) {
      await templates.create({
        metadata: { name, namespace: context.namespace, labels: { 'podtemplate-set': 'true' } },
        template,
      });
    }
    assert.equal((await templates.list(mine)).items.length, 3);
    await templates.deleteCollection(mine);
    await until(
      context,
      'the end of all three templates',
      180_000,
      async () => (await templates.list(mine)).items.length === 0,
    );
  }),

  conformanceTest('[sig-node] PodTemplates should replace a pod template', async ({ api, namespace, unique }) => {
    const templates = api.of(podTemplate);
    const name = `pt-${unique}`;
    await templates.create({ metadata: { name, namespace, labels: { podtemplate: 'replace' } }, template });
    const { metadata } = await templates.update(`${namespace}/${name}`, (current) => ({
      ...current,
      metadata: { ...current.metadata, annotations: { updated: 'true' } },
    }));
    assert.deepEqual(metadata.annotations, { updated: 'true' });
  }),
];

const MICROSECONDS = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/;

export const nodeObjectTests = [
  ...podTemplateTests,

  conformanceTest('[sig-node] Lease lease API should be available', async ({ api, namespace, clock }) => {
    const leases = api.of(lease);
    const now = (): string => new Date(clock.now()).toISOString().replace(/(\.\d{3})Z$/, '$1000Z');
    const first = {
      holderIdentity: 'holder',
      leaseDurationSeconds: 30,
      acquireTime: '2026-01-01T00:00:00.000000Z',
      renewTime: '2026-01-01T00:00:05.000000Z',
      leaseTransitions: 0,
    };
    await leases.create({ metadata: { name: 'lease', namespace }, spec: first });
    const made = await leases.get(`${namespace}/lease`);
    assert.deepEqual(made.spec, first);
    const second = {
      holderIdentity: 'holder2',
      leaseDurationSeconds: 60,
      acquireTime: now(),
      renewTime: now(),
      leaseTransitions: 1,
    };
    assert.match(second.renewTime, MICROSECONDS);
    await leases.replace({ ...made, spec: second });
    assert.deepEqual((await leases.get(`${namespace}/lease`)).spec, second);
    const third = {
      holderIdentity: 'holder3',
      leaseDurationSeconds: 90,
      acquireTime: now(),
      renewTime: now(),
      leaseTransitions: 2,
    };
    await leases.patch(`${namespace}/lease`, { type: 'strategic', body: { spec: third } });
    assert.deepEqual((await leases.get(`${namespace}/lease`)).spec, third);

    const labels = { deletecollection: 'true' };
    await leases.create({ metadata: { name: 'lease2', namespace, labels }, spec: first });
    assert.equal((await leases.list({ namespace })).items.length, 2);
    await leases.deleteCollection({ namespace, labelSelector: 'deletecollection=true' });
    assert.deepEqual(
      (await leases.list({ namespace })).items.map(({ metadata }) => metadata.name),
      ['lease'],
    );
    await leases.delete(`${namespace}/lease`);
    await assert.rejects(leases.get(`${namespace}/lease`), (error) => hasReason(error, 'NotFound'));
    // Every node's kubelet has one.
    const { items } = await leases.list({ namespace: 'kube-node-lease' });
    assert.ok(items.length > 0);
  }),

  conformanceTest('[sig-node] Node Lifecycle should run through the lifecycle of a node', async (context) => {
    const nodes = context.api.of(node);
    const name = `e2e-fake-node-${context.unique}`;
    const labelSelector = `e2e-${context.unique}=patched`;
    context.cleanup(() => nodes.delete(name));
    const capacity = { cpu: '10', memory: '16Gi' };
    const created = await nodes.create({
      metadata: { name },
      spec: { unschedulable: false },
      status: {
        phase: 'Running',
        capacity,
        allocatable: capacity,
        conditions: [{ type: 'Ready', status: 'True', message: 'Set from a test' }],
      },
    });
    assert.equal(created.metadata.name, name);
    const got = await nodes.get(name);
    assert.deepEqual([got.metadata.uid, got.status.phase], [created.metadata.uid, 'Running']);

    const patched = await nodes.patch(name, {
      type: 'strategic',
      body: { metadata: { labels: { [`e2e-${context.unique}`]: 'patched' } } },
    });
    assert.equal(patched.metadata.labels?.[`e2e-${context.unique}`], 'patched');
    assert.deepEqual(
      (await nodes.list({ labelSelector })).items.map(({ metadata }) => metadata.name),
      [name],
    );
    const status = await nodes.patch(
      name,
      {
        type: 'strategic',
        body: {
          status: { conditions: [{ type: 'E2E', status: 'False', reason: 'Testing', message: 'Set by a test' }] },
        },
      },
      { subresource: 'status' },
    );
    assert.equal(status.status.conditions?.find(({ type }) => type === 'E2E')?.message, 'Set by a test');
    const updated = await nodes.update(name, (current) => ({
      ...current,
      metadata: { ...current.metadata, labels: { ...current.metadata.labels, updated: context.unique } },
    }));
    assert.equal(updated.metadata.labels?.['updated'], context.unique);

    await nodes.deleteCollection({ labelSelector });
    await until(
      context,
      'the end of the node',
      60_000,
      async () => (await nodes.list({ labelSelector })).items.length === 0,
    );
    await assert.rejects(nodes.get(name), (error) => hasReason(error, 'NotFound'));
  }),
];
