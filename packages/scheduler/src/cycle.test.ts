import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '@navarch/base';
import { chooseMax, enoughNodes, place } from './place.ts';
import { defaultProfile } from './profile.ts';
import { nodeOf, podOf, put, snapshotOf, verdict } from './testing/builders.ts';
import { Memory } from './verdicts.ts';

test('place() says of every node why it does not fit, in upstream words', () => {
  const snapshot = snapshotOf([
    nodeOf('a', { spec: { taints: [{ key: 'k', value: 'v', effect: 'NoSchedule' }] } }),
    nodeOf('b', { spec: { unschedulable: true } }),
    nodeOf('c', { allocatable: { cpu: '500m' } }),
  ]);
  assert.equal(
    verdict(podOf('p', { cpu: '1' }), snapshot),
    '0/3 nodes are available: 1 Insufficient cpu, 1 node(s) had untolerated taint(s), 1 node(s) were unschedulable.',
  );
  assert.equal(verdict(podOf('p'), snapshotOf([])), 'no nodes available to schedule pods');
});

test('place() says of nodes that a pod cannot mean which plugin left them out', () => {
  const term = { matchFields: [{ key: 'metadata.name', operator: 'In' as const, values: ['b'] }] };
  const spec = {
    affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [term] } } },
  };
  const snapshot = snapshotOf([nodeOf('a'), nodeOf('b'), nodeOf('c')]);
  assert.equal(verdict(podOf('p', { spec }), snapshot), 'b');
  assert.equal(
    verdict(podOf('p', { spec, cpu: '5' }), snapshot),
    "0/3 nodes are available: 1 Insufficient cpu, 2 node(s) didn't satisfy plugin(s) [NodeAffinity].",
  );
});

test('place() gives a pod the node it was promised, though others are emptier', () => {
  const snapshot = snapshotOf([nodeOf('a'), nodeOf('b')], { a: [podOf('x', { cpu: '2' })] });
  assert.equal(put(podOf('p', { status: { nominatedNodeName: 'a' } }), snapshot).node, 'a');
});

test('a pod that is on its way to a node keeps others away as if it were there, and no longer when it goes elsewhere', () => {
  const snapshot = snapshotOf([nodeOf('a')]);
  const alone = podOf('alone', {
    labels: { app: 'alone' },
    spec: {
      priority: 10,
      affinity: {
        podAntiAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: [
            { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: { app: 'noisy' } } },
          ],
        },
      },
    },
  });
  const noisy = podOf('noisy', { labels: { app: 'noisy' } });
  snapshot.nominate(alone, 'a');
  assert.equal(put(noisy, snapshot).node, undefined);
  assert.equal(put(podOf('other'), snapshot).node, 'a');
  snapshot.unnominate('default/alone');
  assert.equal(put(noisy, snapshot).node, 'a');
});

test('place() keeps a promised room from pods that are less important, not from more important ones', () => {
  const snapshot = snapshotOf([nodeOf('a')]);
  snapshot.nominate(podOf('promised', { cpu: '3', spec: { priority: 10 } }), 'a');
  assert.equal(
    verdict(podOf('low', { cpu: '2', spec: { priority: 5 } }), snapshot),
    '0/1 nodes are available: 1 Insufficient cpu.',
  );
  assert.equal(verdict(podOf('high', { cpu: '2', spec: { priority: 20 } }), snapshot), 'a');
});

test('place() begins its search where it is told to', () => {
  const nodes = Array.from({ length: 300 }, (_, i) => nodeOf(`n${i}`));
  const found = [0, 150, 299].map((start) => put2(start));
  for (const { node } of found) assert.ok(node !== undefined);
  assert.deepEqual(
    found.map(({ looked }) => looked),
    [144, 144, 144],
  );

  function put2(start: number) {
    return place(podOf('p'), snapshotOf(nodes), defaultProfile, { random: seededRandom(1), start });
  }
});

test('enoughNodes() looks at all of a small cluster, at a tenth of a large one, at what the profile says', () => {
  assert.deepEqual(
    [10, 100, 1000, 5000, 20_000].map((count) => enoughNodes(count)),
    [10, 100, 420, 500, 1000],
  );
  assert.deepEqual([enoughNodes(1000, 20), enoughNodes(1000, 100)], [200, 1000]);
});

test('chooseMax() breaks ties evenly', () => {
  const random = seededRandom(7);
  const counts = [0, 0, 0, 0];
  for (let i = 0; i < 3000; i++) counts[chooseMax(Float64Array.of(5, 9, 9, 9), random)]! += 1;
  assert.equal(counts[0], 0);
  for (const count of counts.slice(1)) assert.ok(Math.abs(count - 1000) < 120, String(counts));
});

test('place() tells who watches what it is at, and how often each plugin was asked', () => {
  const snapshot = snapshotOf([nodeOf('a'), nodeOf('b'), nodeOf('c', { allocatable: { cpu: '50m' } })]);
  const told: string[] = [];
  const watch = {
    passed: (point: string, status = 'Success') => void told.push(`${point} ${status}`),
    evaluated: (plugin: string, point: string, times: number) =>
      void (plugin === 'NodeResourcesFit' && told.push(`${plugin} ${point} ${times}`)),
  };
  const memory = new Memory();
  const placed = (name: string) => {
    const found = place(podOf(name), snapshot, defaultProfile, { random: seededRandom(1), memory, watch });
    snapshot.place(podOf(name), found.node ?? '');
    return told.splice(0);
  };
  const through = (filtered: number, scored: number): readonly string[] => [
    'PreFilter Success',
    'Filter Success',
    'NodeResourcesFit PreFilter 1',
    `NodeResourcesFit Filter ${filtered}`,
    'PreScore Success',
    'Score Success',
    `NodeResourcesFit Score ${scored}`,
  ];
  assert.deepEqual(placed('first'), through(3, 2));
  assert.deepEqual(placed('second'), through(1, 1), 'one node has changed since, the others are known');
});

test('place() knows of every change since the last decision, however many there were', () => {
  for (const changes of [0, 1, 1022, 1023, 1024, 1025, 5000]) {
    const [full, other] = [nodeOf('full'), nodeOf('other')];
    const [snapshot, memory] = [snapshotOf([full, other]), new Memory()];
    const placed = (seed: number): string | undefined =>
      place(podOf('p'), snapshot, defaultProfile, { random: seededRandom(seed), memory }).node;
    placed(0);
    snapshot.setNode({ ...full, spec: { unschedulable: true } });
    for (let i = 0; i < changes; i++) snapshot.setNode(other);
    for (let seed = 0; seed < 8; seed++) assert.equal(placed(seed), 'other', `after ${changes} more`);
  }
});
