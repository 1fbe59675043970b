import assert from 'node:assert/strict';
import { deployment, type Deployment, isTerminal, pod } from '@navarch/api';
import { conformanceTest, type TestContext } from '../../conformance-test.ts';
import { PAUSE, TESTHOST } from '../../testhost.ts';
import { until } from '../../until.ts';
import { watching } from '../../watches.ts';
import {
  checkScale,
  checkStatus,
  imageOf,
  imagePatch,
  keyOf,
  OTHER_WEBSERVER,
  POD_START_MS,
  selectorOf,
  untilObject,
  untilRunning,
  WEBSERVER,
} from './workloads.ts';
import {
  create,
  createSet,
  REVISION,
  setsOf,
  untilComplete,
  untilObserved,
  untilRevision,
  untilRolledOut,
  untilSet,
} from './deployment-steps.ts';

export const deploymentTests = [
  conformanceTest(
    '[sig-apps] Deployment RollingUpdateDeployment should delete old pods and create new ones',
    async (context) => {
      const labels = { name: 'sample-pod' };
      await createSet(context, 'test-rolling-update-controller', labels, { [REVISION]: '3546343826724305832' });
      await untilRunning(context, labels, 1);
      const {
        metadata: { name },
      } = await create(context, { name: 'test-rolling-update-deployment', labels, replicas: 1, image: TESTHOST });
      await untilRevision(context, name, '3546343826724305833', TESTHOST);
      await untilComplete(context, name);
      assert.deepEqual(
        (await setsOf(context, name)).old.map((set) => set.metadata.name),
        ['test-rolling-update-controller'],
      );
    },
  ),

  conformanceTest(
    '[sig-apps] Deployment RecreateDeployment should delete old pods and create new ones',
    async (context) => {
      const labels = { name: 'sample-pod-3' };
      const name = 'test-recreate-deployment';
      await create(context, { name, labels, replicas: 1, image: TESTHOST, spec: { strategy: { type: 'Recreate' } } });
      await untilRevision(context, name, '1', TESTHOST);
      await untilComplete(context, name);
      const {
        metadata: { resourceVersion },
      } = await context.api
        .of(deployment)
        .patch(keyOf(context, name), { type: 'strategic', body: imagePatch(WEBSERVER) });
      const events = watching(context, deployment, {
        namespace: context.namespace,
        fieldSelector: `metadata.name=${name}`,
        after: resourceVersion,
      });
      await events.next('the new pod alone', POD_START_MS, ({ object: { metadata, spec, status } }) => {
        const isBeside = (status.updatedReplicas ?? 0) > 0 && status.replicas !== status.updatedReplicas;
        assert.ok(!isBeside, `new pods beside old ones: ${JSON.stringify(status)}`);
        return (
          status.replicas === spec.replicas &&
          status.updatedReplicas === spec.replicas &&
          (status.observedGeneration ?? 0) >= Number(metadata.generation ?? 0)
        );
      });
      const living = (await context.api.of(pod).list({ namespace: context.namespace })).items.filter(
        (p) => !isTerminal(p) && !p.metadata.deletionTimestamp,
      );
      assert.deepEqual([...new Set(living.map(imageOf))], [WEBSERVER]);
    },
  ),

  conformanceTest('[sig-apps] Deployment deployment should delete old replica sets', async (context) => {
    const labels = { name: 'cleanup-pod' };
    await createSet(context, 'test-cleanup-controller', labels);
    await untilRunning(context, labels, 1);
    const { resourceVersion } = await context.api.of(pod).list({ namespace: context.namespace });
    const pods = watching(context, pod, { namespace: context.namespace, after: resourceVersion });
    const name = 'test-cleanup-deployment';
    await create(context, { name, labels, replicas: 1, image: TESTHOST, spec: { revisionHistoryLimit: 0 } });
    await until(
      context,
      'the end of the old ReplicaSet',
      POD_START_MS,
      async () => (await setsOf(context, name)).old.length === 0,
    );
    await untilComplete(context, name);
    assert.deepEqual(
      pods.changes.filter(({ type }) => type === 'ADDED').map(({ object }) => imageOf(object)),
      [TESTHOST],
    );
  }),

  conformanceTest('[sig-apps] Deployment deployment should support rollover', async (context) => {
    const labels = { name: 'rollover-pod' };
    const old = 'test-rollover-controller';
    await createSet(context, old, labels);
    await untilRunning(context, labels, 1);
    await untilSet(context, old, 'being ready', ({ spec, status }) => status.readyReplicas === spec.replicas);
    const name = 'test-rollover-deployment';
    const missing = 'registry.invalid/redis-slave:nonexistent';
    const bounds = { maxSurge: 1, maxUnavailable: 0 };
    await create(context, {
      name,
      labels,
      replicas: 1,
      image: missing,
      spec: { minReadySeconds: 10, strategy: { type: 'RollingUpdate', rollingUpdate: bounds } },
    });
    await untilObject(context, deployment, name, {
      what: 'with an updated replica',
      isSo: ({ metadata, status }) =>
        (status.observedGeneration ?? 0) >= Number(metadata.generation ?? 0) && (status.updatedReplicas ?? 0) >= 1,
    });
    await untilRevision(context, name, '1', missing);
    const { newest: first } = await setsOf(context, name);
    assert.ok(first);
    await untilSet(context, old, 'with one replica', ({ status }) => status.replicas === 1);
    await untilSet(context, first.metadata.name, 'with one replica', ({ status }) => status.replicas === 1);
    const { metadata } = await context.api
      .of(deployment)
      .patch(keyOf(context, name), { type: 'strategic', body: imagePatch(TESTHOST) });
    await untilObserved(context, name, Number(metadata.generation ?? 0));
    await untilRevision(context, name, '2', TESTHOST);
    await untilRolledOut(context, name, bounds);
    for (const set of [old, first.metadata.name])
      await untilSet(context, set, 'without replicas', ({ status }) => status.replicas === 0);
  }),

  conformanceTest(
    '[sig-apps] Deployment deployment should support proportional scaling',
    async (context) => {
      const labels = { name: 'httpd' };
      const name = 'webserver-deployment';
      const strategy = { type: 'RollingUpdate', rollingUpdate: { maxSurge: 3, maxUnavailable: 2 } } as const;
      await create(context, { name, labels, replicas: 10, image: WEBSERVER, spec: { strategy } });
      await untilObserved(context, name, 1);
      await untilRunning(context, labels, 10);
      await untilComplete(context, name);
      const { newest: first } = await setsOf(context, name);
      const bad = await context.api
        .of(deployment)
        .patch(keyOf(context, name), { type: 'strategic', body: imagePatch('registry.invalid/webserver:404') });
      await untilObserved(context, name, Number(bad.metadata.generation ?? 0));
      await untilSet(
        context,
        first?.metadata.name ?? '',
        'with 8 available replicas',
        ({ status }) => (status.availableReplicas ?? 0) >= 8,
      );
      await untilSet(context, first?.metadata.name ?? '', 'of 8', ({ spec }) => spec.replicas === 8);
      await until(
        context,
        'the second set',
        POD_START_MS,
        async () => (await setsOf(context, name)).newest !== undefined,
      );
      const { newest: second } = await setsOf(context, name);
      await untilSet(
        context,
        second?.metadata.name ?? '',
        'of 5',
        ({ spec, status }) => spec.replicas === 5 && status.replicas === 5,
      );
      const scaled = await context.api
        .of(deployment)
        .patch(keyOf(context, name), { type: 'merge', body: { spec: { replicas: 30 } } });
      await untilObserved(context, name, Number(scaled.metadata.generation ?? 0));
      await untilSet(context, first?.metadata.name ?? '', 'of 20', ({ spec }) => spec.replicas === 20);
      await untilSet(context, second?.metadata.name ?? '', 'of 13', ({ spec }) => spec.replicas === 13);
    },
    600_000,
  ),

  conformanceTest('[sig-apps] Deployment Deployment should have a working scale subresource', async (context) => {
    const name = 'test-new-deployment';
    await create(context, { name, labels: { name: 'sample-pod' }, replicas: 1, image: WEBSERVER });
    await untilComplete(context, name);
    await checkScale(context, deployment, name);
  }),

  conformanceTest('[sig-apps] Deployment should validate Deployment Status endpoints', async (context) => {
    const labels = { name: `test-deployment-${context.unique}`, e2e: 'testing' };
    await create(context, { name: labels.name, labels, replicas: 1, image: WEBSERVER });
    await untilComplete(context, labels.name);
    await checkStatus(context, deployment, labels.name, labels);
  }),

  conformanceTest('[sig-apps] Deployment should run the lifecycle of a Deployment', lifecycle),
];

