import assert from 'node:assert/strict';
import { controllerRevision, daemonSet, isActive, isReady, type Node, node, type Pod, pod } from '@navarch/api';
import { daemonSetController, garbageCollectorController, taintEvictionController } from '@navarch/controllers';
import type { Draft, ObjectOf } from '@navarch/machinery';
import { imageOf, named, podTemplate, withImage } from '../drafts.ts';
import { defineProperty, invariantOf, type Property } from '../property.ts';
import { defineScenario, type Scenario } from '../scenario.ts';
import type { View } from '../view.ts';
import type { World } from '../world.ts';

type DaemonSet = ObjectOf<typeof daemonSet>;
const KEY = 'default/agent';
const controllers = () => [daemonSetController()];

const agent = (more: object = {}, podSpec: object = {}): Draft<DaemonSet> => ({
  metadata: named('agent'),
  spec: {
    selector: { matchLabels: { app: 'agent' } },
    template: podTemplate('agent', 'v1', podSpec),
    ...more,
  } as Draft<DaemonSet>['spec'],
});

/** Without the taint that new nodes have until they are looked at. */
async function addNode(
  world: World,
  name: string,
  spec: Node['spec'] = {},
  labels: Readonly<Record<string, string>> = {},
): Promise<void> {
  await world.create(node, { metadata: { name, labels } });
  await world.change(node, name, (n) => ({ ...n, spec: { ...n.spec, taints: [], ...spec } }));
}

async function addNodes(world: World, count: number): Promise<void> {
  for (let n = 1; n <= count; n++) await addNode(world, `n${n}`);
}

const setImage = (world: World, image: string): Promise<DaemonSet> =>
  world.change(daemonSet, KEY, (d) => ({ ...d, spec: withImage(d.spec, image) }));

const nodeOf = (p: Pod): string =>
  p.spec.nodeName ??
  p.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms[0]?.matchFields?.[0]
    ?.values?.[0] ??
  '';

/** `node image` of every pod that is ready and stays. */
const up = (view: View): readonly string[] =>
  view
    .list(pod)
    .filter((p) => isActive(p) && isReady(p))
    .map((p) => `${nodeOf(p)} ${imageOf(p)}`)
    .toSorted();

const onEach = (image: string, ...nodes: readonly string[]): readonly string[] => nodes.map((n) => `${n} ${image}`);
const isUp = (view: View, image: string, ...nodes: readonly string[]): boolean =>
  up(view).join() === onEach(image, ...nodes).join() &&
  view.get(daemonSet, KEY)?.status.numberAvailable === nodes.length;

const onePerNode: Property = invariantOf('never two pods on a node', [pod], (view) => {
  const places = view.list(pod).filter(isActive).map(nodeOf);
  return new Set(places).size < places.length ? places.join(', ') : undefined;
});

const atMostMissing = (most: number, nodes: number): Property =>
  defineProperty({
    name: `never more than ${most} nodes without`,
    of: [pod, daemonSet],
    begin() {
      let wasUp = false;
      return (view) => {
        const places = new Set(up(view).map((text) => text.split(' ')[0])).size;
        wasUp ||= view.get(daemonSet, KEY)?.status.numberAvailable === nodes;
        return wasUp && places < nodes - most ? `${nodes - places} are` : undefined;
      };
    },
  });

/** The n-th pod of a node that fails does not come before the waits of those before it: 1 s, 2 s, 4 s … */
const everLater = (name: string): Property =>
  defineProperty({
    name: `pods of ${name} come ever later`,
    of: [pod],
    begin() {
      const seen = new Set<string>();
      let firstMs = 0;
      return (view) => {
        for (const p of view.list(pod)) {
          if (nodeOf(p) !== name || seen.has(p.metadata.uid)) continue;
          seen.add(p.metadata.uid);
          if (seen.size === 1) firstMs = view.nowMs;
          // The first is replaced at once.
          const least = seen.size < 3 ? 0 : (2 ** (seen.size - 2) - 1) * 1000;
          if (view.nowMs - firstMs < least) return `pod ${seen.size} after ${view.nowMs - firstMs} ms`;
        }
        return undefined;
      };
    },
  });

const about = (scenario: Partial<Scenario> & Pick<Scenario, 'name' | 'says' | 'act' | 'end'>): Scenario =>
  defineScenario({ controllers, ...scenario });

