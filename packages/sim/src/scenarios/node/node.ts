import assert from 'node:assert/strict';
import { isActive, lease, node, type Node, pod } from '@navarch/api';
import { nodeLifecycleController, taintEvictionController } from '@navarch/controllers';
import type { Draft, ObjectOf } from '@navarch/machinery';
import { conditionOf, names } from '../drafts.ts';
import { defineScenario, type Scenario } from '../scenario.ts';
import type { View } from '../view.ts';
import type { World } from '../world.ts';
import { addNode, makePod } from './objects.ts';

type Taint = NonNullable<NonNullable<Node['spec']>['taints']>[number];

const taint = (world: World, name: string, ...taints: readonly Taint[]): Promise<Node> =>
  world.change(node, name, (n) => ({ ...n, spec: { ...n.spec, taints } }));
const taintsOf = (view: View, name: string): readonly string[] =>
  (view.get(node, name)?.spec.taints ?? []).map(({ key, effect }) => `${key}:${effect}`).toSorted();
const OUT: Taint = { key: 'out', effect: 'NoExecute' };
const tolerating = (tolerationSeconds?: number) => ({
  tolerations: [
    {
      key: 'out',
      operator: 'Exists',
      effect: 'NoExecute',
      ...(tolerationSeconds === undefined ? {} : { tolerationSeconds }),
    },
  ],
});

/** The nodes that live renew their leases and say that they are ready, for so long. */
async function live(world: World, all: readonly string[], seconds: number): Promise<void> {
  for (let i = 0; i < seconds; i += 10) {
    const renewTime = new Date(world.clock.now()).toISOString().replace('Z', '000Z');
    for (const name of all) {
      const key = `kube-node-lease/${name}`;
      if (world.view.get(lease, key)) await world.change(lease, key, (l) => ({ ...l, spec: { ...l.spec, renewTime } }));
      else
        await world.create(lease, {
          metadata: { name, namespace: 'kube-node-lease' },
          spec: { renewTime, holderIdentity: name, leaseDurationSeconds: 40 },
        } as Draft<ObjectOf<typeof lease>>);
      if (conditionOf(world.view.get(node, name), 'Ready')?.status === 'True') continue;
      const now = new Date(world.clock.now()).toISOString();
      const ready = {
        type: 'Ready',
        status: 'True',
        reason: 'KubeletReady',
        message: '',
        lastHeartbeatTime: now,
        lastTransitionTime: now,
      };
      await world.setStatus(node, name, (n) => ({
        ...n,
        status: { ...n.status, conditions: [ready] } as unknown as Node['status'],
      }));
    }
    await world.pass('10s');
  }
}

const about = (
  scenario: Partial<Scenario> & Pick<Scenario, 'name' | 'says' | 'act' | 'end' | 'controllers'>,
): Scenario => defineScenario(scenario);
const evicting = () => [taintEvictionController()];
const watching = () => [nodeLifecycleController()];

export const nodeScenarios: readonly Scenario[] = [
  about({
    name: 'taint-eviction/not-tolerated',
    says: 'A taint NoExecute takes away at once what does not tolerate it, and nothing else.',
    controllers: evicting,
    async act(world) {
      await addNode(world, 'n1');
      await makePod(world, 'plain', 'n1');
      await makePod(world, 'tolerant', 'n1', tolerating());
      await world.pass(world.random.uint32() % 3000);
      await taint(world, 'n1', OUT);
    },
    end: (view) => assert.deepEqual(names(view.list(pod).filter(isActive)), ['tolerant']),
  }),
  about({
    name: 'taint-eviction/toleration-seconds',
    says: 'What tolerates it for a while goes when that is over, not before.',
    controllers: evicting,
    spares: ['clock jumps'],
    async act(world) {
      await addNode(world, 'n1');
      await makePod(world, 'patient', 'n1', tolerating(60));
      await taint(world, 'n1', { ...OUT, timeAdded: new Date(world.clock.now()).toISOString() });
      await world.pass('50s');
      assert.deepEqual(names(world.view.list(pod).filter(isActive)), ['patient']);
    },
    end: (view) => assert.deepEqual(names(view.list(pod)), []),
  }),
  about({
    name: 'taint-eviction/taint-gone',
    says: 'When the taint goes before, so does the threat.',
    controllers: evicting,
    spares: ['clock jumps'],
    async act(world) {
      await addNode(world, 'n1');
      await makePod(world, 'patient', 'n1', tolerating(60));
      await taint(world, 'n1', OUT);
      await world.pass('20s');
      await taint(world, 'n1');
    },
    end: (view) => assert.deepEqual(names(view.list(pod).filter(isActive)), ['patient']),
  }),
  about({
    name: 'taint-eviction/says-why',
    says: 'An evicted pod is said to be the target of a disruption.',
    controllers: evicting,
    pods: { stopMs: () => undefined },
    async act(world) {
      await addNode(world, 'n1');
      await makePod(world, 'plain', 'n1');
      await taint(world, 'n1', OUT);
    },
    end(view) {
      const found = view.get(pod, 'default/plain');
      const { status, reason } = conditionOf(found, 'DisruptionTarget') ?? {};
      assert.deepEqual(
        [Boolean(found?.metadata.deletionTimestamp), status, reason],
        [true, 'True', 'DeletionByTaintManager'],
      );
    },
  }),
  about({
    name: 'node-lifecycle/lost',
    says: 'A node that is silent is marked and tainted; one that speaks is not; heard again it is well.',
    controllers: watching,
    spares: ['clock jumps', 'network', 'crashes'],
    pods: 'none',
    async act(world) {
      for (const name of ['n1', 'n2', 'n3']) await addNode(world, name);
      await live(world, ['n1', 'n2', 'n3'], 30);
      await live(world, ['n2', 'n3'], 80);
      assert.equal(conditionOf(world.view.get(node, 'n1'), 'Ready')?.status, 'Unknown');
      assert.deepEqual(taintsOf(world.view, 'n1'), [
        'node.kubernetes.io/unreachable:NoExecute',
        'node.kubernetes.io/unreachable:NoSchedule',
      ]);
      assert.deepEqual([taintsOf(world.view, 'n2'), taintsOf(world.view, 'n3')], [[], []]);
      await live(world, ['n1', 'n2', 'n3'], 30);
      assert.deepEqual(taintsOf(world.view, 'n1'), []);
    },
    end: (view) => assert.equal(view.list(node).length, 3),
  }),
  about({
    name: 'node-lifecycle/all-lost',
    says: 'When all nodes are silent it is the controller that is blind: nobody is evicted.',
    controllers: watching,
    // As upstream: a cache that is behind shows one silent node before the others.
    spares: ['clock jumps', 'network', 'crashes'],
    pods: 'none',
    async act(world) {
      for (const name of ['n1', 'n2']) await addNode(world, name);
      await live(world, ['n1', 'n2'], 20);
    },
    end(view) {
      assert.equal(conditionOf(view.get(node, 'n1'), 'Ready')?.status, 'Unknown');
      assert.ok(view.list(node).every(({ spec }) => !spec.taints?.some(({ effect }) => effect === 'NoExecute')));
    },
  }),
];
