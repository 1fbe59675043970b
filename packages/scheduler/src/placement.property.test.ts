import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Node, Pod } from '@navarch/api';
import { seededRandom } from '@navarch/base';
import fc from 'fast-check';
import { Cycle, place } from './cycle.ts';
import { defaultProfile } from './profile.ts';
import { Snapshot } from './snapshot/snapshot.ts';
import { nodeOf, podOf } from './testing/builders.ts';
import { bestNodes, feasibleNodes } from './testing/reference.ts';
import { Memory } from './verdicts.ts';

const ZONE = 'topology.kubernetes.io/zone';
const HOST = 'kubernetes.io/hostname';
const key = fc.constantFrom(ZONE, HOST, 'rack');
const app = fc.constantFrom('x', 'y');
const term = fc
  .record({ topologyKey: key, app })
  .map(({ topologyKey, app: value }) => ({ topologyKey, labelSelector: { matchLabels: { app: value } } }));
const maybe = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(arbitrary, { nil: undefined, freq: 1 });
const few = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<readonly T[]> =>
  fc.oneof(
    { weight: 7, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: fc.array(arbitrary, { minLength: 1, maxLength: 2 }) },
  );
const weighted = fc.record({ weight: fc.integer({ min: 1, max: 100 }), podAffinityTerm: term });

const aNode = fc
  .record({
    name: fc.constantFrom('n1', 'n2', 'n3', 'n4', 'n5', 'n6'),
    zone: maybe(fc.constantFrom('a', 'b', 'c')),
    rack: maybe(fc.constantFrom('1', '2')),
    cpu: fc.constantFrom('1', '2', '4', '8'),
    taint: maybe(fc.constantFrom('NoSchedule' as const, 'PreferNoSchedule' as const)),
    unschedulable: fc.oneof({ weight: 9, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
  })
  .map(({ name, zone, rack, cpu, taint, unschedulable }): Node =>
    nodeOf(name, {
      labels: { ...(zone ? { [ZONE]: zone } : {}), ...(rack ? { rack } : {}) },
      allocatable: { cpu, pods: '8' },
      spec: { unschedulable, ...(taint ? { taints: [{ key: 't', effect: taint }] } : {}) },
    }),
  );

const aPod = fc
  .record({
    app,
    cpu: fc.constantFrom('0', '100m', '500m', '1'),
    namespace: fc.constantFrom('default', 'other'),
    tolerates: fc.boolean(),
    zone: maybe(fc.constantFrom('a', 'b')),
    port: maybe(fc.constantFrom(80, 81)),
    near: few(term),
    away: few(term),
    likes: few(weighted),
    dislikes: few(weighted),
    prefersZone: maybe(fc.constantFrom('a', 'b')),
    spread: few(
      fc.record({
        topologyKey: key,
        maxSkew: fc.integer({ min: 1, max: 2 }),
        minDomains: fc.integer({ min: 1, max: 3 }),
        isHard: fc.boolean(),
        app,
      }),
    ),
  })
  .map((shape) => shape);
type Shape = typeof aPod extends fc.Arbitrary<infer T> ? T : never;

function podFrom(name: string, s: Shape): Pod {
  const nodeAffinity = s.prefersZone
    ? {
        nodeAffinity: {
          preferredDuringSchedulingIgnoredDuringExecution: [
            { weight: 5, preference: { matchExpressions: [{ key: ZONE, operator: 'In', values: [s.prefersZone] }] } },
          ],
        },
      }
    : {};
  const container = {
    name: 'c',
    image: 'i',
    resources: { requests: { cpu: s.cpu, memory: '100Mi' } },
    ...(s.port ? { ports: [{ containerPort: 1, hostPort: s.port }] } : {}),
  };
  const spec = {
    containers: [container],
    ...(s.tolerates ? { tolerations: [{ key: 't', operator: 'Exists' }] } : {}),
    ...(s.zone ? { nodeSelector: { [ZONE]: s.zone } } : {}),
    affinity: {
      podAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: s.near,
        preferredDuringSchedulingIgnoredDuringExecution: s.likes,
      },
      podAntiAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: s.away,
        preferredDuringSchedulingIgnoredDuringExecution: s.dislikes,
      },
      ...nodeAffinity,
    },
    topologySpreadConstraints: s.spread.map(({ topologyKey, maxSkew, minDomains, isHard, app: value }) => ({
      topologyKey,
      maxSkew,
      whenUnsatisfiable: isHard ? 'DoNotSchedule' : 'ScheduleAnyway',
      labelSelector: { matchLabels: { app: value } },
      ...(isHard ? { minDomains } : {}),
    })),
  };
  return podOf(name, { labels: { app: s.app }, namespace: s.namespace, spec: spec as unknown as Partial<Pod['spec']> });
}

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ type: fc.constant('pod' as const), shape: aPod, copies: fc.integer({ min: 1, max: 5 }) }),
  },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('node' as const), node: aNode }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('remove-node' as const), which: fc.nat(20) }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('remove-pod' as const), which: fc.nat(50) }) },
);

