import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Hint, type Hints, mergeHints } from './hints.ts';
import { masksOf, nodesIn, sizeOfMask } from './node-mask.ts';
import { settleTopology, type TopologyPolicy } from './topology-policy.ts';
import { topologySettings, type TopologyTexts } from './topology-settings.ts';

const all = 0b11;
const yes = (nodes: number | undefined): Hint => ({ nodes, isPreferred: true });
const no = (nodes: number | undefined): Hint => ({ nodes, isPreferred: false });
const settled = (policy: TopologyPolicy, ...providers: readonly Hints[]): readonly [number | undefined, boolean] => {
  const { hint, isAdmitted } = settleTopology(policy, providers, { all });
  return [hint.nodes, isAdmitted];
};

test('settleTopology() gives the narrowest place that all can live with', () => {
  const cpu = { cpu: [yes(0b01), yes(0b10), no(0b11)] };
  assert.deepEqual(settled('best-effort', cpu, { gpu: [yes(0b10), no(0b11)] }), [0b10, true]);
  assert.deepEqual(settled('best-effort', cpu), [0b01, true]);
  assert.deepEqual(settled('best-effort', cpu, {}), [0b01, true]);
  assert.deepEqual(settled('best-effort', cpu, { nic: undefined }), [0b01, true]);
});

test('settleTopology() admits by its policy where there is no one place', () => {
  const apart: readonly Hints[] = [{ cpu: [yes(0b01), no(0b11)] }, { gpu: [yes(0b10), no(0b11)] }];
  assert.deepEqual(settled('none', ...apart), [undefined, true]);
  assert.deepEqual(settled('best-effort', ...apart), [0b01, true]);
  assert.deepEqual(settled('restricted', ...apart)[1], false);
  assert.deepEqual(settled('single-numa-node', ...apart)[1], false);
});

test('settleTopology() admits what needs two nodes and has them, but not where one is wanted', () => {
  const wide = { cpu: [yes(0b11)] };
  assert.deepEqual(settled('restricted', wide), [0b11, true]);
  assert.deepEqual(settled('single-numa-node', wide)[1], false);
});

test('settleTopology() admits nothing that nowhere has, but by best effort', () => {
  const gone = { gpu: [] };
  assert.deepEqual(settled('best-effort', gone)[1], true);
  assert.deepEqual(settled('restricted', gone)[1], false);
  assert.deepEqual(settled('single-numa-node', gone)[1], false);
});

test('mergeHints() prefers nodes that are close to each other where it is told how far they are', () => {
  const distances = [
    [10, 30, 20],
    [30, 10, 30],
    [20, 30, 10],
  ];
  const lists = [[yes(0b011), yes(0b101), yes(0b110)]];
  assert.equal(mergeHints(lists, { all: 0b111 }).nodes, 0b011);
  assert.equal(mergeHints(lists, { all: 0b111, distances }).nodes, 0b101);
});

const hint = fc.record({
  nodes: fc.option(fc.integer({ min: 1, max: 15 }), { nil: undefined }),
  isPreferred: fc.boolean(),
});

/** Every choice of one hint of each list, the way upstream describes it. */
function* choices(lists: readonly (readonly Hint[])[]): Generator<readonly Hint[]> {
  const [first, ...rest] = lists;
  if (!first) yield [];
  else for (const one of first) for (const others of choices(rest)) yield [one, ...others];
}

test('mergeHints() finds what looking at every combination finds: the narrowest of the preferred ones', () => {
  fc.assert(
    fc.property(fc.array(fc.array(hint, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 4 }), (lists) => {
      const merged = mergeHints(lists, { all: 15 });
      const outcomes = [...choices(lists)].map((chosen) => ({
        nodes: chosen.reduce((mask, { nodes = 15 }) => mask & nodes, 15),
        isPreferred: chosen.every(({ isPreferred }) => isPreferred),
      }));
      const preferred = outcomes.filter(({ nodes, isPreferred }) => isPreferred && nodes !== 0);
      assert.equal(merged.isPreferred, preferred.length > 0);
      if (preferred.length > 0)
        assert.equal(sizeOfMask(merged.nodes ?? 0), Math.min(...preferred.map(({ nodes }) => sizeOfMask(nodes))));
      else if (outcomes.some(({ nodes }) => nodes !== 0))
        assert.ok(outcomes.some(({ nodes }) => nodes === merged.nodes));
      else assert.equal(merged.nodes, 15);
    }),
  );
});

test('masksOf() is every set of some nodes, once, small ones first', () => {
  assert.deepEqual(masksOf([0, 2]).map(nodesIn), [[0], [2], [0, 2]]);
});

test('topologySettings() refuses in upstream’s words', () => {
  const table: readonly (readonly [TopologyTexts, string])[] = [
    [
      { topologyManagerPolicy: 'invalid-policy' },
      'invalid configuration: topologyManagerPolicy (--topology-manager-policy) "invalid-policy" must be one of: ["none" "best-effort" "restricted" "single-numa-node"]',
    ],
    [
      { topologyManagerScope: 'invalid-scope' },
      'invalid configuration: topologyManagerScope (--topology-manager-scope) "invalid-scope" must be one of: "container", or "pod"',
    ],
    [{ topologyManagerPolicyOptions: { x: 'true' } }, 'unknown Topology Manager Policy option: "x"'],
  ];
  for (const [texts, message] of table) assert.throws(() => topologySettings(texts), { name: 'SettingError', message });
  assert.throws(
    () => topologySettings({ topologyManagerPolicyOptions: { 'max-allowable-numa-nodes': '4' } }),
    /should not be less than 8/,
  );
});
