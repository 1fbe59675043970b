import assert from 'node:assert/strict';
import { isReady, node, pod, type Pod, service, statefulSet } from '@navarch/api';
import { type Draft, hasReason, type ObjectOf } from '@navarch/machinery';
import { conformanceTest, type TestContext } from '../../conformance-test.ts';
import { outputOfExec } from '../../exec.ts';
import { createPod, getPod, untilRunning as untilPodRunning } from '../../pods.ts';
import { PAUSE } from '../../testhost.ts';
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
  podsOf,
  selectorOf,
  template,
  untilObject,
  WEBSERVER,
} from './workloads.ts';

type StatefulSet = ObjectOf<typeof statefulSet>;

const labels = { foo: 'bar', baz: 'blah' };
const SERVICE = 'test';
const SET_MS = 600_000;
/** How long nothing more may happen where nothing must. */
const STILL_MS = 10_000;
const HASH = 'controller-revision-hash';
const PAGE = '/usr/share/nginx/html/index.html';

const readinessProbe = {
  httpGet: { path: '/index.html', port: 80 },
  periodSeconds: 1,
  successThreshold: 1,
  failureThreshold: 1,
} as const;

/** A set with its headless service. Its pods are ready while they have a page. */
async function create(
  context: TestContext,
  name: string,
  replicas: number,
  spec: Draft<StatefulSet['spec']> = {},
): Promise<StatefulSet> {
  const { api, namespace } = context;
  await api.of(service).create({
    metadata: { name: SERVICE, namespace, labels },
    spec: { clusterIP: 'None', selector: labels, ports: [{ port: 80, name: 'http' }] },
  });
  return api.of(statefulSet).create({
    metadata: { name, namespace, labels },
    spec: {
      serviceName: SERVICE,
      replicas,
      selector: { matchLabels: labels },
      template: template(labels, { image: WEBSERVER, readinessProbe }),
      updateStrategy: { type: 'RollingUpdate' },
      ...spec,
    },
  });
}

const ordinal = ({ metadata }: Pod): number => Number(/\d+$/.exec(metadata.name)?.[0]);
const sorted = async (context: TestContext): Promise<readonly Pod[]> =>
  [...(await podsOf(context, labels))].sort((a, b) => ordinal(a) - ordinal(b));
const get = (context: TestContext, name: string): Promise<StatefulSet> =>
  context.api.of(statefulSet).get(keyOf(context, name));
const shell = (context: TestContext, name: string, script: string): Promise<string> =>
  outputOfExec(context, name, ['/bin/sh', '-x', '-c', script]);
const breakProbe = (context: TestContext, name: string): Promise<string> =>
  shell(context, name, `mv -v ${PAGE} /tmp/ || true`);
const mendProbe = (context: TestContext, name: string): Promise<string> =>
  shell(context, name, `mv -v /tmp/index.html ${PAGE.replace('index.html', '')} || true`);

async function everyPod(
  context: TestContext,
  act: (context: TestContext, name: string) => Promise<string>,
): Promise<void> {
  for (const { metadata } of await sorted(context)) await act(context, metadata.name);
}

/** All pods there are run, and are ready or not as wanted. */
const untilPods = (context: TestContext, count: number, ready: boolean): Promise<void> =>
  until(context, `${count} running pods that are ${ready ? '' : 'not '}ready`, SET_MS, async () => {
    const pods = await podsOf(context, labels);
    assert.ok(pods.length <= count, `${pods.length} pods where there should be ${count}`);
    return (
      pods.length === count &&
      pods.every((p) => p.status.phase === 'Running' && isReady(p) === ready && !p.metadata.deletionTimestamp)
    );
  });

const untilReadyPod = (context: TestContext, name: string, ready: boolean): Promise<Pod> =>
  untilObject(context, pod, name, {
    what: ready ? 'being ready' : 'being unready',
    timeoutMs: POD_START_MS,
    isSo: (p) => isReady(p) === ready,
  });