export const daemonSetScenarios: readonly Scenario[] = [
  about({
    name: 'daemon-set/one-per-node',
    says: 'One pod on every node, also on those that come later; none is left for a node that goes.',
    always: [onePerNode],
    async act(world) {
      await addNodes(world, 2);
      await world.create(daemonSet, agent());
      await world.until('two are up', (view) => isUp(view, 'v1', 'n1', 'n2'));
      await addNode(world, 'n3');
    },
    end(view) {
      assert.deepEqual(up(view), onEach('v1', 'n1', 'n2', 'n3'));
      const { status } = view.get(daemonSet, KEY) ?? {};
      assert.deepEqual(
        [status?.desiredNumberScheduled, status?.currentNumberScheduled, status?.numberReady, status?.numberAvailable],
        [3, 3, 3, 3],
      );
    },
  }),
  about({
    name: 'daemon-set/node-selector',
    says: 'Only nodes that the template selects have a pod; one that is labelled otherwise loses it.',
    always: [onePerNode],
    async act(world) {
      await addNode(world, 'n1', {}, { disk: 'ssd' });
      await addNode(world, 'n2', {}, { disk: 'ssd' });
      await addNode(world, 'n3');
      await world.create(daemonSet, agent({}, { nodeSelector: { disk: 'ssd' } }));
      await world.until('two are up', (view) => isUp(view, 'v1', 'n1', 'n2'));
      await world.change(node, 'n1', (n) => ({ ...n, metadata: { ...n.metadata, labels: { disk: 'slow' } } }));
      await world.change(node, 'n3', (n) => ({ ...n, metadata: { ...n.metadata, labels: { disk: 'ssd' } } }));
    },
    end: (view) => assert.deepEqual(up(view), onEach('v1', 'n2', 'n3')),
  }),
  about({
    name: 'daemon-set/cordoned',
    says: 'A node that is cordoned has its pod all the same.',
    always: [onePerNode],
    async act(world) {
      await addNode(world, 'n1', {
        unschedulable: true,
        taints: [{ key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' as const }],
      });
      await world.create(daemonSet, agent());
    },
    end: (view) => assert.deepEqual(up(view), onEach('v1', 'n1')),
  }),
  about({
    name: 'daemon-set/taint-no-schedule',
    says: 'A taint keeps pods away that do not tolerate it, and leaves alone what is there.',
    always: [onePerNode],
    async act(world) {
      const taints = [{ key: 'only', effect: 'NoSchedule' as const }];
      await addNode(world, 'n1');
      await addNode(world, 'n2', { taints });
      await world.create(daemonSet, agent());
      await world.until('one is up', (view) => isUp(view, 'v1', 'n1'));
      await world.change(node, 'n1', (n) => ({ ...n, spec: { ...n.spec, taints } }));
    },
    end: (view) => assert.deepEqual(up(view), onEach('v1', 'n1')),
  }),
  about({
    name: 'daemon-set/taint-no-execute',
    says: 'A taint NoExecute that is not tolerated takes the pod away.',
    controllers: () => [daemonSetController(), taintEvictionController()],
    async act(world) {
      await addNodes(world, 2);
      await world.create(daemonSet, agent());
      await world.until('two are up', (view) => isUp(view, 'v1', 'n1', 'n2'));
      await world.change(node, 'n1', (n) => ({
        ...n,
        spec: { ...n.spec, taints: [{ key: 'out', effect: 'NoExecute' as const }] },
      }));
    },
    end: (view) => assert.deepEqual(up(view), onEach('v1', 'n2')),
  }),
  about({
    name: 'daemon-set/unreachable-tolerated',
    says: 'Pods of a daemon set stay on nodes that are not ready or cannot be reached.',
    controllers: () => [daemonSetController(), taintEvictionController()],
    always: [onePerNode],
    async act(world) {
      await addNodes(world, 1);
      await world.create(daemonSet, agent());
      await world.until('one is up', (view) => isUp(view, 'v1', 'n1'));
      const [{ metadata } = { metadata: { uid: '' } }] = world.view.list(pod);
      const taints = [{ key: 'node.kubernetes.io/unreachable', effect: 'NoExecute' as const }];
      await world.change(node, 'n1', (n) => ({ ...n, spec: { ...n.spec, taints } }));
      await world.pass('10m');
      assert.equal(world.view.list(pod)[0]?.metadata.uid, metadata.uid);
    },
    end: (view) => assert.deepEqual(up(view), onEach('v1', 'n1')),
  }),
  about({
    name: 'daemon-set/rolling',
    says: 'An update takes maxUnavailable nodes at a time.',
    always: [onePerNode, atMostMissing(1, 4)],
    async act(world) {
      await addNodes(world, 4);
      await world.create(daemonSet, agent());
      await world.until('v1 is up', (view) => isUp(view, 'v1', 'n1', 'n2', 'n3', 'n4'));
      await setImage(world, 'v2');
    },
    end: (view) => assert.deepEqual(up(view), onEach('v2', 'n1', 'n2', 'n3', 'n4')),
  }),
  about({
    name: 'daemon-set/rolling-half',
    says: 'maxUnavailable may be a share of the nodes, rounded up.',
    always: [onePerNode, atMostMissing(2, 3)],
    async act(world) {
      await addNodes(world, 3);
      await world.create(
        daemonSet,
        agent({ updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '50%' } } }),
      );
      await world.until('v1 is up', (view) => isUp(view, 'v1', 'n1', 'n2', 'n3'));
      await setImage(world, 'v2');
    },
    end: (view) => assert.deepEqual(up(view), onEach('v2', 'n1', 'n2', 'n3')),
  }),
  about({
    name: 'daemon-set/surge',
    says: 'With maxSurge the old pod of a node stays until the new one is ready (KEP-1591).',
    always: [atMostMissing(0, 3)],
    async act(world) {
      const updateStrategy = { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } };
      await addNodes(world, 3);
      await world.create(daemonSet, agent({ updateStrategy }));
      await world.until('v1 is up', (view) => isUp(view, 'v1', 'n1', 'n2', 'n3'));
      await setImage(world, 'v2');
    },
    end: (view) => assert.deepEqual(up(view), onEach('v2', 'n1', 'n2', 'n3')),
  }),
  about({
    name: 'daemon-set/on-delete',
    says: 'With OnDelete a node has the new template when somebody has deleted its pod.',
    always: [onePerNode],
    async act(world) {
      await addNodes(world, 2);
      await world.create(daemonSet, agent({ updateStrategy: { type: 'OnDelete' } }));
      await world.until('v1 is up', (view) => isUp(view, 'v1', 'n1', 'n2'));
      await setImage(world, 'v2');
      await world.pass('10s');
      const first = world.view.list(pod).find((p) => nodeOf(p) === 'n1');
      await world.remove(pod, `default/${first?.metadata.name}`);
    },
    end: (view) => assert.deepEqual(up(view), ['n1 v2', 'n2 v1']),
  }),
  about({
    name: 'daemon-set/rollback',
    says: 'The template before is the revision before, with a higher number.',
    always: [onePerNode],
    async act(world) {
      await addNodes(world, 2);
      await world.create(daemonSet, agent());
      await world.until('v1 is up', (view) => isUp(view, 'v1', 'n1', 'n2'));
      await setImage(world, 'v2');
      await world.until('v2 is up', (view) => isUp(view, 'v2', 'n1', 'n2'));
      await setImage(world, 'v1');
    },
    end(view) {
      assert.deepEqual(up(view), onEach('v1', 'n1', 'n2'));
      assert.deepEqual(
        view
          .list(controllerRevision)
          .map((r) => r.revision)
          .toSorted(),
        [2, 3],
      );
    },
  }),
  about({
    name: 'daemon-set/failed-pod',
    says: 'A pod that fails is deleted and made again.',
    pods: { ends: (_, random) => (random.uint32() % 2 === 0 ? { afterMs: 500, exitCode: 1 } : undefined) },
    always: [onePerNode],
    async act(world) {
      await addNodes(world, 2);
      await world.create(daemonSet, agent());
      await world.pass('5s');
    },
    end: (view) => assert.deepEqual(up(view), onEach('v1', 'n1', 'n2')),
  }),
  about({
    name: 'daemon-set/failed-pod-back-off',
    says: 'A node whose pod fails again and again gets the next ever later, up to a quarter of an hour; the others serve.',
    pods: { ends: (p) => (nodeOf(p) === 'n1' ? { afterMs: 100, exitCode: 1 } : undefined) },
    // What it waits for is remembered by the leader alone.
    spares: ['clock jumps', 'crashes'],
    always: [onePerNode, everLater('n1')],
    async act(world) {
      await addNodes(world, 2);
      await world.create(daemonSet, agent());
      await world.until('the other is up', (view) => up(view).join() === 'n2 v1');
      await world.pass('10m');
    },
    end(view) {
      assert.deepEqual(up(view), onEach('v1', 'n2'));
      const failed = view
        .events('DaemonSet')
        .filter((text) => text.startsWith('FailedDaemonPod: Found failed daemon pod'));
      assert.ok(failed.length >= 2, `${failed.length} were told of`);
    },
  }),
  about({
    name: 'daemon-set/min-ready',
    says: 'With minReadySeconds the next node waits until the new pod was ready for so long.',
    spares: ['clock jumps'],
    always: [onePerNode, atMostMissing(1, 2)],
    async act(world) {
      await addNodes(world, 2);
      await world.create(daemonSet, agent({ minReadySeconds: 10 }));
      await world.until('v1 is up', (view) => isUp(view, 'v1', 'n1', 'n2'));
      const began = world.clock.monotonic();
      await setImage(world, 'v2');
      await world.until('v2 is up', (view) => isUp(view, 'v2', 'n1', 'n2'));
      // The status may still be of the first version: at least one of the two waits is over.
      assert.ok(world.clock.monotonic() - began >= 9_000);
    },
    end: (view) => assert.deepEqual(up(view), onEach('v2', 'n1', 'n2')),
  }),
  about({
    name: 'daemon-set/deleted',
    says: 'A deleted daemon set takes its pods and revisions along.',
    controllers: () => [daemonSetController(), garbageCollectorController([daemonSet, pod, controllerRevision])],
    async act(world) {
      await addNodes(world, 2);
      await world.create(daemonSet, agent());
      await world.pass(world.random.uint32() % 3000);
      await world.remove(daemonSet, KEY, { propagationPolicy: 'Background' });
    },
    end: (view) =>
      assert.deepEqual(
        [view.list(daemonSet).length, view.list(pod).length, view.list(controllerRevision).length],
        [0, 0, 0],
      ),
  }),
];
