import assert from 'node:assert/strict';
import { test } from 'node:test';
import { namespace, type Pod } from '@navarch/api';
import { nodeOf, objectsOf, podOf, profileOf, put, snapshotOf, verdict } from '../testing/builders.ts';
import { interPodAffinity } from './inter-pod-affinity.ts';

const ZONE = 'topology.kubernetes.io/zone';
const nodes = [
  nodeOf('a1', { labels: { [ZONE]: 'a' } }),
  nodeOf('a2', { labels: { [ZONE]: 'a' } }),
  nodeOf('b1', { labels: { [ZONE]: 'b' } }),
];
const term = (app: string, topologyKey = ZONE, more: object = {}) => ({
  topologyKey,
  labelSelector: { matchLabels: { app } },
  ...more,
});
const near = (...terms: readonly object[]) =>
  ({ affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: terms } } }) as Partial<Pod['spec']>;
const away = (...terms: readonly object[]) =>
  ({ affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: terms } } }) as Partial<
    Pod['spec']
  >;
const prefer = (which: 'podAffinity' | 'podAntiAffinity', weight: number, podAffinityTerm: object) =>
  ({
    affinity: { [which]: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight, podAffinityTerm }] } },
  }) as Partial<Pod['spec']>;
const web = (name: string, more: Parameters<typeof podOf>[1] = {}) => podOf(name, { labels: { app: 'web' }, ...more });
const profile = profileOf(interPodAffinity);
const feasible = (pod: Pod, placed: Parameters<typeof snapshotOf>[1], objects = objectsOf()) => {
  const snapshot = snapshotOf(nodes, placed, objects);
  return nodes
    .map(({ metadata }) => metadata.name)
    .filter((name) => {
      const narrowed = { ...pod, spec: { ...pod.spec, affinity: pod.spec.affinity } } as Pod;
      return (
        put(narrowed, snapshot, { ...profile, plugins: [{ plugin: only(name), weight: 0 }, ...profile.plugins] })
          .node === name
      );
    });
};
const only = (name: string) => ({
  name: 'Only',
  scope: 'cluster' as const,
  wakesOn: [],
  narrow: () => new Set([name]),
});

test('interPodAffinity keeps a pod to domains where a pod that all its terms select runs', () => {
  assert.deepEqual(feasible(podOf('p', { spec: near(term('web')) }), { a1: [web('w')] }), ['a1', 'a2']);
  assert.deepEqual(
    feasible(podOf('p', { spec: near(term('web'), term('db')) }), {
      a1: [web('w')],
      b1: [podOf('d', { labels: { app: 'db' } })],
    }),
    [],
  );
  assert.equal(
    verdict(podOf('p', { spec: near(term('web')) }), snapshotOf(nodes)),
    "0/3 nodes are available: 3 node(s) didn't match pod affinity rules.",
  );
});

test('interPodAffinity lets the first pod of a group that wants itself near begin anywhere with the label', () => {
  assert.deepEqual(feasible(web('p', { spec: near(term('web')) }), {}), ['a1', 'a2', 'b1']);
  assert.deepEqual(feasible(web('p', { spec: near(term('web', 'rack')) }), {}), []);
  assert.deepEqual(feasible(web('p', { spec: near(term('web')) }), { b1: [web('w')] }), ['b1']);
});

test('interPodAffinity keeps a pod away from pods it names, and from pods that name it', () => {
  assert.deepEqual(feasible(podOf('p', { spec: away(term('web')) }), { a1: [web('w')] }), ['b1']);
  assert.deepEqual(feasible(podOf('p', { spec: away(term('web', 'kubernetes.io/hostname')) }), { a1: [web('w')] }), [
    'a2',
    'b1',
  ]);
  assert.deepEqual(feasible(web('p'), { a1: [podOf('x', { spec: away(term('web')) })] }), ['b1']);
  const everywhere = { a1: [podOf('x', { spec: away(term('web')) })], b1: [podOf('y', { spec: away(term('web')) })] };
  assert.equal(
    verdict(web('p'), snapshotOf(nodes, everywhere)),
    "0/3 nodes are available: 3 node(s) didn't satisfy existing pods anti-affinity rules.",
  );
  assert.equal(
    verdict(podOf('p', { spec: away(term('web')) }), snapshotOf(nodes, { a1: [web('w')], b1: [web('v')] })),
    "0/3 nodes are available: 3 node(s) didn't match pod anti-affinity rules.",
  );
});

