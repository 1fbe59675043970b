import assert from 'node:assert/strict';
import { configMap, node, pod, replicationController, secret } from '@navarch/api';
import { conformanceTest, type TestContext } from '../../conformance-test.ts';
import { getPod, startPod } from '../../pods.ts';
import { until } from '../../until.ts';

// Volumes of API objects are made of folders that an emptyDir could be: several of them in a pod must not disturb each other.

const START_MS = 300_000;
const VOLUMES = Array.from({ length: 50 }, (_, i) => `racey-configmap-${i}`);
const PODS = 5;
const ROUNDS = 3;

const conflict = conformanceTest('[sig-storage] EmptyDir wrapper volumes should not conflict', async (context) => {
  const name = `emptydir-wrapper-test-${context.unique}`;
  const metadata = { name, namespace: context.namespace };
  const value = Buffer.from('value-1\n').toString('base64');
  await context.api.of(secret).create({ metadata, data: { 'data-1': value } });
  await context.api.of(configMap).create({ metadata, binaryData: { 'data-1': value } });
  const made = await startPod(context, `pod-secrets-${context.unique}`, {
    volumes: [
      { name: 'secret-volume', secret: { secretName: name } },
      { name: 'configmap-volume', configMap: { name } },
    ],
    containers: [
      {
        name: 'secret-test',
        image: 'navarch-testhost',
        imagePullPolicy: 'IfNotPresent',
        args: ['test-webserver'],
        volumeMounts: [
          { name: 'secret-volume', mountPath: '/etc/secret-volume', readOnly: true },
          { name: 'configmap-volume', mountPath: '/etc/configmap-volume' },
        ],
      },
    ],
  });
  const key = `${context.namespace}/${name}`;
  await context.api.of(secret).delete(key);
  await context.api.of(configMap).delete(key);
  await context.api.of(pod).delete(`${context.namespace}/${made.metadata.name}`, { gracePeriodSeconds: 0 });
});

/** Five pods of fifty volumes each at once on one node; all must come to run. */
async function race(context: TestContext, round: number): Promise<string> {
  const { api, namespace } = context;
  const [target] = (await api.of(node).list()).items.filter(
    ({ spec, status }) =>
      !spec.unschedulable &&
      !spec.taints?.length &&
      status.conditions?.some(({ type, status: so }) => type === 'Ready' && so === 'True'),
  );
  assert.ok(target, 'a node that takes pods');
  const name = `wrapped-volume-race-${round}-${context.unique}`;
  const labels = { name };
  const affinity = {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [
          {
            matchExpressions: [
              {
                key: 'kubernetes.io/hostname',
                operator: 'In' as const,
                values: [target.metadata.labels?.['kubernetes.io/hostname'] ?? ''],
              },
            ],
          },
        ],
      },
    },
  };
  await api.of(replicationController).create({
    metadata: { name, namespace },
    spec: {
      replicas: PODS,
      selector: labels,
      template: {
        metadata: { labels },
        spec: {
          affinity,
          dnsPolicy: 'Default',
          containers: [
            {
              name: 'test-container',
              image: 'pause:3.10',
              imagePullPolicy: 'IfNotPresent',
              volumeMounts: VOLUMES.map((volume, i) => ({ name: volume, mountPath: `/etc/config-${i}` })),
            },
          ],
          volumes: VOLUMES.map((volume) => ({
            name: volume,
            configMap: { name: volume, items: [{ key: 'data-1', path: 'data-1' }] },
          })),
        },
      },
    },
  });
  await until(context, `${PODS} pods of ${name}`, START_MS, async () => (await podsOf(context, name)).length === PODS);
  for (const one of await podsOf(context, name))
    await until(
      context,
      `pod ${one} running`,
      START_MS,
      async () => (await getPod(context, one)).status.phase === 'Running',
    );
  return name;
}

const podsOf = async ({ api, namespace }: TestContext, name: string): Promise<readonly string[]> =>
  (await api.of(pod).list({ namespace, labelSelector: `name=${name}` })).items.map(({ metadata }) => metadata.name);

const noRace = conformanceTest(
  '[sig-storage] EmptyDir wrapper volumes should not cause race condition when used for configmaps',
  async (context) => {
    const { api, namespace } = context;
    for (const name of VOLUMES)
      await api.of(configMap).create({ metadata: { name, namespace }, data: { 'data-1': 'value-1' } });
    const names: string[] = [];
    for (let round = 0; round < ROUNDS; round += 1) names.push(await race(context, round));
    for (const name of names) {
      await api.of(replicationController).delete(`${namespace}/${name}`, { propagationPolicy: 'Background' });
      await until(
        context,
        `the end of all pods of ${name}`,
        START_MS,
        async () => (await podsOf(context, name)).length === 0,
      );
    }
  },
  1_200_000,
);

export const wrapperVolumeTests = [conflict, noRace];