/** The snapshot and a plain copy of it, moved on together. */
class Pair {
  readonly snapshot = new Snapshot();
  readonly nodes = new Map<string, Node>();
  readonly pods = new Map<string, Pod>();
  readonly memory = new Memory();

  setNode(node: Node): void {
    this.snapshot.setNode(node);
    this.nodes.set(node.metadata.name, node);
  }

  removeNode(which: number): void {
    const name = [...this.nodes.keys()][which % Math.max(1, this.nodes.size)];
    if (name === undefined) return;
    this.snapshot.removeNode(name);
    this.nodes.delete(name);
  }

  removePod(which: number): void {
    const found = [...this.pods][which % Math.max(1, this.pods.size)];
    if (!found) return;
    this.snapshot.unplace(found[1]);
    this.pods.delete(found[0]);
  }

  tryPod(pod: Pod): void {
    // A pod whose node is away counts nowhere until it is back.
    const plain = {
      nodes: [...this.nodes.values()],
      pods: [...this.pods.values()].filter(({ spec }) => this.nodes.has(spec.nodeName ?? '')),
    };
    const cycle = new Cycle(pod, this.snapshot, defaultProfile, this.memory);
    assert.deepEqual(
      this.snapshot.nodes
        .filter((node) => cycle.fits(node))
        .map(({ name }) => name)
        .sort(),
      feasibleNodes(pod, plain),
      'feasible nodes',
    );
    const found = place(pod, this.snapshot, defaultProfile, { random: seededRandom(3), memory: this.memory });
    assert.deepEqual(
      place(pod, this.snapshot, defaultProfile, { random: seededRandom(3) }),
      found,
      'what is remembered changes nothing',
    );
    if (found.node === undefined) return;
    assert.ok(
      bestNodes(pod, plain).includes(found.node),
      `${found.node} is none of the best, ${bestNodes(pod, plain).join()}`,
    );
    this.snapshot.place(pod, found.node);
    this.pods.set(pod.metadata.name, { ...pod, spec: { ...pod.spec, nodeName: found.node } });
  }
}

test('place() finds what a look at everything finds, after any history, with and without memory', () => {
  fc.assert(
    fc.property(
      fc.array(aNode, { minLength: 4, maxLength: 8 }),
      fc.array(step, { minLength: 4, maxLength: 40 }),
      (nodes, steps) => {
        const pair = new Pair();
        for (const node of nodes) pair.setNode(node);
        let serial = 0;
        for (const each of steps) {
          if (each.type === 'node') pair.setNode(each.node);
          else if (each.type === 'remove-node') pair.removeNode(each.which);
          else if (each.type === 'remove-pod') pair.removePod(each.which);
          else for (let i = 0; i < each.copies; i++) pair.tryPod(podFrom(`p${serial++}`, each.shape));
        }
      },
    ),
    { numRuns: 400 },
  );
});
