import assert from 'node:assert/strict';
import { isActive, lease, node, type Node, pod } from '@navarch/api';
import { nodeLifecycleController, taintEvictionController } from '@navarch/controllers';
import type { Api } from '@navarch/client';
import { type Draft, hasReason, type ObjectOf } from '@navarch/machinery';
import { conditionOf, names } from '../drafts.ts';
import { defineScenario, type Scenario } from '../scenario.ts';
import type { View } from '../view.ts';
import type { World } from '../world.ts';
import { addNode, makePod } from './objects.ts';

type Condition = NonNullable<Node['status']['conditions']>[number];

const RENEW_MS = 10_000;
const UNREACHABLE = ['node.kubernetes.io/unreachable:NoExecute', 'node.kubernetes.io/unreachable:NoSchedule'];

const taintsOf = (view: View, name: string): readonly string[] =>
  (view.get(node, name)?.spec.taints ?? []).map(({ key, effect }) => `${key}:${effect}`).toSorted();
const evictedFrom = (view: View): readonly Node[] =>
  view.list(node).filter(({ spec }) => spec.taints?.some(({ effect }) => effect === 'NoExecute'));

/** What a node says of itself: it is ready, and of whatever else is named. */
const say = (world: World, name: string, said: Readonly<Record<string, string>> = {}): Promise<Node> => {
  const now = new Date(world.clock.now()).toISOString().replace(/\.\d+/, '');
  const conditions = Object.entries({ Ready: 'True', ...said }).map(
    ([type, status]) => ({ type, status, lastHeartbeatTime: now, lastTransitionTime: now }) as Condition,
  );
  return world.setStatus(node, name, (n) => ({ ...n, status: { ...n.status, conditions } }));
};

async function renew(api: Api, name: string, renewTime: string): Promise<void> {
  try {
    await api.of(lease).update(`kube-node-lease/${name}`, (l) => ({ ...l, spec: { ...l.spec, renewTime } }));
  } catch (error) {
    if (!hasReason(error, 'NotFound')) return;
    await api
      .of(lease)
      .create({
        metadata: { name, namespace: 'kube-node-lease' },
        spec: { renewTime, holderIdentity: name, leaseDurationSeconds: 40 },
      } as Draft<ObjectOf<typeof lease>>)
      .catch(() => undefined);
  }
}

/** Nodes that are ready, and renew their leases as long as the play lasts: all but those that are added to `silent`. */
async function speaking(world: World, all: readonly string[]): Promise<Set<string>> {
  const silent = new Set<string>();
  for (const name of all) {
    await addNode(world, name);
    await say(world, name);
  }
  world.meanwhile(async (api, signal) => {
    while (!signal.aborted) {
      const now = new Date(world.clock.now()).toISOString().replace('Z', '000Z');
      for (const name of all) if (!silent.has(name)) await renew(api, name, now);
      await world.clock.sleep(RENEW_MS, signal);
    }
  });
  return silent;
}

const about = (scenario: Partial<Scenario> & Pick<Scenario, 'name' | 'says' | 'act' | 'end'>): Scenario =>
  defineScenario({ controllers: () => [nodeLifecycleController()], pods: 'none', ...scenario });

