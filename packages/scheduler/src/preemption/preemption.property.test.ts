import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pod } from '@navarch/api';
import { seededRandom } from '@navarch/base';
import fc from 'fast-check';
import { Cycle } from '../cycle.ts';
import { defaultProfile } from '../profile.ts';
import { nodeOf, podOf, put, snapshotOf } from '../testing/builders.ts';
import { answer } from '../testing/model/model.ts';
import type { Plain } from '../testing/model/plain.ts';
import { offerOn, type PlainBudget } from '../testing/model/preemption.ts';
import { Memory } from '../verdicts.ts';
import { CandidateMemory } from './candidate-memory.ts';
import { preempt } from './preemption.ts';
import type { Budget } from './budget.ts';

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
  return node !== undefined && new Cycle(pod, snapshot, defaultProfile, { memory: new Memory() }).fits(node);
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

const nothing: Omit<Plain, 'nodes' | 'pods'> = {
  namespaces: [],
  claims: [],
  volumes: [],
  classes: [],
  csiNodes: [],
  csiDrivers: [],
  capacities: [],
  attachments: [],
  services: [],
  replicaSets: [],
};
const budget = fc
  .record({ app: fc.constantFrom('x', 'y', undefined), disruptionsAllowed: fc.nat(2) })
  .map(({ app, disruptionsAllowed }): PlainBudget => ({
    metadata: { namespace: 'default' },
    spec: { selector: app ? { matchLabels: { app } } : {} },
    status: { disruptionsAllowed },
  }));
const began = fc.constantFrom('2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z', undefined);
const compare = (a: readonly number[], b: readonly number[]): number =>
  a.map((each, i) => each - (b[i] as number)).find((difference) => difference !== 0) ?? 0;

test('preempt() with what it remembers chooses as without, whatever comes and goes between', () => {
  const change = fc.tuple(shape, fc.nat(4), fc.constantFrom('comes', 'goes', 'begins', 'is labelled'), began);
  let found = 0;
  fc.assert(
    fc.property(
      fc.array(fc.tuple(shape, fc.nat(4)), { minLength: 8, maxLength: 20 }),
      fc.array(fc.tuple(change, shape), { maxLength: 8, size: 'max' }),
      fc.array(budget, { maxLength: 2 }),
      (running, steps, budgets) => {
        const nodes = ['n0', 'n1', 'n2', 'n3', 'n4'].map((name) => nodeOf(name, { allocatable: { cpu: '3' } }));
        const snapshot = snapshotOf(nodes);
        const here = running.map(([each, at], i) => ({ ...podFrom(`p${i}`, each), at: `n${at}` }));
        for (const each of here) snapshot.place(each, each.at);
        const memory = new CandidateMemory();
        for (const [[each, at, what, startTime], wanted] of steps) {
          const old = here[at];
          if (what === 'comes') snapshot.place(podFrom('new', each), `n${at}`);
          else if (what === 'goes') {
            if (old) snapshot.unplace(old);
          } else if (old && what === 'is labelled')
            snapshot.place({ ...old, metadata: { ...old.metadata, labels: { app: each.app } } }, old.at);
          else if (old)
            snapshot.place({ ...old, status: { ...old.status, ...(startTime ? { startTime } : {}) } }, old.at);
          const pod = podFrom('wanted', { ...wanted, priority: wanted.priority + 1 });
          const unfit = put(pod, snapshot);
          if (unfit.node !== undefined) continue;
          const request = {
            pod,
            unfit,
            snapshot,
            profile: defaultProfile,
            budgets: budgets as unknown as readonly Budget[],
          };
          const [fresh, remembered] = [undefined, memory].map((held) =>
            preempt({ ...request, random: seededRandom(1), ...(held ? { memory: held } : {}) }),
          );
          assert.deepEqual(remembered, fresh);
          if (fresh?.node !== undefined) found += 1;
        }
      },
    ),
    { numRuns: 300 },
  );
  assert.ok(found > 50, `only ${found} of the clusters needed preemption`);
});

test('preempt() chooses as the documentation says, with budgets and promises', () => {
  let found = 0;
  fc.assert(
    fc.property(
      fc.array(fc.tuple(shape, fc.nat(3), began), { maxLength: 16 }),
      fc.array(fc.tuple(shape, fc.nat(3)), { maxLength: 2 }),
      fc.array(budget, { maxLength: 2 }),
      shape,
      (running, promises, budgets, wanted) => {
        const nodes = ['n0', 'n1', 'n2', 'n3'].map((name) => nodeOf(name, { allocatable: { cpu: '3' } }));
        const pods = running.map(([each, at, startTime], i): Pod => {
          const pod = podFrom(`p${i}`, each);
          return {
            ...pod,
            spec: { ...pod.spec, nodeName: `n${at}` },
            status: { ...pod.status, ...(startTime ? { startTime } : {}) },
          };
        });
        const promised = promises.map(([each, at], i): readonly [Pod, string] => [podFrom(`q${i}`, each), `n${at}`]);
        const snapshot = snapshotOf(nodes);
        for (const each of pods) snapshot.place(each, each.spec.nodeName ?? '');
        for (const [each, node] of promised) snapshot.nominate(each, node);
        const pod = podFrom('wanted', { ...wanted, priority: wanted.priority + 1 });
        const unfit = put(pod, snapshot);
        if (unfit.node !== undefined) return;
        const plain: Plain = { ...nothing, nodes, pods };
        const { refusals, feasible } = answer(pod, plain);
        // Where it fits but for pods that were promised the room, it is for them to go.
        const offers = nodes
          .filter(({ metadata: { name } }) => feasible.includes(name) || refusals.get(name)?.isResolvable)
          .flatMap((node) => offerOn(pod, node, plain, { budgets, promised }) ?? []);
        const preemption = preempt({
          pod,
          unfit,
          snapshot,
          profile: defaultProfile,
          budgets: budgets as unknown as readonly Budget[],
          random: seededRandom(1),
        });
        const gentlest = offers.toSorted((a, b) => compare(a.cost, b.cost))[0];
        assert.equal(preemption.node === undefined, gentlest === undefined, JSON.stringify([preemption, offers]));
        if (preemption.node === undefined || !gentlest) return;
        found += 1;
        const offer = offers.find(({ node }) => node === preemption.node);
        assert.deepEqual(preemption.victims.map(({ metadata }) => metadata.name).sort(), offer?.victims);
        assert.equal(compare(offer?.cost ?? [], gentlest.cost), 0, JSON.stringify([offer, gentlest]));
      },
    ),
    { numRuns: Number(process.env['NAVARCH_SEEDS'] || 500) },
  );
  assert.ok(found > 50, `only ${found} of the clusters needed preemption`);
});
