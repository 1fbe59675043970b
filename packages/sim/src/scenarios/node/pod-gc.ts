import assert from 'node:assert/strict';
import { type Node, node, type Pod, pod } from '@navarch/api';
import { podGcController } from '@navarch/controllers';
import { conditionOf, named, names } from '../drafts.ts';
import { invariantOf, type Property } from '../property.ts';
import { refuse } from '../refusing.ts';
import { defineScenario, type Scenario } from '../scenario.ts';
import type { View } from '../view.ts';
import type { World } from '../world.ts';
import { addNode, makePod } from './objects.ts';

const HELD = 'example.com/look';

const about = (scenario: Partial<Scenario> & Pick<Scenario, 'name' | 'says' | 'act' | 'end'>): Scenario =>
  defineScenario({ controllers: () => [podGcController()], ...scenario });

const keeping = (world: World, name: string, nodeName?: string): Promise<Pod> =>
  world.create(pod, {
    metadata: { ...named(name), finalizers: [HELD] },
    spec: { ...(nodeName === undefined ? {} : { nodeName }), containers: [{ name: 'c', image: 'v1' }] },
  });

/** `PHASE REASON` of how a pod has ended, and of why it was disrupted. */
const endOf = (view: View, name: string): string => {
  const found = view.get(pod, `default/${name}`);
  return `${found?.status.phase} ${conditionOf(found, 'DisruptionTarget')?.reason ?? '-'}`;
};

const setReady = async (world: World, name: string, status: 'True' | 'False'): Promise<void> => {
  const now = new Date(world.clock.now()).toISOString();
  const condition = {
    type: 'Ready',
    status,
    reason: 'Said',
    message: '',
    lastHeartbeatTime: now,
    lastTransitionTime: now,
  };
  await world.setStatus(node, name, (n) => ({
    ...n,
    status: { ...n.status, conditions: [condition] } as unknown as Node['status'],
  }));
};

const end = (world: World, name: string, status: object): Promise<Pod> =>
  world.setStatus(pod, `default/${name}`, (p) => ({ ...p, status: { ...p.status, ...status } as Pod['status'] }));

/** Of these nothing is taken away, whatever happens, as soon as all of them were there. */
const stay = (...wanted: readonly string[]): Property => ({
  name: `${wanted.join(', ')} stay`,
  of: [pod],
  begin() {
    let wereThere = false;
    return (view) => {
      const missing = wanted.filter((name) => !view.get(pod, `default/${name}`));
      wereThere ||= missing.length === 0;
      return wereThere && missing.length > 0 ? `${missing.join(', ')} went` : undefined;
    };
  },
});