test('interPodAffinity looks into the namespaces that a term names, by name or by label, else into its own', () => {
  const spaces = objectsOf([
    namespace,
    [{ metadata: { name: 'other', labels: { team: 'x' } } }, { metadata: { name: 'default', labels: {} } }],
  ]);
  const placed = { a1: [web('w', { namespace: 'other' })] };
  const rows: readonly (readonly [object, readonly string[]])[] = [
    [{}, ['a1', 'a2', 'b1']],
    [{ namespaces: ['other'] }, ['b1']],
    [{ namespaceSelector: { matchLabels: { team: 'x' } } }, ['b1']],
    [{ namespaceSelector: { matchLabels: { team: 'y' } } }, ['a1', 'a2', 'b1']],
    [{ namespaceSelector: {} }, ['b1']],
  ];
  for (const [more, expected] of rows)
    assert.deepEqual(
      feasible(podOf('p', { spec: away(term('web', ZONE, more)) }), placed, spaces),
      expected,
      JSON.stringify(more),
    );
});

test("interPodAffinity adds to a term what the pod's own labels say (matchLabelKeys, mismatchLabelKeys)", () => {
  const versioned = (name: string, version: string, spec: Partial<Pod['spec']> = {}) =>
    podOf(name, { labels: { app: 'web', version }, spec });
  const placed = { a1: [versioned('w', '1')] };
  assert.deepEqual(feasible(versioned('p', '2', away(term('web', ZONE, { matchLabelKeys: ['version'] }))), placed), [
    'a1',
    'a2',
    'b1',
  ]);
  assert.deepEqual(feasible(versioned('p', '1', away(term('web', ZONE, { matchLabelKeys: ['version'] }))), placed), [
    'b1',
  ]);
  assert.deepEqual(feasible(versioned('p', '1', away(term('web', ZONE, { mismatchLabelKeys: ['version'] }))), placed), [
    'a1',
    'a2',
    'b1',
  ]);
});

test('interPodAffinity prefers by weight, by its own words and by those of running pods', () => {
  const rows: readonly (readonly [Pod, Parameters<typeof snapshotOf>[1], readonly string[]])[] = [
    [podOf('p', { spec: prefer('podAffinity', 5, term('web')) }), { b1: [web('w')] }, ['b1']],
    [podOf('p', { spec: prefer('podAntiAffinity', 5, term('web')) }), { a1: [web('w')] }, ['b1']],
    [web('p'), { b1: [podOf('x', { spec: prefer('podAffinity', 5, term('web')) })] }, ['b1']],
    [web('p'), { a1: [podOf('x', { spec: prefer('podAntiAffinity', 5, term('web')) })] }, ['b1']],
    [web('p'), { b1: [web('x', { spec: near(term('web')) })] }, ['b1']],
  ];
  for (const [pod, placed, expected] of rows)
    assert.ok(expected.includes(put(pod, snapshotOf(nodes, placed), profile).node ?? ''), JSON.stringify(pod.spec));
});

test('interPodAffinity counts anew after a pod has gone and after a node has moved to another zone', () => {
  const snapshot = snapshotOf(nodes, { a1: [web('w')] });
  const pod = podOf('p', { spec: near(term('web', ZONE)) });
  assert.notEqual(put(pod, snapshot, profile).node, 'b1');
  snapshot.setNode(nodeOf('a1', { labels: { [ZONE]: 'b' } }));
  assert.notEqual(put(pod, snapshot, profile).node, 'a2');
  snapshot.unplace(web('w'));
  assert.equal(put(pod, snapshot, profile).node, undefined);
});
