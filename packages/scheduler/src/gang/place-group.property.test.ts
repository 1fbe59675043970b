import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pod } from '@navarch/api';
import { seededRandom } from '@navarch/base';
import { keyOf } from '@navarch/machinery';
import fc from 'fast-check';
import { defaultProfile } from '../profile.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import { nodeOf, podOf, snapshotOf } from '../testing/builders.ts';
import { Memory } from '../verdicts.ts';
import { type GroupPlacement, placeGroup } from './place-group.ts';

const world = fc.record({
  /** CPUs of each node, and what runs there, with its priority. */
  nodes: fc.array(
    fc.record({
      cpu: fc.integer({ min: 1, max: 4 }),
      pods: fc.array(fc.record({ cpu: fc.integer({ min: 1, max: 2 }), priority: fc.nat({ max: 2 }) }), {
        maxLength: 3,
      }),
    }),
    { minLength: 1, maxLength: 4 },
  ),
  /** CPUs of each pod of the group, all of priority 1. */
  group: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 5 }),
  needed: fc.nat({ max: 6 }),
  isAlone: fc.boolean(),
});
type World = typeof world extends fc.Arbitrary<infer T> ? T : never;

const alone = {
  podAntiAffinity: {
    requiredDuringSchedulingIgnoredDuringExecution: [
      { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: { app: 'group' } } },
    ],
  },
};

function played({ nodes, group, needed, isAlone }: World): {
  readonly snapshot: Snapshot;
  readonly before: string;
  readonly pods: readonly Pod[];
  readonly placement: GroupPlacement;
} {
  const placed = nodes.map(({ pods }, n) => [
    `n${n}`,
    pods.map(({ cpu, priority }, i) => podOf(`r${n}-${i}`, { cpu: `${cpu}`, spec: { priority, nodeName: `n${n}` } })),
  ]);
  const snapshot = snapshotOf(
    nodes.map(({ cpu }, n) => nodeOf(`n${n}`, { allocatable: { cpu: `${cpu}` } })),
    Object.fromEntries(placed) as Readonly<Record<string, readonly Pod[]>>,
  );
  const before = told(snapshot);
  const spec = { priority: 1, ...(isAlone ? { affinity: alone } : {}) };
  const pods = group.map((cpu, i) => podOf(`g${i}`, { cpu: `${cpu}`, labels: { app: 'group' }, spec }));
  const random = seededRandom(1);
  const search = { random, start: 0, memory: new Memory() };
  const placement = placeGroup({ pods, needed, snapshot, profile: defaultProfile, budgets: [], ...search });
  return { snapshot, before, pods, placement };
}

/** What of a snapshot decisions depend on. */
const told = ({ nodes }: Snapshot): string =>
  nodes
    .map(({ name, pods, requested }) =>
      [name, [...pods.keys()].toSorted().join(), ...[...requested].filter(([, n]) => n !== 0).toSorted()].join(' '),
    )
    .toSorted()
    .join('\n');

/** What is too much, with the pods of the group where they were promised and their victims gone. */
function crowded({ nodes, isAlone }: World, { snapshot, placement }: ReturnType<typeof played>): string | undefined {
  const gone = new Set(
    placement.outcome === 'makes room' ? placement.evictions.map(({ victim }) => keyOf(victim)) : [],
  );
  const cpuOf = ({ spec }: Pod): number => Number(spec.containers[0]?.resources?.requests?.['cpu']);
  return nodes
    .map(({ cpu }, n) => {
      const here = [...(snapshot.node(`n${n}`)?.pods.values() ?? [])].map(({ pod }) => pod);
      const own = placement.homes.filter(({ nodeName }) => nodeName === `n${n}`).map(({ pod }) => pod);
      const stays = here.filter((pod) => !gone.has(keyOf(pod)));
      const asked = [...stays, ...own].reduce((sum, pod) => sum + cpuOf(pod), 0);
      // What was too much before the group came is not its fault.
      const isFuller = own.length > 0 && asked > cpu;
      return isFuller || (isAlone && own.length > 1) ? `n${n}: ${asked} of ${cpu}` : undefined;
    })
    .find(Boolean);
}

test('placeGroup() leaves the snapshot as it was, puts pods only where there is room, and all that must be or none', () => {
  fc.assert(
    fc.property(world, (w) => {
      const run = played(w);
      const { placement, pods } = run;
      assert.equal(told(run.snapshot), run.before);
      assert.equal(run.snapshot.hasNominated, false);
      assert.equal(crowded(w, run), undefined);
      const all = new Set([...placement.homes, ...placement.rejected].map(({ pod }) => pod));
      assert.equal(all.size, pods.length);
      if (placement.outcome === 'waits') assert.ok(placement.homes.length < w.needed);
      else assert.ok(placement.homes.length >= w.needed);
      if (placement.outcome !== 'makes room') return;
      assert.ok(placement.evictions.length > 0);
      assert.ok(placement.evictions.every(({ victim }) => victim.spec.priority === 0));
      assert.ok(pods.length - placement.rejected.length < w.needed);
    }),
    { numRuns: 500 },
  );
});

test('a group of like pods is placed wherever as many of them fit', () => {
  fc.assert(
    fc.property(world, fc.integer({ min: 1, max: 3 }), (w, cpu) => {
      const like = {
        ...w,
        isAlone: false,
        group: w.group.map(() => cpu),
        nodes: w.nodes.map((n) => ({ ...n, pods: [] })),
      };
      const fits = like.nodes.reduce((sum, node) => sum + Math.floor(node.cpu / cpu), 0);
      const { placement } = played(like);
      assert.equal(placement.outcome === 'fits', Math.min(fits, like.group.length) >= w.needed);
    }),
    { numRuns: 300 },
  );
});
