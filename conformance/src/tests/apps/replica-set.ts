import assert from 'node:assert/strict';
import { type Container, pod, replicaSet, type ReplicaSet } from '@navarch/api';
import type { Draft } from '@navarch/machinery';
import { conformanceTest, type TestContext } from '../../conformance-test.ts';
import { createPod } from '../../pods.ts';
import { PAUSE, testhost } from '../../testhost.ts';
import { until } from '../../until.ts';
import { watching } from '../../watches.ts';
import {
  answerWithTheirNames,
  checkScale,
  checkStatus,
  imageOf,
  keyOf,
  type Labels,
  POD_START_MS,
  selectorOf,
  template,
  untilObject,
  untilOwned,
  untilRunning,
  WEBSERVER,
} from './workloads.ts';

const create = (
  { api, namespace }: TestContext,
  name: string,
  labels: Labels,
  replicas: number,
  container: Draft<Container> = { image: WEBSERVER },
): Promise<ReplicaSet> =>
  api.of(replicaSet).create({
    metadata: { name, namespace, labels },
    spec: { replicas, selector: { matchLabels: labels }, template: template(labels, container) },
  });

const labels = { name: 'sample-pod', pod: WEBSERVER.replace(':', '-') };

export const replicaSetTests = [
  conformanceTest(
    '[sig-apps] ReplicaSet should serve a basic image on each replica with a public image',
    async (context) => {
      const own = { name: `my-hostname-basic-${context.unique}` };
      await create(context, own.name, own, 1, { ...testhost('serve-hostname'), ports: [{ containerPort: 9376 }] });
      await answerWithTheirNames(context, own, 1);
    },
  ),

  conformanceTest(
    '[sig-apps] ReplicaSet should adopt matching pods on creation and release no longer matching pods',
    async (context) => {
      const name = 'pod-adoption-release';
      await createPod(context, name, { containers: [{ name, image: WEBSERVER }] }, { labels: { name } });
      await untilObject(context, pod, name, {
        what: 'running',
        timeoutMs: POD_START_MS,
        isSo: ({ status }) => status.phase === 'Running',
      });
      const set = await create(context, name, { name }, 1);
      await untilOwned(context, name, set, true);
      await context.api.of(pod).update(keyOf(context, name), (held) => ({
        ...held,
        metadata: { ...held.metadata, labels: { name: 'not-matching-name' } },
      }));
      await untilOwned(context, name, set, false);
    },
  ),

  conformanceTest('[sig-apps] ReplicaSet Replicaset should have a working scale subresource', async (context) => {
    await create(context, 'test-rs', labels, 1);
    await untilRunning(context, labels, 1);
    await checkScale(context, replicaSet, 'test-rs');
  }),

  conformanceTest('[sig-apps] ReplicaSet Replace and Patch tests', async (context) => {
    const { api, namespace } = context;
    const name = 'test-rs';
    const { resourceVersion } = await api.of(replicaSet).list({ namespace, labelSelector: selectorOf(labels) });
    const events = watching(context, replicaSet, {
      namespace,
      labelSelector: selectorOf(labels),
      after: resourceVersion,
    });
    await create(context, name, labels, 1);
    await untilRunning(context, labels, 1);
    await api.of(replicaSet).update(keyOf(context, name), (held) => ({ ...held, spec: { ...held.spec, replicas: 2 } }));
    await untilObject(context, replicaSet, name, {
      what: 'with two available replicas',
      timeoutMs: POD_START_MS,
      isSo: ({ status }) => status.availableReplicas === 2,
    });
    const body = {
      metadata: { labels: { 'test-rs': 'patched' } },
      spec: {
        replicas: 3,
        template: { spec: { terminationGracePeriodSeconds: 0, containers: [{ name: 'main', image: PAUSE }] } },
      },
    };
    await api.of(replicaSet).patch(keyOf(context, name), { type: 'strategic', body });
    await events.next(
      'three ready replicas after the patch',
      POD_START_MS,
      ({ type, object }) =>
        type === 'MODIFIED' &&
        object.metadata.labels?.['test-rs'] === 'patched' &&
        object.status.readyReplicas === 3 &&
        object.spec.replicas === 3 &&
        imageOf({ spec: object.spec.template?.spec ?? { containers: [] } }) === PAUSE,
    );
  }),

  conformanceTest('[sig-apps] ReplicaSet should list and delete a collection of ReplicaSets', async (context) => {
    const { api, namespace } = context;
    const own = { name: `test-rs-${context.unique}`, e2e: context.unique };
    await create(context, 'test-rs', own, 3);
    await untilRunning(context, own, 3);
    const { items } = await api.of(replicaSet).list({ labelSelector: `e2e=${context.unique}` });
    assert.deepEqual(
      items.map((set) => [set.metadata.namespace, set.metadata.name]),
      [[namespace, 'test-rs']],
    );
    await api.of(replicaSet).deleteCollection({ namespace, labelSelector: `e2e=${context.unique}` });
    await until(
      context,
      'the end of the set',
      POD_START_MS,
      async () => (await api.of(replicaSet).list({ labelSelector: `e2e=${context.unique}` })).items.length === 0,
    );
  }),

  conformanceTest('[sig-apps] ReplicaSet should validate Replicaset Status endpoints', async (context) => {
    await create(context, 'test-rs', labels, 1);
    await untilRunning(context, labels, 1);
    await checkStatus(context, replicaSet, 'test-rs', labels);
  }),
];
