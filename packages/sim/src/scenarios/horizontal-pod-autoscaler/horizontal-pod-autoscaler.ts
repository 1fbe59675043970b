import assert from 'node:assert/strict';
import { horizontalPodAutoscaler, replicaSet } from '@navarch/api';
import { replicaSetController } from '@navarch/controllers';
import type { Draft, ObjectOf } from '@navarch/machinery';
import { conditionOf, named, podTemplate } from '../drafts.ts';
import { defineScenario, type Scenario } from '../scenario.ts';
import type { View } from '../view.ts';
import type { World } from '../world.ts';
import { addOn, furnishMetrics, kubelet, setLoad } from './load.ts';
import { atMost, SET, sizeOf, withinBounds } from './properties.ts';

type Autoscaler = ObjectOf<typeof horizontalPodAutoscaler>;
type Spec = Partial<Draft<Autoscaler['spec']>>;

const HALF = { type: 'Utilization', averageUtilization: 50 };
const CPU = { type: 'Resource', resource: { name: 'cpu', target: HALF } };
const QUEUE = {
  type: 'External',
  external: { metric: { name: 'queue' }, target: { type: 'AverageValue', averageValue: '5' } },
};
const INGRESS = { apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', name: 'main' };
const hits = (target: object) => ({
  type: 'Object',
  object: { metric: { name: 'hits' }, describedObject: INGRESS, target },
});
const AT_ONCE = { scaleDown: { stabilizationWindowSeconds: 0 } };

/** Pods that ask for 200m, and how many there are to be. */
async function begin(world: World, metrics: readonly object[], spec: Spec = {}, sides: readonly string[] = []) {
  await furnishMetrics(world);
  const requests = { cpu: '200m' };
  const containers = ['c', ...sides].map((name) => ({ name, image: 'v1', resources: { requests } }));
  await world.create(replicaSet, {
    metadata: named('web'),
    spec: {
      replicas: 1,
      selector: { matchLabels: { app: 'web' } },
      template: podTemplate('web', 'v1', { containers }),
    },
  });
  await autoscale(world, 'web', metrics, spec);
}

const autoscale = (world: World, name: string, metrics: readonly object[], spec: Spec = {}): Promise<Autoscaler> =>
  world.create(horizontalPodAutoscaler, {
    metadata: named(name),
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web' },
      minReplicas: 1,
      maxReplicas: 10,
      metrics,
      ...spec,
    } as Draft<Autoscaler['spec']>,
  });

const reasonOf = (view: View, type: string, name = 'web'): string => {
  const { status, reason } = conditionOf(view.get(horizontalPodAutoscaler, `default/${name}`), type) ?? {};
  return `${status} ${reason}`;
};
/** Metrics are shared by the pods that there are said to be. */
const reaches = (world: World, size: number): Promise<void> =>
  world.until(
    `there are ${size}`,
    (view) => sizeOf(view) === size && view.get(replicaSet, SET)?.status.replicas === size,
  );

const about = (scenario: Pick<Scenario, 'name' | 'says' | 'act' | 'end'> & Partial<Scenario>): Scenario =>
  defineScenario({
    controllers: () => [replicaSetController],
    ofEveryKind: ['horizontal-pod-autoscaler-controller'],
    pods: { nodes: ['node-a'] },
    server: ({ clock, view }) => ({ readKubelet: kubelet({ clock, view }), extensions: addOn(view) }),
    always: [withinBounds(1, 10)],
    ...scenario,
  });

