import assert from 'node:assert/strict';
import { isReady, node, pod, statefulSet } from '@navarch/api';
import { hasReason } from '@navarch/machinery';
import { conformanceTest } from '../../conformance-test.ts';
import { createPod, getPod, untilRunning as untilPodRunning } from '../../pods.ts';
import { PAUSE } from '../../testhost.ts';
import { until } from '../../until.ts';
import { watching } from '../../watches.ts';
import {
  checkScale,
  checkStatus,
  imageOf,
  keyOf,
  OTHER_WEBSERVER,
  POD_START_MS,
  podsOf,
  selectorOf,
  untilObject,
  WEBSERVER,
} from './workloads.ts';
import {
  breakProbe,
  checkPods,
  confirmCount,
  create,
  everyPod,
  get,
  labels,
  mendProbe,
  ordinal,
  resize,
  rollOver,
  SET_MS,
  setImage,
  setPartition,
  untilObserved,
  untilPods,
  untilStatus,
  untilUpdated,
} from './stateful-set-steps.ts';

const PREFIX = '[sig-apps] StatefulSet Basic StatefulSet functionality';

export const statefulSetTests = [
  conformanceTest(
    `${PREFIX} should perform rolling updates and roll backs of template modifications`,
    async (context) => {
      const name = 'ss2';
      await create(context, name, 3);
      await untilPods(context, 3, true);
      const {
        status: { currentRevision: first, updateRevision },
      } = await untilObserved(context, name);
      assert.equal(first, updateRevision);
      await checkPods(context, () => ({ image: WEBSERVER, revision: first }));
      await rollOver(context, name, OTHER_WEBSERVER);
      const { status } = await rollOver(context, name, WEBSERVER);
      assert.equal(status.currentRevision, first, 'going back makes no revision of its own');
    },
    SET_MS,
  ),

  conformanceTest(
    `${PREFIX} should perform canary updates and phased rolling updates of template modifications`,
    async (context) => {
      const name = 'ss2';
      await create(context, name, 3, { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 3 } } });
      await untilPods(context, 3, true);
      const {
        status: { currentRevision: old, updateRevision: same },
      } = await untilObserved(context, name);
      assert.equal(old, same);
      const oldOnes = { image: WEBSERVER, revision: old };
      await checkPods(context, () => oldOnes);
      await setImage(context, name, OTHER_WEBSERVER);
      const {
        status: { currentRevision, updateRevision },
      } = await untilObserved(context, name);
      assert.notEqual(currentRevision, updateRevision);
      const newOnes = { image: OTHER_WEBSERVER, revision: updateRevision };
      await checkPods(context, () => oldOnes);

      const checkFrom = (partition: number): Promise<void> =>
        checkPods(context, (i) => (i < partition ? oldOnes : newOnes));
      await setPartition(context, name, 2);
      await untilUpdated(context, name, 2);
      await checkFrom(2);
      for (const i of [0, 2]) await context.api.of(pod).delete(keyOf(context, `${name}-${i}`));
      await until(context, 'three ready pods again', SET_MS, async () => {
        const pods = await podsOf(context, labels);
        return pods.length === 3 && pods.every((p) => isReady(p) && !p.metadata.deletionTimestamp);
      });
      await checkFrom(2);
      for (const partition of [1, 0]) {
        await setPartition(context, name, partition);
        await untilUpdated(context, name, partition);
        await checkFrom(partition);
      }
      assert.equal((await get(context, name)).status.currentRevision, updateRevision);
    },
    SET_MS,
  ),

  conformanceTest(
    `${PREFIX} Scaling should happen in predictable order and halt if any stateful pod is unhealthy`,
    async (context) => {
      const { api, namespace } = context;
      const name = 'ss';
      const order = async (): Promise<(type: 'ADDED' | 'DELETED', ordinals: readonly number[]) => Promise<void>> => {
        const { resourceVersion } = await api.of(pod).list({ namespace, labelSelector: selectorOf(labels) });
        const events = watching(context, pod, { namespace, labelSelector: selectorOf(labels), after: resourceVersion });
        return async (type, ordinals) => {
          const seen = (): readonly number[] =>
            events.changes.filter((change) => change.type === type).map(({ object }) => ordinal(object));
          await until(
            context,
            `the ${type} of pods ${ordinals.join()}`,
            POD_START_MS,
            async () => seen().length >= ordinals.length,
          );
          assert.deepEqual(seen(), ordinals);
        };
      };
      const came = await order();
      await create(context, name, 1);
      await untilPods(context, 1, true);
      await everyPod(context, breakProbe);
      await untilPods(context, 1, false);
      await untilStatus(context, name, 'readyReplicas', 0);
      await resize(context, name, 3);
      await confirmCount(context, 1, true);
      await everyPod(context, mendProbe);
      await untilPods(context, 3, true);
      await came('ADDED', [0, 1, 2]);

      const went = await order();
      await everyPod(context, breakProbe);
      await untilStatus(context, name, 'readyReplicas', 0);
      await untilPods(context, 3, false);
      await resize(context, name, 0);
      await confirmCount(context, 3, true);
      await everyPod(context, mendProbe);
      await untilStatus(context, name, 'replicas', 0);
      await went('DELETED', [2, 1, 0]);
    },
    SET_MS,
  ),

  conformanceTest(
    `${PREFIX} Burst scaling should run to completion even with unhealthy pods`,
    async (context) => {
      const name = 'ss';
      await create(context, name, 1, { podManagementPolicy: 'Parallel' });
      await untilPods(context, 1, true);
      await everyPod(context, breakProbe);
      await untilPods(context, 1, false);
      await untilStatus(context, name, 'readyReplicas', 0);
      await resize(context, name, 3);
      await confirmCount(context, 3, false);
      await mendProbe(context, `${name}-0`);
      await untilPods(context, 3, true);
      await everyPod(context, breakProbe);
      await untilStatus(context, name, 'readyReplicas', 0);
      await untilPods(context, 3, false);
      await resize(context, name, 0);
      await confirmCount(context, 0, false);
      await untilStatus(context, name, 'replicas', 0);
    },
    SET_MS,
  ),

  conformanceTest(
    `${PREFIX} Should recreate evicted statefulset`,
    async (context) => {
      const { api, namespace } = context;
      const nodes = (await api.of(node).list()).items.filter(({ spec }) => !spec.unschedulable && !spec.taints?.length);
      const nodeName = nodes[0]?.metadata.name ?? '';
      const container = {
        name: 'main',
        image: WEBSERVER,
        ports: [{ containerPort: 21017, hostPort: 21017, name: 'conflict' }],
      };
      const blocker = 'test-pod';
      await createPod(context, blocker, { nodeName, terminationGracePeriodSeconds: 0, containers: [container] });
      await untilPodRunning(context, blocker);
      const { resourceVersion } = await api.of(pod).list({ namespace });
      const events = watching(context, pod, { namespace, fieldSelector: 'metadata.name=ss-0', after: resourceVersion });
      await create(context, 'ss', 1, {
        template: {
          metadata: { labels },
          spec: { nodeName, terminationGracePeriodSeconds: 0, containers: [container] },
        },
      });
      const {
        metadata: { uid: firstUid },
      } = await events.next('the first ss-0', POD_START_MS, ({ type }) => type === 'ADDED');
      await events.next(
        'the end of the first ss-0',
        POD_START_MS,
        ({ type, object }) => type === 'DELETED' && object.metadata.uid === firstUid,
      );
      await api.of(pod).delete(keyOf(context, blocker));
      await until(context, 'another ss-0 running', SET_MS, async () => {
        try {
          const { metadata, status } = await getPod(context, 'ss-0');
          return status.phase === 'Running' && metadata.uid !== firstUid;
        } catch (error) {
          if (hasReason(error, 'NotFound')) return false;
          throw error;
        }
      });
    },
    SET_MS,
  ),

  conformanceTest(`${PREFIX} should have a working scale subresource`, async (context) => {
    await create(context, 'ss', 1);
    await untilPods(context, 1, true);
    await untilStatus(context, 'ss', 'readyReplicas', 1);
    await checkScale(context, statefulSet, 'ss');
  }),

  conformanceTest(
    `${PREFIX} should list, patch and delete a collection of StatefulSets`,
    async (context) => {
      const { api, namespace, unique } = context;
      const [name, mark] = ['test-ss', `e2e=${unique}`];
      await create(context, name, 1);
      await untilPods(context, 1, true);
      const body = {
        metadata: { labels: { e2e: unique, 'test-ss': 'patched' } },
        spec: {
          replicas: 2,
          template: {
            spec: {
              terminationGracePeriodSeconds: 0,
              containers: [{ name: 'main', image: PAUSE, readinessProbe: null }],
            },
          },
        },
      };
      const patched = await api.of(statefulSet).patch(keyOf(context, name), { type: 'strategic', body });
      assert.deepEqual(
        [patched.metadata.labels?.['test-ss'], patched.spec.replicas, imageOf({ spec: patched.spec.template.spec })],
        ['patched', 2, PAUSE],
      );
      await untilObject(context, statefulSet, name, {
        what: 'with two updated, ready replicas',
        timeoutMs: SET_MS,
        isSo: ({ status }) => status.readyReplicas === 2 && status.updatedReplicas === 2,
      });
      assert.deepEqual(
        (await api.of(statefulSet).list({ labelSelector: mark })).items.map((set) => set.metadata.namespace),
        [namespace],
      );
      await api.of(statefulSet).deleteCollection({ namespace, labelSelector: mark, gracePeriodSeconds: 0 });
      await until(
        context,
        'the end of the set',
        POD_START_MS,
        async () => (await api.of(statefulSet).list({ labelSelector: mark })).items.length === 0,
      );
    },
    SET_MS,
  ),

  conformanceTest(`${PREFIX} should validate Statefulset Status endpoints`, async (context) => {
    await create(context, 'ss', 1);
    await untilPods(context, 1, true);
    await checkStatus(context, statefulSet, 'ss', labels);
  }),
];
