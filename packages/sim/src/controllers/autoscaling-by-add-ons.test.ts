import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  apiService,
  builtinKinds,
  deployment,
  endpointSlice,
  horizontalPodAutoscaler,
  pod,
  service,
} from '@navarch/api';
import type { ExtensionServers } from '@navarch/apiserver';
import { seededRandom } from '@navarch/base';
import { deploymentController, kindControllers, replicaSetController } from '@navarch/controllers';
import type { Draft, ObjectOf } from '@navarch/machinery';
import { ControlPlane, type ControlPlaneOptions, quickPods } from '../testing/control-plane.ts';

type Autoscaler = ObjectOf<typeof horizontalPodAutoscaler>;
type Metrics = Draft<Autoscaler['spec']>['metrics'];
const KEY = 'default/web';
const CUSTOM = 'v1beta2.custom.metrics.k8s.io';
const EXTERNAL = 'v1beta1.external.metrics.k8s.io';

/** Add-ons that serve metrics, asked through the API server as in a cluster, and what they were asked for. */
class Adapter implements ExtensionServers {
  readonly asked: string[] = [];
  /** Names of pods, and what each says. */
  pods: readonly string[] = [];
  perPod = 0;
  object = 0;
  queue: readonly number[] = [0];
  isDown = false;

  async get(_server: unknown, target: string) {
    const [path = '', query = ''] = target.split('?');
    if (this.isDown) throw new Error('connect ECONNREFUSED');
    const value = this.#value(path);
    if (value && path.split('/').length > 5) this.asked.push(`${path}?${decodeURIComponent(query)}`);
    return {
      status: value ? 200 : 404,
      headers: {},
      body: value
        ? JSON.stringify(value)
        : '{"kind":"Status","code":404,"reason":"NotFound","message":"the server could not find the metric nothing"}',
    };
  }

  #value(path: string): object | undefined {
    const [, , group, version, , , resource, name, metric] = path.split('/');
    if (version !== undefined && path.split('/').length === 4)
      return { kind: 'APIResourceList', groupVersion: `${group}/${version}`, resources: [] };
    const valueOf = (described: string, value: number) => ({
      describedObject: { name: described },
      metric: { name: metric },
      timestamp: '2026-01-01T00:00:00Z',
      value: String(value),
    });
    if (group === 'custom.metrics.k8s.io' && resource === 'pods' && metric === 'requests')
      return { items: this.pods.map((one) => valueOf(one, this.perPod)) };
    if (group === 'custom.metrics.k8s.io' && metric === 'hits') return { items: [valueOf(name ?? '', this.object)] };
    if (group === 'external.metrics.k8s.io' && resource === 'queue')
      return {
        items: this.queue.map((value) => ({
          metricName: 'queue',
          metricLabels: {},
          timestamp: '2026-01-01T00:00:00Z',
          value: String(value),
        })),
      };
    return undefined;
  }
}

async function register(plane: ControlPlane, ...names: readonly string[]): Promise<void> {
  await plane.api
    .of(service)
    .create({ metadata: { name: 'adapter', namespace: 'default' }, spec: { ports: [{ port: 443 }] } });
  await plane.api.of(endpointSlice).create({
    metadata: { name: 'adapter-1', namespace: 'default', labels: { 'kubernetes.io/service-name': 'adapter' } },
    addressType: 'IPv4',
    endpoints: [{ addresses: ['10.244.0.9'], conditions: { ready: true } }],
    ports: [{ name: '', port: 443 }],
  });
  for (const name of names) {
    const [version = '', ...group] = name.split('.');
    await plane.api.of(apiService).create({
      metadata: { name },
      spec: {
        group: group.join('.'),
        version,
        service: { namespace: 'default', name: 'adapter' },
        groupPriorityMinimum: 100,
        versionPriority: 100,
        insecureSkipTLSVerify: true,
      },
    });
  }
}

class World implements AsyncDisposable {
  readonly plane: ControlPlane;
  readonly adapter: Adapter;

  private constructor(plane: ControlPlane, adapter: Adapter) {
    this.plane = plane;
    this.adapter = adapter;
  }