const metrics: readonly Scenario[] = [
  about({
    name: 'horizontal-pod-autoscaler/cpu',
    says: 'As many pods as bring the CPU they use to the target; fewer only after five minutes in which fewer would have done.',
    // What was recommended lately is remembered by the leader alone, by its clock; rates are by that of the node.
    spares: ['clock jumps', 'crashes'],
    async act(world) {
      await begin(world, [CPU]);
      await setLoad(world, { cores: 0.6 });
      await reaches(world, 6);
      await world.pass('2m');
      await setLoad(world, { cores: 0.18 });
      await world.pass('4m');
      // A look that the network fails says so until the next.
      const isHeldBack = (view: View): boolean => reasonOf(view, 'AbleToScale') === 'True ScaleDownStabilized';
      await world.until('it is held back', isHeldBack, '45s');
      assert.equal(sizeOf(world.view), 6, 'too early');
    },
    end(view) {
      assert.equal(sizeOf(view), 2);
      const { status } = view.get(horizontalPodAutoscaler, SET) ?? {};
      assert.deepEqual([status?.currentReplicas, status?.desiredReplicas], [2, 2]);
      assert.deepEqual(
        ['AbleToScale', 'ScalingActive', 'ScalingLimited'].map((type) => reasonOf(view, type)),
        ['True ReadyForNewScale', 'True ValidMetricFound', 'False DesiredWithinRange'],
      );
    },
  }),
  about({
    name: 'horizontal-pod-autoscaler/container-resource',
    says: 'A metric of one container counts that alone, whatever the others use.',
    spares: ['clock jumps'],
    async act(world) {
      const metric = { type: 'ContainerResource', containerResource: { name: 'cpu', container: 'c', target: HALF } };
      await begin(world, [metric], {}, ['side']);
      await setLoad(world, { cores: 0.4, side: 0.5 });
    },
    end: (view) => assert.deepEqual([sizeOf(view), reasonOf(view, 'ScalingActive')], [4, 'True ValidMetricFound']),
  }),
  about({
    name: 'horizontal-pod-autoscaler/pods-metric',
    says: 'A metric of the pods is brought to its average.',
    async act(world) {
      const target = { type: 'AverageValue', averageValue: '10' };
      await begin(world, [{ type: 'Pods', pods: { metric: { name: 'requests' }, target } }]);
      await setLoad(world, { requests: 45 });
    },
    end: (view) =>
      assert.deepEqual(
        [sizeOf(view), view.get(horizontalPodAutoscaler, SET)?.status.currentMetrics?.[0]?.pods?.current],
        [5, { averageValue: '9' }],
      ),
  }),
  about({
    name: 'horizontal-pod-autoscaler/object-metric',
    says: 'A metric of another object is shared out among the pods.',
    async act(world) {
      await begin(world, [hits({ type: 'AverageValue', averageValue: '50' })], { behavior: AT_ONCE });
      await setLoad(world, { hits: 350 });
      await reaches(world, 7);
      await setLoad(world, { hits: 140 });
    },
    end: (view) => assert.deepEqual([sizeOf(view), reasonOf(view, 'ScalingActive')], [3, 'True ValidMetricFound']),
  }),
  about({
    name: 'horizontal-pod-autoscaler/external-metric',
    says: 'What an external system counts is added up, and shared out among the pods.',
    async act(world) {
      await begin(world, [QUEUE], { behavior: AT_ONCE });
      await setLoad(world, { queue: 40 });
      await reaches(world, 8);
      await setLoad(world, { queue: 20 });
    },
    end: (view) => assert.equal(sizeOf(view), 4),
  }),
  about({
    name: 'horizontal-pod-autoscaler/most-counts',
    says: 'Of several metrics the one that asks for the most counts.',
    async act(world) {
      await begin(world, [QUEUE, hits({ type: 'AverageValue', averageValue: '100' })], { behavior: AT_ONCE });
      await setLoad(world, { queue: 10, hits: 600 });
      await reaches(world, 6);
      await setLoad(world, { queue: 20, hits: 100 });
    },
    end: (view) => assert.equal(sizeOf(view), 4),
  }),
];

