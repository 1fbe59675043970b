import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { moved } from '../plugins/moved-sums.ts';
import { nodeOf } from '../testing/builders.ts';
import { DomainCounts } from './domain-counts.ts';
import type { Sums } from './domain-sums.ts';
import type { NodeInfo } from './node-info.ts';
import { Snapshot } from './snapshot.ts';

const ZONE = 'zone';
const NODES = ['a', 'b', 'c', 'd', 'e'];
const nodeName = fc.constantFrom(...NODES);
const zone = fc.constantFrom(undefined, '', 'x', 'y', 'z');

const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ type: fc.constant('come' as const), nodeName }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('go' as const), nodeName }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('move' as const), nodeName, zone }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('remove' as const), nodeName }) },
);

const even = { key: 'even', test: ({ name }: NodeInfo) => NODES.indexOf(name) % 2 === 0 };

function told(sums: Sums): object {
  const by = Object.fromEntries(['', 'x', 'y', 'z'].map((domain) => [domain, sums.get(domain)]));
  return { by, size: sums.size, least: sums.least, isEmpty: sums.isEmpty, none: sums.having(0), two: sums.having(2) };
}

function expected(by: ReadonlyMap<string, number>): object {
  const counts = [...by.values()];
  const having = (count: number): number => counts.filter((each) => each === count).length;
  return {
    by: Object.fromEntries(['', 'x', 'y', 'z'].map((domain) => [domain, by.get(domain)])),
    size: counts.length,
    least: counts.length === 0 ? 0 : Math.min(...counts),
    isEmpty: counts.every((count) => count === 0),
    none: having(0),
    two: having(2),
  };
}

test('DomainCounts.by() says what counting anew says, as pods and nodes come, go and move, and moved() what would be then', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40, size: 'max' }), (steps) => {
      const snapshot = new Snapshot();
      const counts = new DomainCounts(snapshot);
      const pods = new Map<string, number>();
      const zones = new Map<string, string | undefined>();
      const add = (name: string, by: number): void => {
        const info = snapshot.node(name);
        if (!info || (by < 0 && (pods.get(name) ?? 0) === 0)) return;
        counts.add(info, by);
        pods.set(name, (pods.get(name) ?? 0) + by);
      };
      const naive = (isCounted: (name: string) => boolean): Map<string, number> => {
        const sums = new Map<string, number>();
        for (const [name, domain] of zones)
          if (domain !== undefined && isCounted(name))
            sums.set(domain, (sums.get(domain) ?? 0) + (pods.get(name) ?? 0));
        return sums;
      };
      for (const each of steps) {
        if (each.type === 'come') add(each.nodeName, 1);
        else if (each.type === 'go') add(each.nodeName, -1);
        else if (each.type === 'move') {
          snapshot.setNode(nodeOf(each.nodeName, { labels: each.zone === undefined ? {} : { [ZONE]: each.zone } }));
          zones.set(each.nodeName, each.zone);
        } else if (zones.has(each.nodeName)) {
          add(each.nodeName, -(pods.get(each.nodeName) ?? 0));
          snapshot.removeNode(each.nodeName);
          zones.delete(each.nodeName);
        }
        const all = naive(() => true);
        assert.deepEqual(told(counts.by(ZONE)), expected(all));
        assert.deepEqual(told(counts.by(ZONE, even)), expected(naive((name) => NODES.indexOf(name) % 2 === 0)));
        for (const name of NODES) {
          const info = snapshot.node(name);
          if (info) assert.equal(counts.bySlot[info.slot] ?? 0, pods.get(name) ?? 0);
        }
        assert.deepEqual(
          told(moved(moved(counts.by(ZONE), 'x', 2), 'y', 1)),
          expected(new Map([...all, ['x', (all.get('x') ?? 0) + 2], ['y', (all.get('y') ?? 0) + 1]])),
        );
      }
    }),
    { numRuns: Number(process.env['NAVARCH_SEEDS'] || 300) },
  );
});
