import assert from 'node:assert/strict';
import { isIP } from 'node:net';
import { pod, type PodSpec, service } from '@navarch/api';
import { type Draft, hasReason } from '@navarch/machinery';
import { conformanceTest } from '../../conformance-test.ts';
import {
  createPod,
  getPod,
  hasLines,
  isGone,
  logsOf,
  outputOf,
  removePod,
  shell,
  startPod,
  untilPod,
  untilRunning,
} from '../../pods.ts';
import { request } from '../../requests.ts';
import { openSocket } from '../../sockets.ts';
import { NGINX, PAUSE, testhost } from '../../testhost.ts';
import { until } from '../../until.ts';
import { watching } from '../../watches.ts';
import { podGenerationTests } from './pod-generation.ts';

const DELETED_MS = 300_000;
const pausing = (grace = 1): Draft<PodSpec> => ({
  terminationGracePeriodSeconds: grace,
  containers: [{ name: 'pause', image: PAUSE }],
});

const basicTests = [
  conformanceTest('[sig-node] Pods should get a host IP', async (context) => {
    await createPod(context, 'with-host', { terminationGracePeriodSeconds: 1, containers: [testhost()] });
    const { status } = await untilPod(
      context,
      'with-host',
      'having a host IP',
      120_000,
      ({ status: { hostIP } }) => hostIP !== undefined,
    );
    assert.notEqual(isIP(status.hostIP ?? ''), 0, `hostIP is ${status.hostIP}`);
  }),

  conformanceTest('[sig-node] Pods should be submitted and removed', async (context) => {
    const pods = context.api.of(pod);
    const mine = { namespace: context.namespace, labelSelector: `time=${context.unique}` };
    const before = await pods.list(mine);
    assert.deepEqual(before.items, []);
    const watch = watching(context, pod, { ...mine, after: before.resourceVersion });
    await createPod(context, 'brief', pausing(30), { labels: { name: 'foo', time: context.unique } });
    assert.equal((await pods.list(mine)).items.length, 1);
    await watch.next('the ADDED event of the pod', 120_000, ({ type }) => type === 'ADDED');
    await untilRunning(context, 'brief');
    const path = `/api/v1/namespaces/${context.namespace}/pods/brief?gracePeriodSeconds=30`;
    assert.equal((await request(context, { method: 'DELETE', path })).status, 200);
    const last = await watch.next('the DELETED event of the pod', DELETED_MS, ({ type }) => type === 'DELETED');
    assert.notEqual(last.metadata.deletionTimestamp, undefined);
    assert.notEqual(last.spec.terminationGracePeriodSeconds, 0);
    assert.deepEqual((await pods.list(mine)).items, []);
  }),

  conformanceTest('[sig-node] Pods should be updated', async (context) => {
    const { api, namespace, unique } = context;
    await startPod(context, 'changing', pausing(), { labels: { name: 'foo', time: unique } });
    assert.equal((await api.of(pod).list({ namespace, labelSelector: `time=${unique}` })).items.length, 1);
    await api.of(pod).update(`${namespace}/changing`, (current) => ({
      ...current,
      metadata: { ...current.metadata, labels: { ...current.metadata.labels, time: `after-${unique}` } },
    }));
    await untilRunning(context, 'changing');
    const { items } = await api.of(pod).list({ namespace, labelSelector: `time=after-${unique}` });
    assert.deepEqual(
      items.map((p) => p.metadata.name),
      ['changing'],
    );
  }),

  conformanceTest('[sig-node] Pods should allow activeDeadlineSeconds to be updated', async (context) => {
    await startPod(context, 'hurried', pausing());
    await context.api.of(pod).update(`${context.namespace}/hurried`, (current) => ({
      ...current,
      spec: { ...current.spec, activeDeadlineSeconds: 5 },
    }));
    const { status } = await untilPod(
      context,
      'hurried',
      'failing',
      120_000,
      ({ status: { phase } }) => phase === 'Failed',
    );
    assert.equal(status.reason, 'DeadlineExceeded');
  }),

  conformanceTest('[sig-node] Pods should contain environment variables for services', async (context) => {
    const { api, namespace } = context;
    await startPod(
      context,
      'server',
      {
        terminationGracePeriodSeconds: 1,
        containers: [{ ...testhost('serve-hostname'), ports: [{ containerPort: 9376 }] }],
      },
      { labels: { name: 'server' } },
    );
    const made = await api.of(service).create({
      metadata: { name: 'fooservice', namespace, labels: { name: 'fooservice' } },
      spec: { ports: [{ port: 8765, targetPort: 8080 }], selector: { name: 'server' } },
    });
    const ip = made.spec.clusterIP ?? '';
    // Which services there are reaches kubelets a moment later than us.
    await context.clock.sleep(1000, context.signal);
    const output = await outputOf(context, 'client', { containers: [shell('env')] });
    const lines = [
      'PORT_8765_TCP_PORT=8765',
      'PORT_8765_TCP_PROTO=tcp',
      `PORT_8765_TCP=tcp://${ip}:8765`,
      `PORT_8765_TCP_ADDR=${ip}`,
    ];
    hasLines(
      output,
      [`SERVICE_HOST=${ip}`, 'SERVICE_PORT=8765', `PORT=tcp://${ip}:8765`, ...lines].map(
        (line) => `FOOSERVICE_${line}`,
      ),
    );
  }),

  conformanceTest('[sig-node] Pods should delete a collection of pods', async (context) => {
    const mine = { namespace: context.namespace, labelSelector: 'type=Testing' };
    const names = ['test-pod-1', 'test-pod-2', 'test-pod-3'];
    for (const name of names) {
      await createPod(
        context,
        name,
        { restartPolicy: 'Never', terminationGracePeriodSeconds: 1, containers: [testhost()] },
        { labels: { type: 'Testing' } },
      );
    }
    for (const name of names) await untilRunning(context, name);
    await context.api.of(pod).deleteCollection({ ...mine, gracePeriodSeconds: 1 });
    await until(
      context,
      'the end of all three pods',
      DELETED_MS,
      async () => (await context.api.of(pod).list(mine)).items.length === 0,
    );
  }),
];