  static async start(
    metrics: Metrics,
    spec: Partial<Draft<Autoscaler['spec']>> = {},
    registered: readonly string[] = [CUSTOM, EXTERNAL],
    options: Partial<ControlPlaneOptions> = {},
  ): Promise<World> {
    const adapter = new Adapter();
    const self: { plane?: ControlPlane } = {};
    const readPath = async (path: string, query: Readonly<Record<string, string>>): Promise<unknown> =>
      self.plane?.read(path, query);
    const autoscaling = kindControllers(builtinKinds, { readPath }).filter(
      ({ name }) => name === 'horizontal-pod-autoscaler-controller',
    );
    const plane = await ControlPlane.start({
      controllers: [deploymentController, replicaSetController, ...autoscaling],
      pods: quickPods,
      extensions: adapter,
      ...options,
    });
    self.plane = plane;
    await plane.withServiceAccount();
    await register(plane, ...registered);
    await plane.clock.advance(1000);
    await plane.api.of(deployment).create({
      metadata: { name: 'web', namespace: 'default' },
      spec: {
        replicas: 1,
        selector: { matchLabels: { app: 'web' } },
        template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image: 'nginx' }] } },
      },
    });
    await plane.clock.advance(2000);
    await plane.api.of(horizontalPodAutoscaler).create({
      metadata: { name: 'web', namespace: 'default' },
      spec: {
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
        minReplicas: 1,
        maxReplicas: 10,
        metrics: metrics ?? [],
        behavior: { scaleDown: { stabilizationWindowSeconds: 0 } },
        ...spec,
      },
    });
    return new World(plane, adapter);
  }

  async after(seconds: number): Promise<number> {
    for (let i = 0; i < seconds; i += 5) {
      this.adapter.pods = (await this.plane.list(pod)).map(({ metadata: { name } }) => name);
      await this.plane.clock.advance(5000);
    }
    return (await this.plane.api.of(deployment).get(KEY)).spec.replicas ?? 0;
  }

  status = async (): Promise<Autoscaler['status']> =>
    (await this.plane.api.of(horizontalPodAutoscaler).get(KEY)).status;
  condition = async (type: string): Promise<string> => {
    const found = (await this.status()).conditions?.find((one) => one.type === type);
    return `${found?.status} ${found?.reason}: ${found?.message}`;
  };
  events = (): Promise<readonly string[]> => this.plane.events('HorizontalPodAutoscaler');
  [Symbol.asyncDispose] = (): Promise<void> => this.plane[Symbol.asyncDispose]();
}

const external = (target: object, selector?: object): Metrics =>
  [
    { type: 'External', external: { metric: { name: 'queue', ...(selector ? { selector } : {}) }, target } },
  ] as unknown as Metrics;

test('horizontalPodAutoscalerController follows a metric of pods', async () => {
  await using world = await World.start([
    {
      type: 'Pods',
      pods: {
        metric: { name: 'requests', selector: { matchLabels: { path: 'a' } } },
        target: { type: 'AverageValue', averageValue: '10' },
      },
    },
  ]);
  world.adapter.perPod = 20;
  assert.equal(await world.after(10), 2);
  assert.ok(
    world.adapter.asked.includes(
      '/apis/custom.metrics.k8s.io/v1beta2/namespaces/default/pods/*/requests?labelSelector=app=web&metricLabelSelector=path=a',
    ),
    world.adapter.asked.join('\n'),
  );
  assert.deepEqual((await world.status()).currentMetrics, [
    {
      type: 'Pods',
      pods: { metric: { name: 'requests', selector: { matchLabels: { path: 'a' } } }, current: { averageValue: '20' } },
    },
  ]);
  assert.equal(
    await world.condition('ScalingActive'),
    'True ValidMetricFound: the HPA was able to successfully calculate a replica count from pods metric requests',
  );
  assert.ok(
    (await world.events()).includes('SuccessfulRescale: New size: 2; reason: pods metric requests above target'),
  );
});