const rules: readonly Scenario[] = [
  about({
    name: 'horizontal-pod-autoscaler/to-zero-and-back',
    says: 'Where nothing waits there are no pods, which is said; what comes wakes them (KEP-2021).',
    always: [withinBounds(0, 10)],
    async act(world) {
      await begin(world, [QUEUE], { minReplicas: 0, behavior: AT_ONCE });
      await setLoad(world, { queue: 10 });
      await reaches(world, 2);
      await setLoad(world, {});
      await reaches(world, 0);
      await world.until('it is said', (view) => reasonOf(view, 'ScaledToZero') === 'True ScaledToZero');
      await world.pass('1m');
      await setLoad(world, { queue: 5 });
    },
    end: (view) => assert.deepEqual([sizeOf(view), reasonOf(view, 'ScaledToZero')], [1, 'False NotScaledToZero']),
  }),
  about({
    name: 'horizontal-pod-autoscaler/put-to-rest',
    says: 'A workload that a person sets to zero rests.',
    always: [],
    async act(world) {
      await begin(world, [QUEUE]);
      await setLoad(world, { queue: 20 });
      await reaches(world, 4);
      // Whoever looks at this moment may still write what it saw before.
      await world.until('it is put to rest', (view) => {
        return conditionOf(view.get(horizontalPodAutoscaler, SET), 'AbleToScale')?.reason === 'ReadyForNewScale';
      });
      await world.change(replicaSet, SET, (set) => ({ ...set, spec: { ...set.spec, replicas: 0 } }));
      await world.until('it is said', (view) => reasonOf(view, 'ScalingActive') === 'False ScalingDisabled');
    },
    end: (view) => assert.equal(sizeOf(view), 0),
  }),
  about({
    name: 'horizontal-pod-autoscaler/growth-policy',
    says: 'A policy of one pod a minute lets it grow by no more, however much is asked.',
    spares: ['clock jumps', 'crashes', 'network'],
    always: [withinBounds(1, 4), atMost('up', 1, 55_000)],
    async act(world) {
      const scaleUp = { policies: [{ type: 'Pods', value: 1, periodSeconds: 60 }] };
      await begin(world, [QUEUE], { maxReplicas: 4, behavior: { scaleUp } as never });
      await setLoad(world, { queue: 100 });
      await world.until('it is held back', (view) => reasonOf(view, 'ScalingLimited') === 'True ScaleUpLimit');
      await reaches(world, 4);
    },
    end: (view) => assert.equal(reasonOf(view, 'ScalingLimited'), 'True TooManyReplicas'),
  }),
  about({
    name: 'horizontal-pod-autoscaler/growth-share',
    says: 'Of two policies the one that lets it change more counts, or less where the rules say Min.',
    spares: ['clock jumps', 'crashes', 'network'],
    always: [withinBounds(1, 10), atMost('up', 2, 25_000)],
    async act(world) {
      const policies = [
        { type: 'Percent', value: 100, periodSeconds: 30 },
        { type: 'Pods', value: 2, periodSeconds: 30 },
      ];
      await begin(world, [QUEUE], { behavior: { scaleUp: { policies, selectPolicy: 'Min' } } as never });
      await setLoad(world, { queue: 45 });
    },
    end: (view) => assert.equal(sizeOf(view), 9),
  }),
  about({
    name: 'horizontal-pod-autoscaler/shrink-policy',
    says: 'A policy of two pods a minute lets it shrink by no more.',
    spares: ['clock jumps', 'crashes', 'network'],
    always: [withinBounds(1, 10), atMost('down', 2, 55_000)],
    async act(world) {
      const scaleDown = { ...AT_ONCE.scaleDown, policies: [{ type: 'Pods', value: 2, periodSeconds: 60 }] };
      await begin(world, [QUEUE], { behavior: { scaleDown } as never });
      await setLoad(world, { queue: 45 });
      await reaches(world, 9);
      // What has come within the minute may go at once.
      await world.pass('70s');
      await setLoad(world, { queue: 5 });
      await world.until('it is held back', (view) => reasonOf(view, 'ScalingLimited') === 'True ScaleDownLimit');
    },
    end: (view) => assert.equal(sizeOf(view), 1),
  }),
  about({
    name: 'horizontal-pod-autoscaler/never-shrinks',
    says: 'Where shrinking is disabled it stays as large as it was.',
    always: [withinBounds(1, 10), atMost('down', 0, 3_600_000)],
    async act(world) {
      await begin(world, [QUEUE], { behavior: { scaleDown: { selectPolicy: 'Disabled' } } as never });
      await setLoad(world, { queue: 30 });
      await reaches(world, 6);
      await setLoad(world, {});
      await world.pass('7m');
    },
    end: (view) => assert.equal(sizeOf(view), 6),
  }),
  about({
    name: 'horizontal-pod-autoscaler/short-peak',
    says: 'With a stabilization window for growth a peak that is shorter makes nothing larger; one that lasts does.',
    spares: ['clock jumps', 'crashes'],
    async act(world) {
      await begin(world, [QUEUE], { behavior: { scaleUp: { stabilizationWindowSeconds: 120 } } as never });
      await world.pass('2m');
      await setLoad(world, { queue: 40 });
      await world.until('it is held back', (view) => reasonOf(view, 'AbleToScale') === 'True ScaleUpStabilized');
      await world.pass('45s');
      await setLoad(world, {});
      await world.pass('2m');
      assert.equal(sizeOf(world.view), 1);
      await setLoad(world, { queue: 40 });
    },
    end: (view) => assert.equal(sizeOf(view), 8),
  }),
  about({
    name: 'horizontal-pod-autoscaler/tolerance',
    says: 'What is within the tolerance of the target changes nothing: a tenth, or what the rules say (KEP-4951).',
    async act(world) {
      await begin(world, [QUEUE], { behavior: AT_ONCE });
      await setLoad(world, { queue: 20 });
      await reaches(world, 4);
      await world.change(horizontalPodAutoscaler, SET, (h) => ({
        ...h,
        spec: { ...h.spec, behavior: { ...h.spec.behavior, scaleUp: { tolerance: '0.5' } } } as typeof h.spec,
      }));
      await world.pass('40s');
      await setLoad(world, { queue: 28 });
      await world.pass('1m');
      assert.equal(sizeOf(world.view), 4, 'within what the rules say');
      await setLoad(world, { queue: 18.5 });
      await world.pass('1m');
      assert.equal(sizeOf(world.view), 4, 'within a tenth');
      await setLoad(world, { queue: 31 });
    },
    end: (view) => assert.equal(sizeOf(view), 7),
  }),
  about({
    name: 'horizontal-pod-autoscaler/bounds',
    says: 'Bounds that are moved hold at once, and what they keep back is said.',
    always: [],
    async act(world) {
      await begin(world, [QUEUE]);
      await setLoad(world, { queue: 25 });
      await reaches(world, 5);
      const bound = (minReplicas: number, maxReplicas: number) =>
        world.change(horizontalPodAutoscaler, SET, (h) => ({ ...h, spec: { ...h.spec, minReplicas, maxReplicas } }));
      await bound(1, 3);
      await reaches(world, 3);
      await world.until('it is said', (view) => reasonOf(view, 'ScalingLimited') === 'True TooManyReplicas');
      await bound(7, 10);
    },
    end: (view) => assert.deepEqual([sizeOf(view), reasonOf(view, 'ScalingLimited')], [7, 'True TooFewReplicas']),
  }),
];

