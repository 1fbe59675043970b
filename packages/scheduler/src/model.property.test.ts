import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  csiDriver,
  csiNode,
  csiStorageCapacity,
  namespace,
  type Node,
  persistentVolume,
  persistentVolumeClaim,
  type Pod,
  replicaSet,
  service,
  storageClass,
  volumeAttachment,
} from '@navarch/api';
import { seededRandom } from '@navarch/base';
import type { CacheReader } from '@navarch/client';
import { keyOf } from '@navarch/machinery';
import fc from 'fast-check';
import { Cycle } from './cycle.ts';
import { place } from './place.ts';
import type { Misfit, Profile } from './plugin.ts';
import { interPodAffinityBy } from './plugins/inter-pod-affinity.ts';
import { nodeResourcesFitBy } from './plugins/node-resources-fit.ts';
import { defaultProfile } from './profile.ts';
import type { NodeInfo } from './snapshot/node-info.ts';
import { Snapshot } from './snapshot/snapshot.ts';
import { objectsOf } from './testing/builders.ts';
import { Dice } from './testing/model/dice.ts';
import { answer, type Settings } from './testing/model/model.ts';
import type { Plain } from './testing/model/plain.ts';
import { randomNode, randomPod, resizing, surroundings } from './testing/model/random-cluster.ts';
import { Memory } from './verdicts.ts';

// `NAVARCH_SEEDS=10000 node --test FILE` takes as many clusters.
const RUNS = Number(process.env['NAVARCH_SEEDS'] || 60);
const STEPS_MAX = 10;
const LEAVING = '2026-01-01T00:00:00Z';

const cacheOf = (around: Plain): CacheReader =>
  objectsOf(
    [namespace, around.namespaces],
    [service, around.services],
    [replicaSet, around.replicaSets],
    [persistentVolumeClaim, around.claims],
    [persistentVolume, around.volumes],
    [storageClass, around.classes],
    [csiNode, around.csiNodes],
    [csiDriver, around.csiDrivers],
    [csiStorageCapacity, around.capacities],
    [volumeAttachment, around.attachments],
  );

function settingsFrom(dice: Dice): Settings {
  const resources = [
    { name: 'cpu', weight: 1 + dice.upTo(4) },
    { name: 'memory', weight: 1 },
    ...dice.some(2, () => ({ name: dice.pick(['ephemeral-storage', 'example.com/gpu']), weight: 3 })).slice(0, 1),
  ];
  const shape = [0, 30, 80].map((utilization) => ({ utilization, score: dice.upTo(10) }));
  return {
    hardPodAffinityWeight: dice.pick([0, 1, 50]),
    strategy: dice.pick([
      { type: 'LeastAllocated', resources, shape: [] },
      { type: 'MostAllocated', resources, shape: [] },
      { type: 'RequestedToCapacityRatio', resources, shape },
    ]),
  };
}

function profileOf({ strategy, hardPodAffinityWeight = 1 }: Settings): Profile {
  const changed = [
    interPodAffinityBy({ hardPodAffinityWeight }),
    ...(strategy
      ? [nodeResourcesFitBy({ scoringStrategy: { ...strategy, requestedToCapacityRatio: { shape: strategy.shape } } })]
      : []),
  ];
  const plugins = defaultProfile.plugins.map(({ plugin, weight }) => ({
    plugin: changed.find(({ name }) => name === plugin.name) ?? plugin,
    weight,
  }));
  return { ...defaultProfile, plugins };
}

/** A cluster on its way through a history: the scheduler's own state, and a plain copy. */
class History {
  readonly #dice: Dice;
  readonly #around: Plain;
  readonly #nodes = new Map<string, Node>();
  readonly #pods = new Map<string, Pod>();
  readonly #memory = new Memory();
  readonly #snapshot: Snapshot;
  readonly #settings: Settings;
  readonly #profile: Profile;
  #serial = 0;