test('horizontalPodAutoscalerController follows a metric of an object, as a value and for each pod', async () => {
  const describedObject = { apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', name: 'main' };
  const object = (target: object): Metrics =>
    [{ type: 'Object', object: { metric: { name: 'hits' }, describedObject, target } }] as unknown as Metrics;
  await using world = await World.start(object({ type: 'Value', value: '100' }));
  world.adapter.object = 300;
  assert.equal(await world.after(10), 3);
  assert.ok(
    world.adapter.asked.includes(
      '/apis/custom.metrics.k8s.io/v1beta2/namespaces/default/ingresses.networking.k8s.io/main/hits?',
    ),
    world.adapter.asked.join('\n'),
  );
  assert.deepEqual((await world.status()).currentMetrics, [
    { type: 'Object', object: { metric: { name: 'hits' }, describedObject, current: { value: '300' } } },
  ]);
  assert.ok(
    (await world.events()).includes('SuccessfulRescale: New size: 3; reason: Ingress metric hits above target'),
  );
  world.adapter.object = 100;
  assert.equal(await world.after(60), 3, 'at its target');
  await world.plane.api.of(horizontalPodAutoscaler).update(KEY, (h) => ({
    ...h,
    spec: {
      ...h.spec,
      metrics: object({ type: 'AverageValue', averageValue: '50' }) as typeof h.spec.metrics,
    } as typeof h.spec,
  }));
  assert.equal(await world.after(30), 2);
  assert.deepEqual((await world.status()).currentMetrics?.[0]?.object?.current, { averageValue: '50' });
});

test('horizontalPodAutoscalerController follows the sum of an external metric', async () => {
  await using world = await World.start(
    external(
      { type: 'AverageValue', averageValue: '5' },
      { matchLabels: { name: 'jobs' }, matchExpressions: [{ key: 'zone', operator: 'In', values: ['a', 'b'] }] },
    ),
  );
  world.adapter.queue = [12, 8];
  assert.equal(await world.after(20), 4);
  assert.ok(
    world.adapter.asked.includes(
      '/apis/external.metrics.k8s.io/v1beta1/namespaces/default/queue?labelSelector=name=jobs,zone+in+(a,b)',
    ),
    world.adapter.asked.join('\n'),
  );
  assert.ok(
    (await world.events()).includes(
      'SuccessfulRescale: New size: 4; reason: external metric queue(&LabelSelector{MatchLabels:map[string]string{name: jobs,},MatchExpressions:[]LabelSelectorRequirement{LabelSelectorRequirement{Key:zone,Operator:In,Values:[a b],},},}) above target',
    ),
    (await world.events()).join('\n'),
  );
  world.adapter.queue = [10];
  assert.equal(await world.after(20), 2);
});

test('horizontalPodAutoscalerController sets a workload to zero where nothing waits, and wakes it again', async () => {
  await using world = await World.start(external({ type: 'AverageValue', averageValue: '5' }), { minReplicas: 0 });
  world.adapter.queue = [10];
  assert.equal(await world.after(20), 2);
  assert.equal(
    await world.condition('ScaledToZero'),
    'False NotScaledToZero: the HPA controller did not scale the workload to zero',
  );
  world.adapter.queue = [0];
  assert.equal(await world.after(30), 0);
  assert.equal(
    await world.condition('ScaledToZero'),
    'True ScaledToZero: the HPA controller scaled the workload to zero',
  );
  assert.equal(await world.after(60), 0);
  world.adapter.queue = [5];
  assert.equal(await world.after(20), 1);
  assert.equal(
    await world.condition('ScaledToZero'),
    'False NotScaledToZero: the HPA controller did not scale the workload to zero',
  );
  await world.plane.api.of(deployment).update(KEY, (d) => ({ ...d, spec: { ...d.spec, replicas: 0 } }));
  assert.equal(await world.after(60), 0, 'who set it to zero by hand wants it to rest');
  assert.equal(
    await world.condition('ScalingActive'),
    'False ScalingDisabled: scaling is disabled since the replica count of the target is zero',
  );
});

// Registered add-ons; metric; condition ScalingActive; the first error.
const object = {
  metric: { name: 'hits' },
  describedObject: { kind: 'Service', name: 'main', apiVersion: 'v1' },
  target: { type: 'Value', value: '1' },
};
const unknown = { type: 'External', external: { metric: { name: 'nothing' }, target: { type: 'Value', value: '1' } } };
const NO_CUSTOM =
  'unable to fetch metrics from custom metrics API: no custom metrics API (custom.metrics.k8s.io) registered';
const NO_METRIC =
  'unable to get external metric default/nothing/nil: unable to fetch metrics from external metrics API: the server could not find the metric nothing';
const failures: readonly (readonly [string, readonly string[], object, string, string])[] = [
  [
    'metrics of pods without an add-on',
    [],
    { type: 'Pods', pods: { metric: { name: 'requests' }, target: { type: 'AverageValue', averageValue: '1' } } },
    `FailedGetPodsMetric: the HPA was unable to compute the replica count: unable to get metric requests: ${NO_CUSTOM}`,
    `failed to get pods metric value: unable to get metric requests: ${NO_CUSTOM}`,
  ],
  [
    'metrics of objects without an add-on',
    [],
    { type: 'Object', object },
    `FailedGetObjectMetric: the HPA was unable to compute the replica count: unable to get metric hits: Service on default main/${NO_CUSTOM}`,
    `failed to get object metric value: unable to get metric hits: Service on default main/${NO_CUSTOM}`,
  ],
  [
    'a metric that the add-on does not know',
    [EXTERNAL],
    unknown,
    `FailedGetExternalMetric: the HPA was unable to compute the replica count: ${NO_METRIC}`,
    `failed to get nothing external metric value: failed to get nothing external metric: ${NO_METRIC}`,
  ],
];
for (const [what, registered, metric, condition, first] of failures) {
  test(`horizontalPodAutoscalerController says why it cannot follow ${what}`, async () => {
    await using world = await World.start([metric] as unknown as Metrics, {}, registered);
    assert.equal(await world.after(20), 1);
    assert.equal(await world.condition('ScalingActive'), `False ${condition}`);
    assert.ok(
      (await world.events()).includes(
        `FailedComputeMetricsReplicas: invalid metrics (1 invalid out of 1), first error is: ${first}`,
      ),
      (await world.events()).join('\n'),
    );
  });
}

test('horizontalPodAutoscalerController leaves a workload alone while its add-on is away', async () => {
  await using world = await World.start(external({ type: 'AverageValue', averageValue: '5' }));
  world.adapter.queue = [20];
  assert.equal(await world.after(20), 4);
  world.adapter.isDown = true;
  world.adapter.queue = [0];
  assert.equal(await world.after(90), 4);
  assert.match(
    await world.condition('ScalingActive'),
    /^False FailedGetExternalMetric: .*unable to get external metric default\/queue\/nil: unable to fetch metrics from external metrics API: /,
  );
  world.adapter.isDown = false;
  assert.equal(await world.after(120), 1);
});

for (const seed of [1, 2, 3, 4, 5, 6]) {
  test(`an autoscaler never leaves its bounds and comes to its target, whatever the network and its add-on do, seed ${seed}`, async () => {
    const random = seededRandom(seed);
    const min = seed % 2;
    const faults = { latencyMs: 200, watchLagMs: 2000, loseAnswer: 0.15, refuse: 0.1, breakWatch: 0.05 };
    await using world = await World.start(
      external({ type: 'AverageValue', averageValue: '5' }),
      { minReplicas: min, maxReplicas: 7 },
      [CUSTOM, EXTERNAL],
      { seed, faults },
    );
    for (let i = 0; i < 8; i++) {
      const queue = random.uint32() % 50;
      world.adapter.queue = [queue];
      for (let second = 0; second < 60; second += 5) {
        // The API server asks add-ons seldom whether they are there: a short absence is seen by the autoscaler alone.
        world.adapter.isDown = random.uint32() % 4 === 0;
        const replicas = await world.after(5);
        assert.ok(replicas >= min && replicas <= 7, `${replicas} replicas`);
      }
      world.adapter.isDown = false;
      await world.after(240);
      const replicas = (await world.plane.api.of(deployment).get(KEY)).spec.replicas ?? 0;
      const [least, most] = [queue / 5 / 1.1, queue / 5 / 0.9].map((one) => Math.min(7, Math.max(min, one)));
      assert.ok(
        replicas >= Math.floor(least ?? 0) && replicas <= Math.ceil(most ?? 0),
        `${replicas} replicas for a queue of ${queue}`,
      );
    }
  });
}
