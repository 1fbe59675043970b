import assert from 'node:assert/strict';
import { type Container, pod, replicationController, type ReplicationController, resourceQuota } from '@navarch/api';
import type { Draft } from '@navarch/machinery';
import { conformanceTest, type TestContext } from '../../conformance-test.ts';
import { createPod } from '../../pods.ts';
import { getJson, request } from '../../requests.ts';
import { PAUSE, testhost } from '../../testhost.ts';
import { until } from '../../until.ts';
import { watching } from '../../watches.ts';
import {
  answerWithTheirNames,
  keyOf,
  type Labels,
  pathOf,
  POD_START_MS,
  podsOf,
  scaleOf,
  selectorOf,
  template,
  untilObject,
  untilOwned,
  WEBSERVER,
} from './workloads.ts';

const create = (
  { api, namespace }: TestContext,
  name: string,
  labels: Labels,
  replicas: number,
  container: Draft<Container> = { image: WEBSERVER },
): Promise<ReplicationController> =>
  api.of(replicationController).create({
    metadata: { name, namespace, labels },
    spec: { replicas, selector: labels, template: template(labels, container) },
  });

const failure = ({ status }: ReplicationController) => status.conditions?.find(({ type }) => type === 'ReplicaFailure');
const isObserved = ({ metadata, status }: ReplicationController): boolean =>
  (status.observedGeneration ?? 0) >= (metadata.generation ?? 0);
const untilAvailable = (context: TestContext, name: string, count: number): Promise<unknown> =>
  untilObject(context, replicationController, name, {
    what: `with ${count} available replicas`,
    timeoutMs: POD_START_MS,
    isSo: ({ status }) => status.availableReplicas === count && status.replicas === count,
  });

export const replicationControllerTests = [
  conformanceTest(
    '[sig-apps] ReplicationController should serve a basic image on each replica with a public image',
    async (context) => {
      const own = { name: `my-hostname-basic-${context.unique}` };
      await create(context, own.name, own, 1, { ...testhost('serve-hostname'), ports: [{ containerPort: 9376 }] });
      await answerWithTheirNames(context, own, 1);
    },
  ),

  conformanceTest(
    '[sig-apps] ReplicationController should surface a failure condition on a common issue like exceeded quota',
    async (context) => {
      const { api, namespace } = context;
      const name = 'condition-test';
      await api.of(resourceQuota).create({ metadata: { name, namespace }, spec: { hard: { pods: '2' } } });
      await untilObject(context, resourceQuota, name, {
        what: 'being counted',
        isSo: ({ status }) => status.hard?.['pods'] === '2',
      });
      await create(context, name, { name }, 3, { image: PAUSE });
      await untilObject(context, replicationController, name, {
        what: 'with a failure condition',
        isSo: (rc) => isObserved(rc) && failure(rc) !== undefined,
      });
      await api
        .of(replicationController)
        .update(keyOf(context, name), (held) => ({ ...held, spec: { ...held.spec, replicas: 2 } }));
      await untilObject(context, replicationController, name, {
        what: 'without a failure condition',
        isSo: (rc) => isObserved(rc) && failure(rc) === undefined,
      });
    },
  ),

  conformanceTest('[sig-apps] ReplicationController should adopt matching pods on creation', async (context) => {
    const name = 'pod-adoption';
    await createPod(context, name, { containers: [{ name, image: WEBSERVER }] }, { labels: { name } });
    await untilObject(context, pod, name, {
      what: 'running',
      timeoutMs: POD_START_MS,
      isSo: ({ status }) => status.phase === 'Running',
    });
    await untilOwned(context, name, await create(context, name, { name }, 1), true);
  }),

  conformanceTest('[sig-apps] ReplicationController should release no longer matching pods', async (context) => {
    const name = 'pod-release';
    const owner = await create(context, name, { name }, 1);
    await until(context, 'its pod', POD_START_MS, async () => (await podsOf(context, { name })).length > 0);
    const [first] = await podsOf(context, { name });
    assert.ok(first);
    await context.api.of(pod).update(keyOf(context, first.metadata.name), (held) => ({
      ...held,
      metadata: { ...held.metadata, labels: { name: 'not-matching-name' } },
    }));
    await untilOwned(context, first.metadata.name, owner, false);
  }),

  conformanceTest(
    '[sig-apps] ReplicationController should get and update a ReplicationController scale',
    async (context) => {
      const name = `e2e-rc-${context.unique}`;
      await create(context, name, { name }, 1, testhost());
      await untilAvailable(context, name, 1);
      const scale = scaleOf(context, replicationController, name);
      const { spec, status } = await scale.get();
      assert.deepEqual([spec.replicas, status.replicas], [1, 1]);
      assert.equal((await scale.put(2)).spec.replicas, 2);
      await untilAvailable(context, name, 2);
    },
  ),

  conformanceTest('[sig-apps] ReplicationController should test the lifecycle of a ReplicationController', lifecycle),
];