const statusTests = [
  conformanceTest('[sig-node] Pods should run through the lifecycle of Pods and PodStatus', async (context) => {
    const pods = context.api.of(pod);
    const [key, mine] = [
      `${context.namespace}/pod-test`,
      { namespace: context.namespace, labelSelector: 'test-pod-static=true' },
    ];
    const watch = watching(context, pod, {
      ...mine,
      after: (await pods.list({ labelSelector: mine.labelSelector })).resourceVersion,
    });
    await createPod(
      context,
      'pod-test',
      { terminationGracePeriodSeconds: 1, containers: [{ ...testhost(), name: 'pod-test' }] },
      { labels: { 'test-pod-static': 'true' } },
    );
    await watch.next('the pod running', 300_000, ({ object }) => object.status.phase === 'Running');
    assert.equal((await pods.get(key)).status.phase, 'Running');
    await pods.patch(key, {
      type: 'strategic',
      body: {
        metadata: { labels: { 'test-pod': 'patched' } },
        spec: { terminationGracePeriodSeconds: 1, containers: [{ name: 'pod-test', image: NGINX }] },
      },
    });
    await watch.next(
      'the patched pod',
      30_000,
      ({ type, object }) => type === 'MODIFIED' && object.metadata.labels?.['test-pod'] === 'patched',
    );
    const patched = await pods.get(key);
    assert.deepEqual([patched.metadata.labels?.['test-pod'], patched.spec.containers[0]?.image], ['patched', NGINX]);

    const asReady =
      (status: 'True' | 'False') =>
      (current: typeof patched): typeof patched => ({
        ...current,
        status: {
          ...current.status,
          conditions: (current.status.conditions ?? []).map((c) => (c.type === 'Ready' ? { ...c, status } : c)),
        },
      });
    const readiness = ({ status }: typeof patched): string | undefined =>
      status.conditions?.find(({ type }) => type === 'Ready')?.status;
    const replaced = await pods.update(key, asReady('False'), { subresource: 'status' });
    assert.equal(readiness(replaced), 'False');
    const { status } = asReady('True')(replaced);
    assert.equal(
      readiness(
        await pods.patch(
          key,
          { type: 'strategic', body: { status: { conditions: status.conditions } } },
          { subresource: 'status' },
        ),
      ),
      'True',
    );

    await pods.deleteCollection(mine);
    await watch.next('the DELETED event of the pod', 60_000, ({ type }) => type === 'DELETED');
    await assert.rejects(pods.get(key), (error) => hasReason(error, 'NotFound'));
  }),

  conformanceTest('[sig-node] Pods should patch a pod status', async (context) => {
    const pods = context.api.of(pod);
    const name = `pod-${context.unique}`;
    await startPod(
      context,
      name,
      { terminationGracePeriodSeconds: 1, containers: [testhost()] },
      { labels: { name, type: 'Testing' } },
    );
    const { items } = await pods.list({ labelSelector: `name=${name}` });
    assert.equal(items.length, 1, 'pods of that label in all namespaces');
    const body = {
      metadata: { annotations: { 'pod-status': 'patched' } },
      status: { message: 'Patched by a test', reason: 'Testing' },
    };
    const { status } = await pods.patch(
      `${context.namespace}/${name}`,
      { type: 'strategic', body },
      { subresource: 'status' },
    );
    assert.deepEqual([status.message, status.reason], ['Patched by a test', 'Testing']);
  }),

  conformanceTest(
    '[sig-node] Pods Extended Pods Set QOS Class should be set on Pods with matching resource requests and limits for memory and cpu',
    async (context) => {
      const resources = { cpu: '100m', memory: '100Mi' };
      await createPod(context, 'matched', {
        containers: [{ ...testhost(), resources: { limits: resources, requests: resources } }],
      });
      assert.equal((await getPod(context, 'matched')).status.qosClass, 'Guaranteed');
      await removePod(context, 'matched', { gracePeriodSeconds: 1 });
      assert.ok(await isGone(context, 'matched'));
    },
  ),
];

