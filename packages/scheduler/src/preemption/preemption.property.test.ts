import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pod } from '@navarch/api';
import { seededRandom } from '@navarch/base';
import fc from 'fast-check';
import { Cycle } from '../cycle.ts';
import { defaultProfile } from '../profile.ts';
import { nodeOf, podOf, put, snapshotOf } from '../testing/builders.ts';
import { Memory } from '../verdicts.ts';
import { preempt } from './preemption.ts';

const HOST = 'kubernetes.io/hostname';
const shape = fc.record({
  cpu: fc.constantFrom('500m', '1', '2'),
  priority: fc.integer({ min: 0, max: 3 }),
  app: fc.constantFrom('x', 'y'),
  port: fc.option(fc.constantFrom(80, 81), { nil: undefined }),
  avoids: fc.option(fc.constantFrom('x', 'y'), { nil: undefined, freq: 2 }),
  isSpread: fc.boolean(),
});
type Shape = typeof shape extends fc.Arbitrary<infer T> ? T : never;

const podFrom = (name: string, { cpu, priority, app, port, avoids, isSpread }: Shape): Pod =>
  podOf(name, {
    labels: { app },
    spec: {
      priority,
      containers: [
        {
          name: 'c',
          image: 'i',
          resources: { requests: { cpu } },
          ...(port ? { ports: [{ containerPort: 1, hostPort: port }] } : {}),
        },
      ],
      ...(avoids
        ? {
            affinity: {
              podAntiAffinity: {
                requiredDuringSchedulingIgnoredDuringExecution: [
                  { topologyKey: HOST, labelSelector: { matchLabels: { app: avoids } } },
                ],
              },
            },
          }
        : {}),
      ...(isSpread
        ? {
            topologySpreadConstraints: [
              {
                maxSkew: 1,
                topologyKey: HOST,
                whenUnsatisfiable: 'DoNotSchedule',
                labelSelector: { matchLabels: { app } },
              },
            ],
          }
        : {}),
    } as unknown as Partial<Pod['spec']>,
  });

const fitsWithout = (
  pod: Pod,
  nodes: readonly string[],
  placed: ReadonlyMap<string, readonly Pod[]>,
  nodeName: string,
  gone: ReadonlySet<string>,
): boolean => {
  const left = Object.fromEntries(
    [...placed].map(([name, pods]) => [name, pods.filter(({ metadata }) => !gone.has(metadata.name))]),
  );
  const snapshot = snapshotOf(
    nodes.map((name) => nodeOf(name, { allocatable: { cpu: '3' } })),
    left,
  );
  const node = snapshot.node(nodeName);
  return node !== undefined && new Cycle(pod, snapshot, defaultProfile, new Memory()).fits(node);
};

test('preempt() names only less important pods, enough of them, and none too many', () => {
  let found = 0;
  fc.assert(
    fc.property(fc.array(fc.tuple(shape, fc.nat(2)), { maxLength: 14 }), shape, (running, wanted) => {
      const nodes = ['n0', 'n1', 'n2'];
      const placed = new Map<string, Pod[]>(nodes.map((name) => [name, []]));
      running.forEach(([each, at], i) => placed.get(`n${at}`)?.push(podFrom(`p${i}`, each)));
      const snapshot = snapshotOf(
        nodes.map((name) => nodeOf(name, { allocatable: { cpu: '3' } })),
        Object.fromEntries(placed),
      );
      const pod = podFrom('wanted', wanted);
      const unfit = put(pod, snapshot);
      if (unfit.node !== undefined) return;
      const preemption = preempt({
        pod,
        unfit,
        snapshot,
        profile: defaultProfile,
        budgets: [],
        random: seededRandom(1),
      });
      if (preemption.node === undefined) return;
      found += 1;
      const { node } = preemption;
      assert.ok(
        preemption.victims.length > 0 && preemption.victims.every(({ spec }) => (spec.priority ?? 0) < wanted.priority),
      );
      assert.ok(
        preemption.victims.every((victim) => placed.get(node)?.includes(victim)),
        'all from the node',
      );
      const gone = new Set(preemption.victims.map(({ metadata }) => metadata.name));
      assert.ok(fitsWithout(pod, nodes, placed, node, gone), 'the pod fits when they are gone');
      for (const spared of gone)
        assert.ok(
          !fitsWithout(pod, nodes, placed, node, new Set([...gone].filter((name) => name !== spared))),
          `${spared} need not go`,
        );
    }),
    { numRuns: 500 },
  );
  assert.ok(found > 50, `only ${found} of the clusters needed preemption`);
});