export const podGcScenarios: readonly Scenario[] = [
  about({
    name: 'pod-gc/node-gone',
    says: 'Pods of a node that is gone for good are removed; those of others stay.',
    always: [stay('b')],
    async act(world) {
      for (const name of ['n1', 'n2']) await addNode(world, name);
      await makePod(world, 'a', 'n1');
      await makePod(world, 'b', 'n2');
      await world.pass('10s');
      await world.remove(node, 'n1');
    },
    end: (view) => assert.deepEqual(names(view.list(pod)), ['b']),
  }),
  about({
    name: 'pod-gc/orphan-says-why',
    says: 'A pod whose node is gone has failed and says so before it goes; one that had ended keeps its end.',
    pods: 'none',
    async act(world) {
      for (const name of ['ran', 'done']) await keeping(world, name, 'n1');
      await end(world, 'done', { phase: 'Succeeded' });
      await world.until('both are to go', (view) => view.list(pod).every(({ metadata }) => metadata.deletionTimestamp));
      assert.deepEqual(
        [endOf(world.view, 'ran'), endOf(world.view, 'done')],
        ['Failed DeletionByPodGC', 'Succeeded -'],
      );
      for (const name of ['ran', 'done']) await world.unhold(pod, `default/${name}`);
    },
    end: (view) => assert.deepEqual(names(view.list(pod)), []),
  }),
  about({
    name: 'pod-gc/node-late',
    says: 'A node that comes later than its pods, but within 40 seconds, finds them as they were.',
    pods: 'none',
    always: [
      stay('early'),
      invariantOf('nobody takes it for failed', [pod], (view) =>
        view.get(pod, 'default/early')?.status.phase === 'Failed' ? 'somebody did' : undefined,
      ),
    ],
    async act(world) {
      await makePod(world, 'early', 'n1');
      // What people wait for an answer counts, too.
      await world.pass(world.random.uint32() % 10_000);
      await addNode(world, 'n1');
      await world.pass('3m');
    },
    end: (view) => assert.deepEqual(names(view.list(pod)), ['early']),
    spares: ['crashes'],
  }),
  about({
    name: 'pod-gc/ended',
    says: 'Of pods that have ended as many stay as the limit says, the youngest.',
    controllers: () => [podGcController({ terminatedMax: 2 })],
    pods: { ends: () => ({ afterMs: 100, exitCode: 0 }) },
    // How old a pod is, is told by the clock.
    spares: ['clock jumps'],
    async act(world) {
      await addNode(world, 'n1');
      for (const name of ['a', 'b', 'c', 'd', 'e']) {
        await makePod(world, name, 'n1');
        await world.pass('3s');
      }
    },
    end: (view) => assert.deepEqual(names(view.list(pod)), ['d', 'e']),
  }),
  about({
    name: 'pod-gc/evicted-first',
    says: 'What a node put out goes before what ended by itself, however young it is.',
    controllers: () => [podGcController({ terminatedMax: 2 })],
    pods: 'none',
    always: [stay('old', 'older')],
    async act(world) {
      await addNode(world, 'n1');
      for (const name of ['older', 'old']) {
        await makePod(world, name, 'n1');
        await end(world, name, { phase: 'Succeeded' });
      }
      for (const name of ['out-1', 'out-2']) {
        await world.pass('5s');
        await makePod(world, name, 'n1');
        await end(world, name, { phase: 'Failed', reason: 'Evicted' });
      }
    },
    end: (view) => assert.deepEqual(names(view.list(pod)), ['old', 'older']),
  }),
  about({
    name: 'pod-gc/unscheduled',
    says: 'A pod that is to go before it has a node has failed, by nobody disrupted; one that still waits for a node stays.',
    pods: 'none',
    always: [stay('waits')],
    async act(world) {
      for (const name of ['goes', 'waits']) await keeping(world, name);
      await world.remove(pod, 'default/goes');
      await world.until('it has failed', (view) => endOf(view, 'goes') === 'Failed -');
      await world.unhold(pod, 'default/goes');
    },
    end(view) {
      assert.deepEqual(names(view.list(pod)), ['waits']);
      assert.equal(endOf(view, 'waits'), 'Pending -');
    },
  }),
  about({
    name: 'pod-gc/out-of-service',
    says: 'Pods that are to go leave a node at once that is not ready and said to be out of service, and no other (KEP-2268).',
    pods: { stopMs: () => undefined },
    always: [stay('asked-nobody', 'node-ready', 'not-tainted')],
    async act(world) {
      for (const name of ['lost', 'ready', 'plain']) {
        await addNode(world, name);
        await setReady(world, name, name === 'ready' ? 'True' : 'False');
      }
      const taints = [
        { key: 'node.kubernetes.io/out-of-service', value: 'nodeshutdown', effect: 'NoExecute' as const },
      ];
      for (const name of ['lost', 'ready'])
        await world.change(node, name, (n) => ({ ...n, spec: { ...n.spec, taints } }));
      for (const [name, on] of [
        ['goes', 'lost'],
        ['asked-nobody', 'lost'],
        ['node-ready', 'ready'],
        ['not-tainted', 'plain'],
      ] as const)
        await makePod(world, name, on);
      for (const name of ['node-ready', 'not-tainted', 'goes']) await world.remove(pod, `default/${name}`);
    },
    end: (view) => assert.deepEqual(names(view.list(pod)), ['asked-nobody', 'node-ready', 'not-tainted']),
  }),
  about({
    name: 'pod-gc/held-fast',
    says: 'A pod that somebody lets nobody touch is tried in each round, and holds up no other.',
    pods: 'none',
    // Every twenty seconds: the node is asked for, and the pod is read and written.
    rest: { requests: 20, retries: 0 },
    async act(world) {
      await refuse(world, { operations: ['UPDATE'], resources: ['pods/status'], but: "object.metadata.name != 'a'" });
      for (const name of ['a', 'b']) await keeping(world, name, 'gone');
      await keeping(world, 'c');
      await world.remove(pod, 'default/c');
      await world.until('the others have failed', (view) =>
        ['b', 'c'].every((name) => view.get(pod, `default/${name}`)?.status.phase === 'Failed'),
      );
      for (const name of ['b', 'c']) await world.unhold(pod, `default/${name}`);
    },
    end(view) {
      assert.deepEqual(names(view.list(pod)), ['a']);
      assert.equal(endOf(view, 'a'), 'Pending -');
    },
  }),
];