const socketTests = [
  conformanceTest('[sig-node] Pods should support remote command execution over websockets', async (context) => {
    await startPod(context, 'commanded', {
      terminationGracePeriodSeconds: 1,
      containers: [shell('echo container is alive; sleep 600')],
    });
    const query = new URLSearchParams([
      ['stderr', '1'],
      ['stdout', '1'],
      ['container', 'main'],
      ['command', 'echo'],
      ['command', 'remote execution test'],
    ]);
    const socket = await openSocket(context, `/api/v1/namespaces/${context.namespace}/pods/commanded/exec?${query}`, [
      'channel.k8s.io',
    ]);
    await socket.closed;
    const said = socket.messages.filter((message) => message.length > 1);
    assert.deepEqual([...new Set(said.map((message) => message[0]))], [1], 'channels with something on them');
    assert.equal(Buffer.concat(said.map((message) => message.subarray(1))).toString(), 'remote execution test\n');
  }),

  conformanceTest(
    '[sig-node] Pods should support retrieving logs from the container over websockets',
    async (context) => {
      await startPod(context, 'logging', {
        terminationGracePeriodSeconds: 1,
        containers: [shell('echo container is alive; sleep 10000')],
      });
      await until(context, 'the line in the log', 30_000, async () => (await logsOf(context, 'logging')) !== '');
      const socket = await openSocket(
        context,
        `/api/v1/namespaces/${context.namespace}/pods/logging/log?container=main`,
        ['binary.k8s.io'],
      );
      await socket.closed;
      const lines = socket.messages.map(String).filter((message) => message.trim() !== '');
      assert.equal(lines.join(''), 'container is alive\n');
    },
  ),
];

export const podTests = [...basicTests, ...statusTests, ...socketTests, ...podGenerationTests];
