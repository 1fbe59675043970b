import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Node, Pod } from '@navarch/api';
import { seededRandom } from '@navarch/base';
import { defaultProfile } from '../profile.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import { nodeOf, podOf, put, snapshotOf } from '../testing/builders.ts';
import { CandidateMemory } from './candidate-memory.ts';
import { preempt } from './preemption.ts';
import type { Budget } from './budget.ts';

const victim = (name: string, priority: number, more: Parameters<typeof podOf>[1] = {}): Pod =>
  podOf(name, { cpu: '1', ...more, spec: { priority, ...more.spec } });
const budget = (name: string, app: string, disruptionsAllowed: number): Budget =>
  ({
    metadata: { name, namespace: 'default' },
    spec: { selector: { matchLabels: { app } } },
    status: { disruptionsAllowed },
  }) as unknown as Budget;

/** `node: victims`, or the message. */
function outcome(
  pod: Pod,
  snapshot: Snapshot,
  budgets: readonly Budget[] = [],
  seed = 1,
  memory = new CandidateMemory(),
): string {
  const unfit = put(pod, snapshot);
  assert.ok(unfit.node === undefined, 'the pod fits without preemption');
  const found = preempt({ pod, unfit, snapshot, profile: defaultProfile, budgets, memory, random: seededRandom(seed) });
  return found.node === undefined
    ? found.message
    : `${found.node}: ${found.victims
        .map(({ metadata }) => metadata.name)
        .sort()
        .join(' ')}`;
}

const two = (name: string): Node => nodeOf(name, { allocatable: { cpu: '2' } });
const high = (cpu = '1', spec: Partial<Pod['spec']> = {}): Pod =>
  podOf('high', { cpu, spec: { priority: 100, ...spec } });

test('preempt() sends away as few and as unimportant pods as make room', () => {
  assert.equal(outcome(high(), snapshotOf([two('a')], { a: [victim('x', 1), victim('y', 2)] })), 'a: x');
  assert.equal(outcome(high('2'), snapshotOf([two('a')], { a: [victim('x', 1), victim('y', 2)] })), 'a: x y');
  assert.equal(
    outcome(
      high(),
      snapshotOf([two('a')], {
        a: [
          victim('x', 1, { status: { startTime: '2026-01-01T00:00:00Z' } }),
          victim('y', 1, { status: { startTime: '2026-01-02T00:00:00Z' } }),
        ],
      }),
    ),
    'a: y',
  );
});

test('preempt() chooses the node by budgets, then the most important victim, then their sum, their number, their age', () => {
  const labelled = (name: string, priority: number, app: string) => victim(name, priority, { labels: { app } });
  const aged = (name: string, startTime: string) => victim(name, 1, { cpu: '2', status: { startTime } });
  const rows: readonly (readonly [Record<string, readonly Pod[]>, readonly Budget[], string])[] = [
    [
      { a: [labelled('x', 1, 'kept'), labelled('w', 1, 'kept')], b: [victim('y', 50, { cpu: '2' })] },
      [budget('pdb', 'kept', 0)],
      'b: y',
    ],
    [{ a: [victim('x', 9, { cpu: '2' })], b: [victim('y', 5, { cpu: '2' })] }, [], 'b: y'],
    [{ a: [victim('x', 5), victim('w', 4)], b: [victim('y', 5), victim('z', 3)] }, [], 'b: y z'],
    [{ a: [victim('x', 5), victim('w', 5)], b: [victim('y', 5, { cpu: '2' })] }, [], 'b: y'],
    [{ a: [aged('x', '2026-01-01T00:00:00Z')], b: [aged('y', '2026-01-05T00:00:00Z')] }, [], 'b: y'],
  ];
  for (const [placed, budgets, expected] of rows)
    assert.equal(outcome(high('2'), snapshotOf([two('a'), two('b')], placed), budgets), expected);
});

test('preempt() spares pods under a budget while others will do, and takes them where nothing else will', () => {
  const placed = { a: [victim('kept', 1, { labels: { app: 'kept' } }), victim('other', 2)] };
  assert.equal(outcome(high(), snapshotOf([two('a')], placed), [budget('pdb', 'kept', 0)]), 'a: other');
  assert.equal(outcome(high(), snapshotOf([two('a')], placed), [budget('pdb', 'kept', 1)]), 'a: kept');
  assert.equal(outcome(high('2'), snapshotOf([two('a')], placed), [budget('pdb', 'kept', 0)]), 'a: kept other');
});

test('preempt() looks again at pods that have other labels by now', () => {
  const [memory, budgets] = [new CandidateMemory(), [budget('pdb', 'kept', 0)]];
  const labelled = (name: string, app: string) => victim(name, 1, { cpu: '2', labels: { app } });
  const snapshot = snapshotOf([two('a'), two('b')], { a: [labelled('x', 'kept')], b: [labelled('y', 'free')] });
  assert.equal(outcome(high('2'), snapshot, budgets, 1, memory), 'b: y');
  snapshot.place(labelled('x', 'free'), 'a');
  snapshot.place(labelled('y', 'kept'), 'b');
  assert.equal(outcome(high('2'), snapshot, budgets, 1, memory), 'a: x');
});

