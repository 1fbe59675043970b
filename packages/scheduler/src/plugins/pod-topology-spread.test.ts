import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Pod, replicaSet, service, type TopologySpreadConstraint } from '@navarch/api';
import { nodeOf, objectsOf, podOf, profileOf, put, snapshotOf, verdict } from '../testing/builders.ts';
import { podTopologySpread } from './pod-topology-spread.ts';

const ZONE = 'topology.kubernetes.io/zone';
const zoned = (name: string, zone: string, more: Parameters<typeof nodeOf>[1] = {}) =>
  nodeOf(name, { ...more, labels: { [ZONE]: zone, ...more.labels } });
const nodes = [zoned('a1', 'a'), zoned('a2', 'a'), zoned('b1', 'b')];
const web = (name: string, spec: Partial<Pod['spec']> = {}, metadata: Partial<Pod['metadata']> = {}) =>
  podOf(name, { labels: { app: 'web' }, spec, metadata });
const constraint = (more: Partial<TopologySpreadConstraint> = {}): TopologySpreadConstraint => ({
  maxSkew: 1,
  topologyKey: ZONE,
  whenUnsatisfiable: 'DoNotSchedule',
  labelSelector: { matchLabels: { app: 'web' } },
  ...more,
});
const spread = (...topologySpreadConstraints: readonly TopologySpreadConstraint[]) => ({ topologySpreadConstraints });
const profile = profileOf(podTopologySpread);
const many = (count: number, prefix: string): readonly Pod[] =>
  Array.from({ length: count }, (_, i) => web(`${prefix}${i}`));

test('podTopologySpread keeps the skew between domains within its bound', () => {
  assert.equal(put(web('p', spread(constraint())), snapshotOf(nodes, { a1: many(1, 'w') }), profile).node, 'b1');
  assert.equal(
    verdict(
      web('p', { ...spread(constraint()), nodeSelector: { 'kubernetes.io/hostname': 'a2' } }),
      snapshotOf(nodes, { a1: many(1, 'w') }),
    ),
    'a2',
    'zone b cannot be used: it does not count',
  );
  const ignoring = spread(constraint({ nodeAffinityPolicy: 'Ignore' }));
  assert.equal(
    verdict(
      web('p', { ...ignoring, nodeSelector: { 'kubernetes.io/hostname': 'a2' } }),
      snapshotOf(nodes, { a1: many(1, 'w') }),
    ),
    "0/3 nodes are available: 1 node(s) didn't match pod topology spread constraints, 2 node(s) didn't match Pod's node affinity/selector.",
  );
});

test('podTopologySpread leaves out nodes without the label, and says so', () => {
  const snapshot = snapshotOf([nodeOf('bare')]);
  assert.equal(
    verdict(web('p', spread(constraint())), snapshot),
    "0/1 nodes are available: 1 node(s) didn't match pod topology spread constraints (missing required label).",
  );
});

test('podTopologySpread takes the least as 0 while there are fewer domains than it wants', () => {
  const both = { a1: many(1, 'w'), b1: many(1, 'v') };
  assert.ok(put(web('p', spread(constraint({ minDomains: 2 }))), snapshotOf(nodes, both), profile).node);
  assert.equal(put(web('p', spread(constraint({ minDomains: 3 }))), snapshotOf(nodes, both), profile).node, undefined);
});

test('podTopologySpread counts tainted nodes unless it honours taints', () => {
  const tainted = [zoned('a1', 'a'), zoned('b1', 'b', { spec: { taints: [{ key: 't', effect: 'NoSchedule' }] } })];
  const placed = { a1: many(1, 'w') };
  assert.equal(
    verdict(web('p', spread(constraint())), snapshotOf(tainted, placed)),
    "0/2 nodes are available: 1 node(s) didn't match pod topology spread constraints, 1 node(s) had untolerated taint(s).",
  );
  assert.equal(verdict(web('p', spread(constraint({ nodeTaintsPolicy: 'Honor' }))), snapshotOf(tainted, placed)), 'a1');
});

test('podTopologySpread counts neither pods on their way out nor other namespaces nor other versions', () => {
  const leaving = web('w', {}, { deletionTimestamp: '2026-01-01T00:00:00Z' });
  const one = spread(
    constraint({ topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: { app: 'web' } } }),
  );
  const only = [zoned('a1', 'a'), zoned('b1', 'b')];
  assert.equal(
    put(
      web('p', one),
      snapshotOf(only, { a1: [leaving, podOf('x', { namespace: 'n', labels: { app: 'web' } })], b1: many(1, 'v') }),
      profile,
    ).node,
    'a1',
  );
  const keyed = spread(constraint({ matchLabelKeys: ['version'] }));
  const versioned = (name: string, version: string, spec: Partial<Pod['spec']> = {}) =>
    podOf(name, { labels: { app: 'web', version }, spec });
  assert.equal(
    put(
      versioned('p', '2', keyed),
      snapshotOf(only, { a1: [versioned('w', '1'), versioned('w2', '1')], b1: [versioned('v', '2')] }),
      profile,
    ).node,
    'a1',
  );
});

test('podTopologySpread prefers the emptiest domain where it may not insist', () => {
  const soft = spread(constraint({ whenUnsatisfiable: 'ScheduleAnyway' }));
  assert.equal(put(web('p', soft), snapshotOf(nodes, { a1: many(2, 'w') }), profile).node, 'b1');
  assert.equal(
    put(web('p', soft), snapshotOf([...nodes, nodeOf('bare')], { a1: many(2, 'w'), b1: many(1, 'v') }), profile).node,
    'b1',
    'a node without the label is the worst',
  );
});

test('podTopologySpread spreads pods of a service or controller by default, and no others', () => {
  const services = objectsOf([
    service,
    [{ metadata: { name: 's', namespace: 'default' }, spec: { selector: { app: 'web' } } }],
  ]);
  const placed = { a1: many(2, 'w'), a2: many(2, 'x') };
  assert.equal(put(web('p'), snapshotOf(nodes, placed, services), profile).node, 'b1');
  const sets = objectsOf([
    replicaSet,
    [{ metadata: { name: 'r', namespace: 'default' }, spec: { selector: { matchLabels: { app: 'web' } } } }],
  ]);
  const owner = {
    ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'r', uid: 'u', controller: true }],
  };
  assert.equal(put(web('p', {}, owner), snapshotOf(nodes, placed, sets), profile).node, 'b1');
  const chosen = new Set(
    Array.from({ length: 30 }, (_, i) => put(web('p'), snapshotOf(nodes, placed), profile, i + 1).node),
  );
  assert.equal(chosen.size, 3, 'a pod of its own goes anywhere');
});
