import assert from 'node:assert/strict';
import { test } from 'node:test';
import { builtinKinds, deployment, horizontalPodAutoscaler, node, pod, podMetrics } from '@navarch/api';
import { deploymentController, kindControllers, replicaSetController } from '@navarch/controllers';
import type { Draft, ObjectOf } from '@navarch/machinery';
import { ControlPlane, quickPods } from '../testing/control-plane.ts';

type Autoscaler = ObjectOf<typeof horizontalPodAutoscaler>;
const KEY = 'default/web';

/** Pods that share a load, in cores; nodes say what each has used, as kubelets do. */
class World implements AsyncDisposable {
  readonly plane: ControlPlane;
  readonly #load: { cores: number };

  private constructor(plane: ControlPlane, load: { cores: number }) {
    this.plane = plane;
    this.#load = load;
  }

  static async start(spec: Partial<Draft<Autoscaler['spec']>> = {}): Promise<World> {
    const load = { cores: 0.1 };
    const used = new Map<string, number>();
    let plane: ControlPlane | undefined;
    let before = 0;
    const autoscaling = kindControllers(builtinKinds).filter(
      ({ name }) => name === 'horizontal-pod-autoscaler-controller',
    );
    plane = await ControlPlane.start({
      controllers: [deploymentController, replicaSetController, ...autoscaling],
      pods: { ...quickPods, nodes: ['a'] },
      readKubelet: (clock) => async () => {
        const pods = (await plane?.list(pod)) ?? [];
        const running = pods.filter((p) => p.status.phase === 'Running');
        const seconds = (clock.now() - before) / 1000;
        before = clock.now();
        return running
          .map(({ metadata: { name } }) => {
            const total = (used.get(name) ?? 0) + (seconds * load.cores) / running.length;
            used.set(name, total);
            const labels = `{container="c",namespace="default",pod="${name}"}`;
            return `container_cpu_usage_seconds_total${labels} ${total} ${clock.now()}\ncontainer_memory_working_set_bytes${labels} 1048576 ${clock.now()}\n`;
          })
          .join('');
      },
    });
    await plane.withServiceAccount();
    const made = await plane.api.of(node).create({ metadata: { name: 'a' } });
    await plane.api.of(node).replace(
      {
        ...made,
        status: {
          ...made.status,
          addresses: [{ type: 'InternalIP', address: '10.0.0.1' }],
          daemonEndpoints: { kubeletEndpoint: { Port: 10250 } },
        },
      },
      { subresource: 'status' },
    );
    await plane.api.of(deployment).create({
      metadata: { name: 'web', namespace: 'default' },
      spec: {
        replicas: 1,
        selector: { matchLabels: { app: 'web' } },
        template: {
          metadata: { labels: { app: 'web' } },
          spec: { containers: [{ name: 'c', image: 'nginx', resources: { requests: { cpu: '200m' } } }] },
        },
      },
    });
    await plane.api.of(horizontalPodAutoscaler).create({
      metadata: { name: 'web', namespace: 'default' },
      spec: {
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
        minReplicas: 1,
        maxReplicas: 10,
        metrics: [
          { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } },
        ],
        ...spec,
      },
    });
    return new World(plane, load);
  }

  /** Runs for so many seconds under that load, in cores. */
  async under(cores: number, seconds: number): Promise<number> {
    this.#load.cores = cores;
    await this.plane.clock.advance(seconds * 1000);
    return (await this.plane.api.of(deployment).get(KEY)).spec.replicas ?? 0;
  }

  status = async (): Promise<Autoscaler['status']> =>
    (await this.plane.api.of(horizontalPodAutoscaler).get(KEY)).status;
  conditions = async (): Promise<Readonly<Record<string, string>>> =>
    Object.fromEntries(
      ((await this.status()).conditions ?? []).map(({ type, status, reason }) => [type, `${status} ${reason}`]),
    );
  [Symbol.asyncDispose] = (): Promise<void> => this.plane[Symbol.asyncDispose]();
}

test('horizontalPodAutoscalerController grows a workload to its target, and shrinks it only after five minutes of less', async () => {
  await using world = await World.start();
  assert.equal(await world.under(0.1, 120), 1);
  assert.deepEqual((await world.status()).currentMetrics, [
    { type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: 50, averageValue: '100m' } } },
  ]);
  assert.deepEqual(await world.conditions(), {
    AbleToScale: 'True ReadyForNewScale',
    ScalingActive: 'True ValidMetricFound',
    ScalingLimited: 'False DesiredWithinRange',
  });
  assert.equal(await world.under(0.6, 180), 6);
  assert.equal((await world.status()).desiredReplicas, 6);
  assert.equal(await world.under(0.18, 240), 6);
  assert.equal((await world.conditions())['AbleToScale'], 'True ScaleDownStabilized');
  assert.equal(await world.under(0.18, 200), 2);
  const events = await world.plane.events('HorizontalPodAutoscaler');
  assert.ok(
    events.some((said) =>
      /^SuccessfulRescale: New size: \d; reason: cpu resource utilization \(percentage of request\) above target/.test(
        said,
      ),
    ),
    events.join('\n'),
  );
  assert.ok(
    events.some((said) => said.includes('New size: 2; reason: All metrics below target')),
    events.join('\n'),
  );
});