const untilObserved = (context: TestContext, name: string): Promise<StatefulSet> =>
  untilObject(context, statefulSet, name, {
    what: 'being observed',
    isSo: ({ metadata, status }) => (status.observedGeneration ?? 0) >= (metadata.generation ?? 0),
  });

const untilStatus = (
  context: TestContext,
  name: string,
  field: 'readyReplicas' | 'replicas',
  count: number,
): Promise<StatefulSet> =>
  untilObject(context, statefulSet, name, {
    what: `with status.${field} ${count}`,
    timeoutMs: SET_MS,
    isSo: ({ metadata, status }) =>
      (status.observedGeneration ?? 0) >= (metadata.generation ?? 0) && (status[field] ?? 0) === count,
  });

const resize = (context: TestContext, name: string, replicas: number): Promise<unknown> =>
  context.api.of(statefulSet).update(keyOf(context, name), (held) => ({ ...held, spec: { ...held.spec, replicas } }));
const setImage = (context: TestContext, name: string, image: string): Promise<unknown> =>
  context.api.of(statefulSet).patch(keyOf(context, name), { type: 'strategic', body: imagePatch(image) });
const setPartition = (context: TestContext, name: string, partition: number): Promise<unknown> =>
  context.api.of(statefulSet).update(keyOf(context, name), (held) => ({
    ...held,
    spec: { ...held.spec, updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition } } },
  }));

/** For a while there are so many pods, neither more nor fewer; or, where it is not `still`, soon there are. */
async function confirmCount(context: TestContext, count: number, still: boolean): Promise<void> {
  if (!still)
    return until(context, `${count} pods`, POD_START_MS, async () => (await podsOf(context, labels)).length === count);
  const end = context.clock.monotonic() + STILL_MS;
  while (context.clock.monotonic() < end) {
    assert.equal((await podsOf(context, labels)).length, count);
    await context.clock.sleep(1000, context.signal);
  }
}

async function checkPods(
  context: TestContext,
  wanted: (ordinal: number) => { readonly image: string; readonly revision: string | undefined },
): Promise<void> {
  for (const p of await sorted(context))
    assert.deepEqual({ image: imageOf(p), revision: p.metadata.labels?.[HASH] }, wanted(ordinal(p)), p.metadata.name);
}

/** Waits until what lies at or above the partition is of the update revision; with no partition the whole set is, and says so. */
async function untilUpdated(context: TestContext, name: string, partition: number): Promise<StatefulSet> {
  await untilObserved(context, name);
  return untilObject(context, statefulSet, name, {
    what: `updated down to ${partition}`,
    timeoutMs: SET_MS,
    async isSo({ spec, status }) {
      const pods = await sorted(context);
      if (pods.length !== spec.replicas || !pods.every(isReady) || pods.some((p) => p.metadata.deletionTimestamp))
        return false;
      if (partition <= 0 && status.currentRevision !== status.updateRevision) return false;
      return pods.every((p) => ordinal(p) < partition || p.metadata.labels?.[HASH] === status.updateRevision);
    },
  });
}

/** One change of image while the middle pod is not ready: it is waited for, and then the pods change from the last to the first. */
async function rollOver(context: TestContext, name: string, image: string): Promise<StatefulSet> {
  const middle = `${name}-1`;
  await breakProbe(context, middle);
  await untilReadyPod(context, middle, false);
  const {
    status: { updateRevision: before },
  } = await get(context, name);
  await setImage(context, name, image);
  const {
    status: { currentRevision, updateRevision },
  } = await untilObserved(context, name);
  assert.equal(currentRevision, before, 'the current revision changed before a pod did');
  assert.notEqual(currentRevision, updateRevision);
  await mendProbe(context, middle);
  await untilReadyPod(context, middle, true);
  const after = await untilUpdated(context, name, 0);
  await checkPods(context, () => ({ image, revision: updateRevision }));
  assert.equal(after.status.currentRevision, updateRevision);
  return after;
}

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