/** Each step is one that a watch of the label shows. */
async function lifecycle(context: TestContext): Promise<void> {
  const { api, namespace, unique } = context;
  const [name, labels] = ['test-deployment', { 'test-deployment-static': unique }];
  const key = keyOf(context, name);
  const { resourceVersion } = await api.of(deployment).list({ labelSelector: selectorOf(labels) });
  const events = watching(context, deployment, {
    namespace,
    labelSelector: selectorOf(labels),
    after: resourceVersion,
  });
  await create(context, { name, labels, replicas: 2, image: TESTHOST });
  await events.next('the creation', POD_START_MS, ({ type }) => type === 'ADDED');
  await events.next(
    'two ready replicas',
    POD_START_MS,
    ({ object: { status } }) => status.availableReplicas === 2 && status.readyReplicas === 2,
  );

  const body = {
    metadata: { labels: { 'test-deployment': 'patched' } },
    spec: {
      replicas: 1,
      template: { spec: { terminationGracePeriodSeconds: 0, containers: [{ name: 'main', image: PAUSE }] } },
    },
  };
  const patched = await api.of(deployment).patch(key, { type: 'strategic', body });
  assert.equal(patched.metadata.labels?.['test-deployment'], 'patched');
  await events.next(
    'the patch',
    POD_START_MS,
    ({ type, object }) => type === 'MODIFIED' && object.metadata.labels?.['test-deployment'] === 'patched',
  );
  await events.next(
    'one replica of the patched template',
    POD_START_MS,
    ({ object: { spec, status } }) =>
      spec.replicas === 1 &&
      status.readyReplicas === 1 &&
      status.updatedReplicas === 1 &&
      !status.unavailableReplicas &&
      imageOf({ spec: spec.template.spec }) === PAUSE,
  );

  const { items } = await api.of(deployment).list({ labelSelector: selectorOf(labels) });
  const listed = items.find((item) => item.metadata.namespace === namespace);
  assert.deepEqual(
    [listed?.metadata.name, listed?.metadata.labels?.['test-deployment'], listed?.spec.replicas],
    [name, 'patched', 1],
  );

  await api.of(deployment).update(key, (held) => ({
    ...held,
    metadata: { ...held.metadata, labels: { ...held.metadata.labels, 'test-deployment': 'updated' } },
    spec: {
      ...held.spec,
      replicas: 2,
      template: {
        ...held.spec.template,
        spec: {
          ...held.spec.template.spec,
          containers: held.spec.template.spec.containers.map((c) => ({ ...c, image: OTHER_WEBSERVER })),
        },
      },
    },
  }));
  await events.next(
    'the update',
    POD_START_MS,
    ({ type, object }) => type === 'MODIFIED' && object.metadata.labels?.['test-deployment'] === 'updated',
  );
  const isUp = ({ status }: Deployment): boolean =>
    status.readyReplicas === 2 && status.availableReplicas === 2 && status.updatedReplicas === 2;
  await events.next(
    'two replicas of the updated template',
    POD_START_MS,
    ({ object }) => isUp(object) && !object.status.unavailableReplicas,
  );

  const shrunk = await api.of(deployment).patch(
    key,
    {
      type: 'strategic',
      body: {
        metadata: { labels: { 'test-deployment': 'patched-status' } },
        status: { readyReplicas: 0, availableReplicas: 0 },
      },
    },
    { subresource: 'status' },
  );
  assert.equal(shrunk.status.readyReplicas ?? 0, 0);
  await events.next(
    'the patched status',
    POD_START_MS,
    ({ object }) => object.metadata.resourceVersion === shrunk.metadata.resourceVersion,
  );
  await events.next('the true status again', POD_START_MS, ({ object }) => isUp(object));

  await api.of(deployment).deleteCollection({ namespace, labelSelector: selectorOf(labels) });
  await events.next('the deletion', POD_START_MS, ({ type }) => type === 'DELETED');
}