export const nodeLifecycleScenarios: readonly Scenario[] = [
  about({
    name: 'node-lifecycle/not-ready',
    says: 'A node that says that it is not ready is given no pods, and those it has are to go.',
    async act(world) {
      await speaking(world, ['n1', 'n2']);
      await world.pass('20s');
      await say(world, 'n1', { Ready: 'False' });
    },
    end(view) {
      const key = 'node.kubernetes.io/not-ready';
      assert.deepEqual([taintsOf(view, 'n1'), taintsOf(view, 'n2')], [[`${key}:NoExecute`, `${key}:NoSchedule`], []]);
    },
  }),
  about({
    name: 'node-lifecycle/pressure',
    says: 'Short of memory, disk or process numbers, without a network or cordoned, a node keeps its pods and gets no more.',
    async act(world) {
      await speaking(world, ['n1', 'n2', 'n3']);
      await say(world, 'n1', { MemoryPressure: 'True', DiskPressure: 'True', PIDPressure: 'False' });
      await say(world, 'n2', { PIDPressure: 'True', NetworkUnavailable: 'True' });
      await world.change(node, 'n2', (n) => ({ ...n, spec: { ...n.spec, unschedulable: true } }));
      await say(world, 'n3', { DiskPressure: 'True' });
      await world.until('it is marked', (view) => taintsOf(view, 'n3').length > 0);
      await say(world, 'n3', { DiskPressure: 'False' });
    },
    end(view) {
      const marked = (name: string): readonly string[] =>
        taintsOf(view, name).map((taint) => taint.replace('node.kubernetes.io/', ''));
      assert.deepEqual(marked('n1'), ['disk-pressure:NoSchedule', 'memory-pressure:NoSchedule']);
      assert.deepEqual(marked('n2'), [
        'network-unavailable:NoSchedule',
        'pid-pressure:NoSchedule',
        'unschedulable:NoSchedule',
      ]);
      assert.deepEqual(marked('n3'), []);
    },
  }),
  about({
    name: 'node-lifecycle/back-in-time',
    says: 'Pods of a node that is heard again within five minutes stay, and are those that were there.',
    controllers: () => [nodeLifecycleController(), taintEvictionController()],
    // How long pods stay is counted from a time that was written with the wall clock; a watch that lies still shows no return.
    spares: ['clock jumps', 'network', 'mute watches'],
    async act(world) {
      const silent = await speaking(world, ['n1', 'n2']);
      await makePod(world, 'stays', 'n1');
      await world.pass('20s');
      silent.add('n1');
      await world.until('n1 is lost', (view) => taintsOf(view, 'n1').length === 2);
      await world.pass('200s');
      silent.clear();
      await say(world, 'n1');
    },
    end(view) {
      assert.deepEqual([taintsOf(view, 'n1'), taintsOf(view, 'n2')], [[], []]);
      assert.deepEqual(names(view.list(pod).filter(isActive)), ['stays']);
    },
  }),
  about({
    name: 'node-lifecycle/away-for-long',
    says: 'Pods of a node that stays silent are told to go five minutes after it was lost, and only those.',
    controllers: () => [nodeLifecycleController(), taintEvictionController()],
    spares: ['clock jumps', 'network', 'mute watches'],
    async act(world) {
      const silent = await speaking(world, ['n1', 'n2']);
      await makePod(world, 'lost', 'n1');
      await makePod(world, 'kept', 'n2');
      await world.pass('20s');
      silent.add('n1');
      await world.until('n1 is lost', (view) => taintsOf(view, 'n1').length === 2);
      await world.pass('280s');
      assert.deepEqual(names(world.view.list(pod).filter(isActive)), ['kept', 'lost'], 'too early');
    },
    end(view) {
      assert.deepEqual(taintsOf(view, 'n1'), UNREACHABLE);
      assert.deepEqual(names(view.list(pod).filter(isActive)), ['kept']);
    },
  }),
  about({
    name: 'node-lifecycle/rate',
    says: 'Of nodes of one zone that are lost together one in ten seconds is marked for its pods to go.',
    // Who leads anew, or sees late who is lost, begins to count anew.
    spares: ['clock jumps', 'crashes', 'network', 'mute watches'],
    async act(world) {
      const silent = await speaking(world, ['n1', 'n2', 'n3', 'n4', 'n5']);
      await world.pass('20s');
      silent.add('n1').add('n2');
    },
    end(view) {
      const times = evictedFrom(view)
        .flatMap(({ spec }) => spec.taints?.filter(({ effect }) => effect === 'NoExecute') ?? [])
        .map(({ timeAdded }) => Date.parse(String(timeAdded)))
        .toSorted((a, b) => a - b);
      assert.equal(times.length, 2);
      assert.ok((times[1] ?? 0) - (times[0] ?? 0) >= 9000, `${times.join(' and ')} are too near`);
    },
  }),
  about({
    name: 'node-lifecycle/partial-zone',
    says: 'Where more than half of a small zone is lost together, nobody there is told to go.',
    spares: ['clock jumps', 'crashes', 'network', 'mute watches'],
    async act(world) {
      const silent = await speaking(world, ['n1', 'n2', 'n3', 'n4', 'n5']);
      await world.pass('25s');
      for (const name of ['n1', 'n2', 'n3']) silent.add(name);
      await world.until('three are lost', (view) => taintsOf(view, 'n3').length > 0, '3m');
      await world.pass('5m');
    },
    end(view) {
      for (const name of ['n1', 'n2', 'n3'])
        assert.equal(conditionOf(view.get(node, name), 'Ready')?.status, 'Unknown');
      assert.deepEqual(names(evictedFrom(view)), []);
    },
  }),
];