test('preempt() takes a budget without a selector for one that speaks for no pod', () => {
  const placed = { a: [victim('kept', 1, { labels: { app: 'kept' } }), victim('other', 2)] };
  const all = { ...budget('pdb', 'kept', 0), spec: { selector: {} } };
  assert.equal(outcome(high(), snapshotOf([two('a')], placed), [all]), 'a: kept');
});

test('preempt() leaves the room to pods at least as important that it was promised to', () => {
  const snapshot = snapshotOf([two('a'), two('b')], {
    a: [victim('x', 1, { cpu: '2' })],
    b: [victim('y', 2, { cpu: '2' })],
  });
  snapshot.nominate(podOf('first', { cpu: '2', spec: { priority: 100 } }), 'a');
  assert.equal(outcome(high('2'), snapshot), 'b: y');
});

test('preempt() looks on while every node it found would break a budget', () => {
  const names = Array.from({ length: 120 }, (_, i) => `n${i}`);
  const placed = Object.fromEntries(
    names.map((name, i) => [
      name,
      [victim(`v-${name}`, 1, { cpu: '2', labels: { app: i === 119 ? 'free' : 'kept' } })],
    ]),
  );
  for (const seed of [1, 2, 3]) {
    const snapshot = snapshotOf(names.map(two), placed);
    assert.equal(outcome(high('2'), snapshot, [budget('pdb', 'kept', 0)], seed), 'n119: v-n119');
  }
});

test('preempt() goes on with whom a leader before it told, where nothing else tells candidates apart', () => {
  const conditions = [{ type: 'DisruptionTarget', status: 'True', reason: 'PreemptionByScheduler' }];
  const told = victim('told', 1, { cpu: '2', status: { conditions } });
  const nodes = ['a', 'b', 'c'].map(two);
  const placed = { a: [victim('x', 1, { cpu: '2' })], b: [told], c: [victim('z', 1, { cpu: '2' })] };
  for (let seed = 0; seed < 10; seed++) assert.equal(outcome(high(), snapshotOf(nodes, placed), [], seed), 'b: told');
});

test('preempt() says why it helps nowhere', () => {
  const full = { a: [victim('x', 200), victim('y', 100)], b: [victim('z', 100, { cpu: '2' })] };
  assert.equal(
    outcome(high(), snapshotOf([two('a'), two('b')], full)),
    'preemption: 0/2 nodes are available: 2 No preemption victims found for incoming pod.',
  );
  assert.equal(
    outcome(high('3'), snapshotOf([two('a'), two('b')], { a: [victim('x', 1)] })),
    'preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.',
  );
  assert.equal(
    outcome(high('1', { preemptionPolicy: 'Never' }), snapshotOf([two('a')], { a: [victim('x', 1, { cpu: '2' })] })),
    'preemption: not eligible due to preemptionPolicy=Never.',
  );
  const leavingFor = (reason: string): Pod =>
    victim('x', 1, {
      cpu: '2',
      metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' },
      status: { conditions: [{ type: 'DisruptionTarget', status: 'True', reason }] },
    });
  const promised = podOf('high', { cpu: '1', spec: { priority: 100 }, status: { nominatedNodeName: 'a' } });
  assert.equal(
    outcome(promised, snapshotOf([two('a')], { a: [leavingFor('PreemptionByScheduler')] })),
    'preemption: not eligible due to a terminating pod on the nominated node.',
  );
  // It goes for a reason of its own; or there is nothing to wait for where it was promised.
  assert.equal(outcome(promised, snapshotOf([two('a')], { a: [leavingFor('EvictionByEvictionAPI')] })), 'a: x');
  const cordoned = nodeOf('a', { spec: { unschedulable: true } });
  assert.equal(
    outcome(
      promised,
      snapshotOf([cordoned, two('b')], { a: [leavingFor('PreemptionByScheduler')], b: [victim('y', 1, { cpu: '2' })] }),
    ),
    'b: y',
  );
});

test("preempt() frees a pod from another's anti-affinity and from a skew", () => {
  const lonely = {
    affinity: {
      podAntiAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: [
          { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: { app: 'web' } } },
        ],
      },
    },
  };
  const web = podOf('high', { labels: { app: 'web' }, spec: { priority: 100 } });
  assert.equal(
    outcome(web, snapshotOf([two('a')], { a: [victim('lonely', 1, { spec: lonely }), victim('bystander', 1)] })),
    'a: lonely',
  );
  const spread = {
    priority: 100,
    topologySpreadConstraints: [
      {
        maxSkew: 1,
        topologyKey: 'kubernetes.io/hostname',
        whenUnsatisfiable: 'DoNotSchedule' as const,
        labelSelector: { matchLabels: { app: 'web' } },
      },
    ],
  };
  const spreading = podOf('high', { cpu: '1', labels: { app: 'web' }, spec: spread });
  const placed = { a: [victim('w', 1, { labels: { app: 'web' } })], b: [victim('full', 200, { cpu: '2' })] };
  assert.equal(outcome(spreading, snapshotOf([two('a'), two('b')], placed)), 'a: w');
});