  constructor(seed: number, nodeCount: number) {
    this.#dice = new Dice(seed);
    this.#settings = settingsFrom(this.#dice);
    this.#profile = profileOf(this.#settings);
    this.#around = surroundings(this.#dice, nodeCount);
    this.#snapshot = new Snapshot(cacheOf(this.#around));
    for (let i = 0; i < nodeCount; i++) this.#setNode(randomNode(this.#dice, i));
    for (let i = this.#dice.upTo(2 * nodeCount); i > 0; i--) this.#placeAnywhere();
  }

  step(): void {
    const dice = this.#dice;
    const [nodes, pods] = [[...this.#nodes.keys()], [...this.#pods.values()]];
    const node = dice.pick(nodes);
    const pod = pods.length > 0 ? dice.pick(pods) : undefined;
    switch (dice.upTo(7)) {
      case 0:
        return this.#setNode(randomNode(dice, Number(node.slice(1))));
      case 1:
        // Its pods wait for it, if it comes back.
        if (nodes.length === 1) return;
        this.#snapshot.removeNode(node);
        this.#nodes.delete(node);
        return;
      case 2:
        if (!pod) return;
        this.#snapshot.unplace(pod);
        this.#pods.delete(keyOf(pod));
        return;
      case 3:
        if (pod) this.#put({ ...pod, metadata: { ...pod.metadata, deletionTimestamp: LEAVING } });
        return;
      case 4:
        if (pod) this.#put(resizing(dice, pod));
        return;
      case 5:
        if (pod) this.#put({ ...pod, metadata: { ...pod.metadata, labels: randomPod(dice, 0).metadata.labels ?? {} } });
        return;
      default:
        return this.#placeAnywhere();
    }
  }

  /** A pod or several of a kind want a node, and take it. */
  ask(): void {
    const pod = randomPod(this.#dice, this.#serial++);
    for (let copies = 1 + this.#dice.upTo(2); copies > 0; copies--) {
      const name = `p${this.#serial++}`;
      const found = this.#askOf({ ...pod, metadata: { ...pod.metadata, name, uid: name } });
      if (found)
        this.#put({ ...pod, metadata: { ...pod.metadata, name, uid: name }, spec: { ...pod.spec, nodeName: found } });
    }
  }

  /** What the scheduler says must be what the model says, plugin by plugin, whatever it remembers. Where the pod would be. */
  #askOf(pod: Pod): string | undefined {
    const plain = { ...this.#around, nodes: [...this.#nodes.values()], pods: [...this.#pods.values()] };
    const expected = answer(pod, plain, this.#settings);
    const cycle = new Cycle(pod, this.#snapshot, this.#profile, { memory: this.#memory });
    const found = place(pod, this.#snapshot, this.#profile, { random: seededRandom(3), memory: this.#memory });
    assert.deepEqual(
      place(pod, this.#snapshot, this.#profile, { random: seededRandom(3) }),
      found,
      'what is remembered changes nothing',
    );
    assert.deepEqual(cycle.refusal()?.refusal, expected.refusal?.reasons.join(', '), 'why no node will do');
    if (expected.refusal) return found.node;
    assert.deepEqual(
      misfitsOf(cycle),
      Object.fromEntries([...expected.refusals].map(([name, refusal]) => [name, spoken(refusal)])),
      'why not there',
    );
    const feasible = cycle.nodes.filter((node) => cycle.fits(node));
    assert.deepEqual(feasible.map(({ name }) => name).sort(), [...expected.feasible].sort(), 'feasible nodes');
    this.#sameAsRebuilt(pod, cycle, feasible);
    if (feasible.length === 0) return found.node;
    for (const [plugin, scores] of expected.scores)
      assert.deepEqual(
        scoresBy({ profile: this.#profile, name: plugin }, pod, this.#snapshot, feasible),
        Object.fromEntries([...scores].sort()),
        plugin,
      );
    const best = Math.max(...expected.totals.values());
    assert.equal(expected.totals.get(found.node ?? ''), best, `${found.node} is none of the best`);
    return found.node;
  }

  /** What is kept up to date, and remembered, says what is made from nothing says. */
  #sameAsRebuilt(pod: Pod, kept: Cycle, feasible: readonly NodeInfo[]): void {
    const snapshot = new Snapshot(cacheOf(this.#around));
    for (const node of this.#nodes.values()) snapshot.setNode(node);
    for (const placed of this.#pods.values()) snapshot.place(placed, placed.spec.nodeName ?? '');
    const rebuilt = new Cycle(pod, snapshot, this.#profile, { memory: new Memory() });
    assert.deepEqual(misfitsOf(kept), misfitsOf(rebuilt), 'misfits as of a state that was built anew');
    const again = feasible.map(({ name }) => snapshot.node(name) as NodeInfo);
    assert.deepEqual(
      kept.totals(slotsOf(feasible)),
      rebuilt.totals(slotsOf(again)),
      'scores as of a state that was built anew',
    );
  }

  #setNode(node: Node): void {
    this.#snapshot.setNode(node);
    this.#nodes.set(node.metadata.name, node);
  }

  #placeAnywhere(): void {
    const pod = randomPod(this.#dice, this.#serial++);
    this.#put({ ...pod, spec: { ...pod.spec, nodeName: this.#dice.pick([...this.#nodes.keys()]) } });
  }

  #put(pod: Pod): void {
    this.#snapshot.place(pod, pod.spec.nodeName ?? '');
    this.#pods.set(keyOf(pod), pod);
  }
}

const misfitsOf = (cycle: Cycle): object =>
  Object.fromEntries(
    cycle.nodes.flatMap((node) => {
      const misfit = cycle.misfitOf(node);
      return misfit ? [[node.name, spoken(misfit)]] : [];
    }),
  );

/** Messages sort the reasons: their order is nobody's promise. */
const spoken = ({ reasons, isResolvable }: Misfit): object => ({ reasons: reasons.toSorted(), isResolvable });

const slotsOf = (nodes: readonly NodeInfo[]): Int32Array => Int32Array.from(nodes, ({ slot }) => slot);

/** One plugin's scores, normalized, by node. */
function scoresBy(
  { profile, name }: { profile: Profile; name: string },
  pod: Pod,
  snapshot: Snapshot,
  feasible: readonly NodeInfo[],
): object {
  const plugin = profile.plugins.find((each) => each.plugin.name === name)?.plugin;
  const weighed: unknown = plugin?.weigh?.(pod, snapshot, slotsOf(feasible));
  const scores = new Float64Array(feasible.length);
  const isIdle = !plugin || (plugin.weigh && weighed === undefined);
  if (!isIdle) {
    feasible.forEach((node, i) => (scores[i] = plugin.score?.(pod, node, weighed) ?? 0));
    plugin.normalize?.(scores);
  }
  return Object.fromEntries(feasible.map((node, i): [string, number] => [node.name, scores[i] as number]).sort());
}

test('the scheduler says of every node what the documentation says, after any history', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 2 ** 31 - 1 }),
      fc.integer({ min: 1, max: 60 }),
      fc.integer({ min: 1, max: STEPS_MAX }),
      (seed, nodeCount, steps) => {
        const history = new History(seed, nodeCount);
        for (let i = 0; i < steps; i++) {
          history.step();
          history.ask();
        }
      },
    ),
    { numRuns: RUNS },
  );
});
