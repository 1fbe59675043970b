import assert from 'node:assert/strict';
import { test } from 'node:test';
import { node as nodeKind, type Node, type Pod, pod as podKind } from '@navarch/api';
import { seededRandom } from '@navarch/base';
import { type ApiObject, equalJson, keyOf } from '@navarch/machinery';
import fc from 'fast-check';
import { place } from '../place.ts';
import { defaultProfile } from '../profile.ts';
import { applyFix, type Objects, objectsById } from '../testing/apply-fix.ts';
import { nodeOf, objectsOf, podOf } from '../testing/builders.ts';
import { explain } from './explain.ts';
import { Judge } from './judge.ts';
import { WhatIf } from './what-if.ts';

const ZONE = 'topology.kubernetes.io/zone';
const HOST = 'kubernetes.io/hostname';
const maybe = <T>(arbitrary: fc.Arbitrary<T>, freq = 3): fc.Arbitrary<T | undefined> =>
  fc.option(arbitrary, { nil: undefined, freq });
const app = fc.constantFrom('web', 'cache', 'database');
const key = fc.constantFrom(ZONE, HOST);
const operator = fc.constantFrom('In', 'NotIn', 'Exists', 'DoesNotExist');

const aNode = fc.record({
  zone: maybe(fc.constantFrom('eu-west-1a', 'eu-west-1b'), 6),
  disk: maybe(fc.constantFrom('ssd', 'spinning')),
  cpu: fc.constantFrom('1', '2', '4'),
  pods: fc.constantFrom('3', '10'),
  taint: maybe(fc.constantFrom('dedicated', 'node.kubernetes.io/not-ready')),
  effect: fc.constantFrom('NoSchedule' as const, 'NoExecute' as const, 'PreferNoSchedule' as const),
  isCordoned: fc.boolean(),
});