async function lifecycle(context: TestContext): Promise<void> {
  const { api, namespace, unique } = context;
  const [name, labels] = ['rc-test', { 'test-rc-static': unique }];
  const key = keyOf(context, name);
  const { resourceVersion } = await api
    .of(replicationController)
    .list({ namespace, labelSelector: selectorOf(labels) });
  const events = watching(context, replicationController, {
    namespace,
    labelSelector: selectorOf(labels),
    after: resourceVersion,
  });
  const seen = (version: string): Promise<unknown> =>
    events.next(
      `version ${version}`,
      POD_START_MS,
      ({ type, object }) => type === 'MODIFIED' && object.metadata.resourceVersion === version,
    );
  await create(context, name, labels, 1);
  await events.next('the creation', POD_START_MS, ({ type }) => type === 'ADDED');
  await events.next(
    'one ready replica',
    POD_START_MS,
    ({ object }) => object.status.replicas === 1 && object.status.readyReplicas === 1,
  );

  const patched = await api
    .of(replicationController)
    .patch(key, { type: 'strategic', body: { metadata: { labels: { 'test-rc': 'patched' } } } });
  await seen(patched.metadata.resourceVersion ?? '');
  const shrunk = await api
    .of(replicationController)
    .patch(
      key,
      { type: 'strategic', body: { status: { readyReplicas: 0, availableReplicas: 0 } } },
      { subresource: 'status' },
    );
  assert.equal(shrunk.status.readyReplicas ?? 0, 0);
  await seen(shrunk.metadata.resourceVersion ?? '');
  assert.equal(
    (await getJson<ReplicationController>(context, pathOf(context, replicationController, name, 'status'))).metadata
      .name,
    name,
  );

  const { status, text } = await request(context, {
    method: 'PATCH',
    path: pathOf(context, replicationController, name, 'scale'),
    contentType: 'application/strategic-merge-patch+json',
    body: { spec: { replicas: 2 } },
  });
  assert.equal(status, 200, text);
  await events.next('a size of 2', POD_START_MS, ({ object }) => object.spec.replicas === 2);
  await events.next(
    'two ready replicas',
    POD_START_MS,
    ({ object }) => object.status.replicas === 2 && object.status.readyReplicas === 2,
  );
  assert.equal((await api.of(replicationController).get(key)).metadata.labels?.['test-rc'], 'patched');

  const updated = await api
    .of(replicationController)
    .update(key, (held) => ({ ...held, status: { ...held.status, readyReplicas: 1, availableReplicas: 1 } }), {
      subresource: 'status',
    });
  await seen(updated.metadata.resourceVersion ?? '');
  await events.next('the true status again', POD_START_MS, ({ object }) => object.status.readyReplicas === 2);

  const { items } = await api.of(replicationController).list({ labelSelector: selectorOf(labels) });
  assert.deepEqual(
    items.map((rc) => [rc.metadata.name, rc.status.readyReplicas]),
    [[name, 2]],
  );
  await api.of(replicationController).deleteCollection({ namespace, labelSelector: selectorOf(labels) });
  await events.next('the deletion', POD_START_MS, ({ type }) => type === 'DELETED');
}
