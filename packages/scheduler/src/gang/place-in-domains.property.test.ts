import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '@navarch/base';
import fc from 'fast-check';
import { defaultProfile } from '../profile.ts';
import { nodeOf, podOf, snapshotOf } from '../testing/builders.ts';
import { Memory } from '../verdicts.ts';
import { placeInDomains } from './place-in-domains.ts';

const RACK = 'example.com/rack';

const world = fc.record({
  nodes: fc.array(
    fc.record({
      rack: fc.option(fc.constantFrom('r0', 'r1', 'r2'), { nil: undefined, freq: 6 }),
      cpu: fc.integer({ min: 1, max: 4 }),
      /** CPUs of a pod that runs there, and may be evicted. */
      used: fc.nat({ max: 4 }),
    }),
    { minLength: 1, maxLength: 6 },
  ),
  group: fc.integer({ min: 1, max: 6 }),
  needed: fc.integer({ min: 1, max: 6 }),
  required: fc.option(fc.constantFrom('r0', 'r1'), { nil: undefined, freq: 3 }),
  evictsNobody: fc.boolean(),
});

test('placeInDomains() keeps a group in one domain, finds one wherever there is one, and evicts only where there is none', () => {
  const seen = new Map<string, number>();
  fc.assert(
    fc.property(world, ({ nodes, group, needed, required, evictsNobody }) => {
      const running = nodes.map(({ used }, n) =>
        used > 0 ? [podOf(`r${n}`, { cpu: `${used}`, spec: { nodeName: `n${n}` } })] : [],
      );
      const snapshot = snapshotOf(
        nodes.map(({ rack, cpu }, n) =>
          nodeOf(`n${n}`, { labels: rack ? { [RACK]: rack } : {}, allocatable: { cpu: `${cpu}` } }),
        ),
        Object.fromEntries(running.map((pods, n) => [`n${n}`, pods])),
      );
      const before = snapshot.nodes.map(({ name, pods }) => `${name} ${[...pods.keys()].join()}`);
      const pods = Array.from({ length: group }, (_, i) => podOf(`g${i}`, { cpu: '1', spec: { priority: 1 } }));
      const search = { random: seededRandom(1), start: 0, memory: new Memory() };
      const { placement, domains } = placeInDomains(
        { pods, needed, snapshot, profile: defaultProfile, budgets: [], evictsNobody, ...search },
        { key: RACK, required },
      );
      seen.set(placement.outcome, (seen.get(placement.outcome) ?? 0) + 1);
      assert.deepEqual(
        snapshot.nodes.map(({ name, pods: now }) => `${name} ${[...now.keys()].join()}`),
        before,
      );
      const rackOf = (name: string): string | undefined => snapshot.node(name)?.labels[RACK];
      const racks = new Set(placement.homes.map(({ nodeName }) => rackOf(nodeName)));
      assert.ok(racks.size <= 1 && !racks.has(undefined), [...racks].join());
      if (required !== undefined && racks.size > 0) assert.ok(racks.has(required));
      // What each rack could take: as it is, and with everybody else gone.
      const all = [...new Set(nodes.map(({ rack }) => rack))].filter(
        (rack) => rack !== undefined && (required === undefined || rack === required),
      );
      assert.equal(domains, all.length);
      const room = (rack: string | undefined, isEmpty: boolean): number =>
        nodes
          .filter((node) => node.rack === rack)
          .reduce((sum, { cpu, used }) => sum + Math.max(0, cpu - (isEmpty ? 0 : used)), 0);
      const most = (isEmpty: boolean): number =>
        Math.min(group, Math.max(0, ...all.map((rack) => room(rack, isEmpty))));
      if (most(false) >= needed) {
        assert.equal(placement.outcome, 'fits');
        assert.equal(placement.homes.length, most(false), 'where most of them fit');
      } else assert.equal(placement.outcome === 'makes room', !evictsNobody && most(true) >= needed);
      if (placement.outcome === 'makes room')
        assert.ok(placement.evictions.every(({ victim }) => racks.has(rackOf(victim.spec.nodeName ?? ''))));
    }),
    { numRuns: 500, seed: 3 },
  );
  assert.equal(seen.size, 3, [...seen].join(' '));
});