const troubles: readonly Scenario[] = [
  about({
    name: 'horizontal-pod-autoscaler/add-on-away',
    says: 'While a metric cannot be had the workload is left alone, and why is said.',
    async act(world) {
      await begin(world, [QUEUE], { behavior: AT_ONCE });
      await setLoad(world, { queue: 20 });
      await reaches(world, 4);
      await setLoad(world, { isAway: 1 });
      await world.until('it is said', (view) => reasonOf(view, 'ScalingActive') === 'False FailedGetExternalMetric');
      await world.pass('1m');
      assert.equal(sizeOf(world.view), 4);
      await setLoad(world, { queue: 10 });
    },
    end: (view) => assert.deepEqual([sizeOf(view), reasonOf(view, 'ScalingActive')], [2, 'True ValidMetricFound']),
  }),
  about({
    name: 'horizontal-pod-autoscaler/one-metric-away',
    says: 'A metric that cannot be had keeps it from shrinking, not from growing.',
    async act(world) {
      const nothing = { ...QUEUE, external: { ...QUEUE.external, metric: { name: 'nothing' } } };
      await begin(world, [nothing, QUEUE], { behavior: AT_ONCE });
      await setLoad(world, { queue: 20 });
      await reaches(world, 4);
      await setLoad(world, { queue: 5 });
    },
    end: (view) =>
      assert.deepEqual([sizeOf(view), reasonOf(view, 'ScalingActive')], [4, 'False FailedGetExternalMetric']),
  }),
  about({
    name: 'horizontal-pod-autoscaler/rivals',
    says: 'Two autoscalers of the same pods change nothing, and say so.',
    // As upstream: the leader alone remembers what others select.
    spares: ['crashes'],
    async act(world) {
      await begin(world, [QUEUE]);
      await autoscale(world, 'rival', [QUEUE]);
      await world.until('both say so', (view) =>
        ['web', 'rival'].every((name) => reasonOf(view, 'ScalingActive', name) === 'False AmbiguousSelector'),
      );
      const before = sizeOf(world.view);
      await setLoad(world, { queue: 45 });
      await world.pass('2m');
      assert.equal(sizeOf(world.view), before);
      await world.remove(horizontalPodAutoscaler, 'default/rival');
    },
    end: (view) => assert.equal(sizeOf(view), 9),
  }),
  about({
    name: 'horizontal-pod-autoscaler/no-target',
    says: 'An autoscaler of what is not there says so, and begins when it comes.',
    async act(world) {
      await furnishMetrics(world);
      await setLoad(world, { queue: 10 });
      await autoscale(world, 'web', [QUEUE]);
      await world.until('it is said', (view) => reasonOf(view, 'AbleToScale') === 'False FailedGetScale');
      await world.create(replicaSet, {
        metadata: named('web'),
        spec: { replicas: 1, selector: { matchLabels: { app: 'web' } }, template: podTemplate('web') },
      });
    },
    end: (view) => assert.equal(sizeOf(view), 2),
  }),
];

export const horizontalPodAutoscalerScenarios: readonly Scenario[] = [...metrics, ...rules, ...troubles];
