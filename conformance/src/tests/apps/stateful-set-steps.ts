import assert from 'node:assert/strict';
import { isReady, pod, type Pod, service, statefulSet } from '@navarch/api';
import { type Draft, type ObjectOf } from '@navarch/machinery';
import { type TestContext } from '../../conformance-test.ts';
import { outputOfExec } from '../../exec.ts';
import { until } from '../../until.ts';
import { imageOf, imagePatch, keyOf, POD_START_MS, podsOf, template, untilObject, WEBSERVER } from './workloads.ts';

type StatefulSet = ObjectOf<typeof statefulSet>;

export const labels = { foo: 'bar', baz: 'blah' };
const SERVICE = 'test';
export const SET_MS = 600_000;
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
export async function create(
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

export const ordinal = ({ metadata }: Pod): number => Number(/\d+$/.exec(metadata.name)?.[0]);
const sorted = async (context: TestContext): Promise<readonly Pod[]> =>
  [...(await podsOf(context, labels))].sort((a, b) => ordinal(a) - ordinal(b));
export const get = (context: TestContext, name: string): Promise<StatefulSet> =>
  context.api.of(statefulSet).get(keyOf(context, name));
const shell = (context: TestContext, name: string, script: string): Promise<string> =>
  outputOfExec(context, name, ['/bin/sh', '-x', '-c', script]);
export const breakProbe = (context: TestContext, name: string): Promise<string> =>
  shell(context, name, `mv -v ${PAGE} /tmp/ || true`);
export const mendProbe = (context: TestContext, name: string): Promise<string> =>
  shell(context, name, `mv -v /tmp/index.html ${PAGE.replace('index.html', '')} || true`);

export async function everyPod(
  context: TestContext,
  act: (context: TestContext, name: string) => Promise<string>,
): Promise<void> {
  for (const { metadata } of await sorted(context)) await act(context, metadata.name);
}

/** All pods there are run, and are ready or not as wanted. */
export const untilPods = (context: TestContext, count: number, ready: boolean): Promise<void> =>
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

export const untilObserved = (context: TestContext, name: string): Promise<StatefulSet> =>
  untilObject(context, statefulSet, name, {
    what: 'being observed',
    isSo: ({ metadata, status }) => (status.observedGeneration ?? 0) >= (metadata.generation ?? 0),
  });

export const untilStatus = (
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

export const resize = (context: TestContext, name: string, replicas: number): Promise<unknown> =>
  context.api.of(statefulSet).update(keyOf(context, name), (held) => ({ ...held, spec: { ...held.spec, replicas } }));
export const setImage = (context: TestContext, name: string, image: string): Promise<unknown> =>
  context.api.of(statefulSet).patch(keyOf(context, name), { type: 'strategic', body: imagePatch(image) });
export const setPartition = (context: TestContext, name: string, partition: number): Promise<unknown> =>
  context.api.of(statefulSet).update(keyOf(context, name), (held) => ({
    ...held,
    spec: { ...held.spec, updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition } } },
  }));

/** For a while there are so many pods, neither more nor fewer; or, where it is not `still`, soon there are. */
export async function confirmCount(context: TestContext, count: number, still: boolean): Promise<void> {
  if (!still)
    return until(context, `${count} pods`, POD_START_MS, async () => (await podsOf(context, labels)).length === count);
  const end = context.clock.monotonic() + STILL_MS;
  while (context.clock.monotonic() < end) {
    assert.equal((await podsOf(context, labels)).length, count);
    await context.clock.sleep(1000, context.signal);
  }
}

export async function checkPods(
  context: TestContext,
  wanted: (ordinal: number) => { readonly image: string; readonly revision: string | undefined },
): Promise<void> {
  for (const p of await sorted(context))
    assert.deepEqual({ image: imageOf(p), revision: p.metadata.labels?.[HASH] }, wanted(ordinal(p)), p.metadata.name);
}

/** Waits until what lies at or above the partition is of the update revision; with no partition the whole set is, and says so. */
export async function untilUpdated(context: TestContext, name: string, partition: number): Promise<StatefulSet> {
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
export async function rollOver(context: TestContext, name: string, image: string): Promise<StatefulSet> {
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
