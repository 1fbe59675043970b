import assert from 'node:assert/strict';
import { deployment, isTerminal, pod, replicaSet } from '@navarch/api';
import { conformanceTest, type TestContext } from '../../conformance-test.ts';
import { until } from '../../until.ts';

const labels = { app: 'web' };

const create = (context: TestContext, type: 'Recreate' | 'RollingUpdate', image: string, revisionHistoryLimit = 10): Promise<unknown> =>
  context.api.of(deployment).create({
    metadata: { name: 'web', namespace: context.namespace },
    spec: {
      replicas: 1, revisionHistoryLimit, selector: { matchLabels: labels }, strategy: { type },
      template: {
        metadata: { labels },
        spec: { terminationGracePeriodSeconds: 1, containers: [{ name: 'web', image, imagePullPolicy: 'IfNotPresent' }] },
      },
    },
  });

const settled = (context: TestContext): Promise<void> => until(context, 'the rollout', 120_000, async () => {
  const { metadata, spec, status } = await context.api.of(deployment).get(`${context.namespace}/web`);
  return status.observedGeneration === metadata.generation && status.updatedReplicas === spec.replicas
    && status.availableReplicas === spec.replicas && status.replicas === spec.replicas;
});

const setImage = (context: TestContext, image: string): Promise<unknown> => context.api.of(deployment).patch(`${context.namespace}/web`, {
  type: 'strategic', body: { spec: { template: { spec: { containers: [{ name: 'web', image }] } } } },
});

const images = async (context: TestContext): Promise<readonly (string | undefined)[]> =>
  (await context.api.of(pod).list({ namespace: context.namespace, labelSelector: 'app=web' })).items.map((p) => p.spec.containers[0]?.image);

export const deploymentTests = [
  conformanceTest('[sig-apps] Deployment RecreateDeployment should delete old pods and create new ones', async (context) => {
    await create(context, 'Recreate', 'nginx:1.27');
    await settled(context);
    await setImage(context, 'nginx:1.28');
    await until(context, 'the new pod alone', 120_000, async () => {
      const { items } = await context.api.of(pod).list({ namespace: context.namespace, labelSelector: 'app=web' });
      // A pod that has ended may still be listed for a moment; upstream lets the new one begin then.
      const running = items.filter((p) => !isTerminal(p));
      const seen = new Set(running.map((p) => p.spec.containers[0]?.image));
      context.log(items.map((p) => `${p.metadata.name} ${p.status.phase} ${p.metadata.deletionTimestamp ?? ''}`).join(', '));
      assert.ok(seen.size <= 1, 'an old pod and a new one at the same time');
      return seen.has('nginx:1.28');
    });
    await settled(context);
  }),

  conformanceTest('[sig-apps] Deployment RollingUpdateDeployment should delete old pods and create new ones', async (context) => {
    await create(context, 'RollingUpdate', 'nginx:1.27');
    await settled(context);
    await setImage(context, 'nginx:1.28');
    await settled(context);
    await until(context, 'the end of the old pod', 60_000, async () => (await images(context)).join() === 'nginx:1.28');
    const { items } = await context.api.of(replicaSet).list({ namespace: context.namespace });
    assert.deepEqual(items.map((set) => set.spec.replicas).sort(), [0, 1]);
  }),

  conformanceTest('[sig-apps] Deployment deployment should delete old replica sets', async (context) => {
    await create(context, 'RollingUpdate', 'nginx:1.27', 0);
    await settled(context);
    await setImage(context, 'nginx:1.28');
    await settled(context);
    await until(context, 'the end of the old ReplicaSet', 60_000, async () =>
      (await context.api.of(replicaSet).list({ namespace: context.namespace })).items.length === 1);
  }),

  conformanceTest('[sig-apps] Deployment Deployment should have a working scale subresource', async (context) => {
    await create(context, 'RollingUpdate', 'nginx:1.27');
    await settled(context);
    await context.kubectl(['scale', 'deployment/web', '--replicas=2']);
    assert.equal((await context.api.of(deployment).get(`${context.namespace}/web`)).spec.replicas, 2);
    await settled(context);
  }),
];