const aPod = fc.record({
  app,
  cpu: fc.constantFrom('100m', '500m', '1', '3'),
  port: maybe(fc.constantFrom(80, 443)),
  away: maybe(fc.record({ app, key })),
  near: maybe(fc.record({ app: fc.constantFrom('web', 'cahce', 'nobody'), key })),
  spread: maybe(fc.record({ key, maxSkew: fc.integer({ min: 1, max: 2 }) })),
  selector: maybe(
    fc.constantFrom(['disk', 'ssd'], ['disk', 'sdd'], ['dsik', 'ssd'], [ZONE, 'eu-wst-1a'], [HOST, 'n9']),
  ),
  terms: maybe(
    fc.array(fc.record({ key: fc.constantFrom('disk', ZONE), operator, value: fc.constantFrom('ssd', 'eu-west-1b') }), {
      minLength: 1,
      maxLength: 2,
    }),
  ),
  tolerates: maybe(fc.constantFrom('dedicated', 'dedicatd')),
  isGated: fc.boolean(),
  priority: fc.constantFrom(0, 10),
  preempts: fc.boolean(),
  isLeaving: fc.boolean(),
  /** It waits as well, and was promised its node. */
  isPromised: fc.oneof({ weight: 3, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
});
type Shape = typeof aPod extends fc.Arbitrary<infer T> ? T : never;

const REQUIRED = 'requiredDuringSchedulingIgnoredDuringExecution';
const termOf = ({ app: value, key: topologyKey }: { readonly app: string; readonly key: string }) => ({
  [REQUIRED]: [{ topologyKey, labelSelector: { matchLabels: { app: value } } }],
});

function podFrom(name: string, s: Shape, more: Partial<Pod['spec']> = {}): Pod {
  const affinity = {
    ...(s.near ? { podAffinity: termOf(s.near) } : {}),
    ...(s.away ? { podAntiAffinity: termOf(s.away) } : {}),
    ...(s.terms
      ? {
          nodeAffinity: {
            [REQUIRED]: {
              nodeSelectorTerms: s.terms.map((term) => ({
                matchExpressions: [
                  { key: term.key, operator: term.operator, values: term.operator.endsWith('In') ? [term.value] : [] },
                ],
              })),
            },
          },
        }
      : {}),
  };
  const container = {
    name: 'c',
    image: 'i',
    resources: { requests: { cpu: s.cpu } },
    ...(s.port ? { ports: [{ containerPort: 80, hostPort: s.port }] } : {}),
  };
  const spec = {
    containers: [container],
    affinity,
    priority: s.priority,
    preemptionPolicy: s.preempts ? 'PreemptLowerPriority' : 'Never',
    ...(s.selector ? { nodeSelector: { [s.selector[0] ?? '']: s.selector[1] ?? '' } } : {}),
    ...(s.tolerates ? { tolerations: [{ key: s.tolerates, operator: 'Exists' }] } : {}),
    ...(s.spread
      ? {
          topologySpreadConstraints: [
            {
              topologyKey: s.spread.key,
              maxSkew: s.spread.maxSkew,
              whenUnsatisfiable: 'DoNotSchedule',
              labelSelector: { matchLabels: { app: s.app } },
            },
          ],
        }
      : {}),
    ...(s.isGated ? { schedulingGates: [{ name: 'example.com/wait' }] } : {}),
    ...more,
  };
  return podOf(name, { labels: { app: s.app }, spec: spec as unknown as Partial<Pod['spec']> });
}

const aWorld = fc.record({
  nodes: fc.array(aNode, { minLength: 1, maxLength: 5 }),
  placed: fc.array(fc.record({ pod: aPod, at: fc.nat(4) }), { maxLength: 8 }),
  waiting: aPod,
});

const nodeFrom = (s: typeof aNode extends fc.Arbitrary<infer T> ? T : never, i: number): Node => ({
  ...nodeOf(`n${i}`, {
    labels: { ...(s.zone ? { [ZONE]: s.zone } : {}), ...(s.disk ? { disk: s.disk } : {}) },
    allocatable: { cpu: s.cpu, pods: s.pods },
    spec: { unschedulable: s.isCordoned, ...(s.taint ? { taints: [{ key: s.taint, effect: s.effect }] } : {}) },
  }),
});

const LEAVING = { deletionTimestamp: '2026-01-01T00:00:00Z' };

/** As a program would rebuild the cluster from its objects, with nothing of what the explanation thought of. */
function rebuilt(objects: Objects): { readonly whatIf: WhatIf; readonly pod: Pod | undefined } {
  const of = (kind: string): readonly ApiObject[] =>
    [...objects].filter(([id]) => id.startsWith(kind)).map(([, o]) => o);
  const pods = of('Pod ');
  const whatIf = WhatIf.of(objectsOf([nodeKind, of('Node ')], [podKind, pods]));
  return { whatIf, pod: pods.find(({ metadata }) => metadata.name === 'waiting') as Pod | undefined };
}

/** What comes about by itself: pods on their way out end that are waited for. */
function ended(objects: Objects, summary: string): Objects {
  const waits = summary.matchAll(/wait until pods? (.*?) ha(?:s|ve) ended/g);
  const names = [...waits].flatMap(([, awaited = '']) => awaited.split(', '));
  return new Map([...objects].filter(([, object]) => !names.includes(keyOf(object))));
}

test('explain() tells no fix that does not make the pod fit on the node it names', () => {
  let told = 0;
  const sorts = new Set<string>();
  fc.assert(
    fc.property(aWorld, ({ nodes, placed, waiting }) => {
      const pods = placed.map(({ pod, at }, i) => {
        const nodeName = `n${at % nodes.length}`;
        const bound = podFrom(`p${i}`, { ...pod, isGated: false }, pod.isPromised ? {} : { nodeName });
        if (pod.isPromised) return { ...bound, status: { ...bound.status, nominatedNodeName: nodeName } };
        return pod.isLeaving ? { ...bound, metadata: { ...bound.metadata, ...LEAVING } } : bound;
      });
      const objects = objectsById([
        ...nodes.map(nodeFrom),
        ...pods,
        podFrom('waiting', waiting),
      ] as unknown as readonly ApiObject[]);
      const { whatIf, pod } = rebuilt(objects);
      assert.ok(pod);
      const before = shown(whatIf);
      const answer = explain(pod, whatIf, [defaultProfile]);
      assert.deepEqual(shown(whatIf), before, 'the cluster is as it was');
      assert.ok(equalJson(explain(pod, whatIf, [defaultProfile]), answer), 'asked again it says the same');
      const placement = place(pod, whatIf.snapshot, defaultProfile, { random: seededRandom(1) });
      const isPlaced = placement.node !== undefined;
      if (answer.state !== 'Gated')
        assert.equal(
          answer.nodes.some(({ fits }) => fits),
          isPlaced,
        );
      if (isPlaced && answer.state === 'Fits') {
        const best = answer.nodes.filter(({ total }) => total === answer.nodes[0]?.total).map(({ name }) => name);
        assert.ok(best.includes(placement.node), 'the scheduler takes one of those with the highest score');
      }
      for (const fix of answer.fixes) {
        told += 1;
        for (const part of fix.summary.split('; ')) sorts.add(part.split(' ').slice(0, 3).join(' '));
        const then = rebuilt(ended(applyFix(fix, objects), fix.summary));
        assert.ok(then.pod, fix.summary);
        const node = then.whatIf.snapshot.node(fix.node);
        assert.ok(node);
        assert.ok(new Judge(then.pod, then.whatIf.snapshot, defaultProfile).accepts(node), fix.summary);
        assert.ok(place(then.pod, then.whatIf.snapshot, defaultProfile, { random: seededRandom(1) }).node, fix.summary);
      }
    }),
    { numRuns: 400, seed: 7 },
  );
  assert.ok(told > 400, `${told} fixes were told`);
  assert.ok(sorts.size > 10, [...sorts].join(', '));
});

/** Where pods are, and what nodes are like. */
const shown = ({ snapshot }: WhatIf): unknown =>
  snapshot.nodes.map(({ node, pods, requested, ports }) => [
    node,
    [...pods.values()].map(({ pod }) => keyOf(pod)).sort(),
    [...requested].filter(([, amount]) => amount > 0).sort(),
    [...ports].sort(),
  ]);