test('horizontalPodAutoscalerController keeps to the maximum and to the rules of its behavior', async () => {
  await using world = await World.start({
    maxReplicas: 4,
    behavior: {
      scaleUp: { policies: [{ type: 'Pods', value: 1, periodSeconds: 60 }] },
      scaleDown: { stabilizationWindowSeconds: 0 },
    },
  });
  await world.under(0.1, 60);
  assert.ok((await world.under(2, 45)) <= 2);
  assert.equal((await world.conditions())['ScalingLimited'], 'True ScaleUpLimit');
  assert.equal(await world.under(2, 300), 4);
  assert.equal((await world.conditions())['ScalingLimited'], 'True TooManyReplicas');
  assert.equal(await world.under(0.05, 90), 1);
});

test('horizontalPodAutoscalerController says what is missing and leaves the workload alone', async () => {
  await using world = await World.start({
    metrics: [
      { type: 'Resource', resource: { name: 'memory', target: { type: 'Utilization', averageUtilization: 50 } } },
    ],
  });
  assert.equal(await world.under(1, 90), 1);
  const { conditions = [] } = await world.status();
  const active = conditions.find(({ type }) => type === 'ScalingActive');
  assert.deepEqual([active?.status, active?.reason], ['False', 'FailedGetResourceMetric']);
  assert.match(
    active?.message ?? '',
    /^the HPA was unable to compute the replica count: failed to get memory utilization: missing request for memory in container c of Pod web-/,
  );
  const events = await world.plane.events('HorizontalPodAutoscaler');
  assert.ok(
    events.some((said) =>
      said.startsWith(
        'FailedComputeMetricsReplicas: invalid metrics (1 invalid out of 1), first error is: failed to get memory resource metric value: failed to get memory utilization',
      ),
    ),
    events.join('\n'),
  );
  await world.plane.api
    .of(horizontalPodAutoscaler)
    .patch(KEY, { type: 'merge', body: { spec: { scaleTargetRef: { name: 'gone' } } } });
  await world.plane.clock.advance(20_000);
  assert.equal((await world.conditions())['AbleToScale'], 'False FailedGetScale');
});

test('horizontalPodAutoscalerController follows what one container of each pod uses', async () => {
  const target = { type: 'Utilization', averageUtilization: 50 };
  await using world = await World.start({
    metrics: [{ type: 'ContainerResource', containerResource: { name: 'cpu', container: 'c', target } }],
  });
  assert.equal(await world.under(0.6, 300), 6);
  assert.deepEqual((await world.status()).currentMetrics, [
    {
      type: 'ContainerResource',
      containerResource: { name: 'cpu', container: 'c', current: { averageUtilization: 50, averageValue: '100m' } },
    },
  ]);
  await world.plane.api.of(horizontalPodAutoscaler).patch(KEY, {
    type: 'merge',
    body: {
      spec: { metrics: [{ type: 'ContainerResource', containerResource: { name: 'cpu', container: 'x', target } }] },
    },
  });
  await world.plane.clock.advance(30_000);
  assert.equal((await world.conditions())['ScalingActive'], 'False FailedGetContainerResourceMetric');
  const events = await world.plane.events('HorizontalPodAutoscaler');
  assert.ok(
    events.some((said) =>
      said.includes('first error is: failed to get x container metric value: failed to get cpu utilization: '),
    ),
    events.join('\n'),
  );
});

test('metrics.k8s.io tells of pods by label, with a rate over the last two looks', async () => {
  await using world = await World.start();
  await world.under(0.1, 60);
  const { items } = await world.plane.api.of(podMetrics).list({ namespace: 'default', labelSelector: 'app=web' });
  assert.deepEqual(
    items.map(({ containers, window }) => [containers, window]),
    [[[{ name: 'c', usage: { cpu: '100000000n', memory: '1024Ki' } }], '15s']],
  );
  assert.deepEqual(
    (await world.plane.api.of(podMetrics).list({ namespace: 'default', labelSelector: 'app=other' })).items,
    [],
  );
});
