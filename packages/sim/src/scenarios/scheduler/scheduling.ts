import assert from 'node:assert/strict';
import { node, pod, replicaSet } from '@navarch/api';
import { podGcController, replicaSetController } from '@navarch/controllers';
import { activePods, named, podTemplate } from '../drafts.ts';
import type { Scenario } from '../scenario.ts';
import { addNode, addPod, homeless, homes, HOST, scheduling } from './rules.ts';

const alone = (app: string): object => ({
  affinity: {
    podAntiAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: HOST, labelSelector: { matchLabels: { app } } }],
    },
  },
});

export const schedulingScenarios: readonly Scenario[] = [
  scheduling({
    name: 'scheduler/all-that-fit',
    says: 'Every pod for which there is room gets a node, once, and no node more than it has room for.',
    async act(world) {
      for (const name of ['a', 'b', 'c']) await addNode(world, name, '4');
      for (let i = 0; i < 3; i++) {
        await addPod(world, `lonely-${i}`, { app: 'lonely', spec: alone('lonely') });
        await addPod(world, `small-${i}`, { cpu: '500m' });
        await world.pass(world.random.uint32() % 2000);
      }
      for (let i = 3; i < 6; i++) await addPod(world, `small-${i}`, { cpu: '500m' });
    },
    end(view) {
      assert.deepEqual(homeless(view), []);
      const lonely = Object.entries(homes(view)).filter(([name]) => name.startsWith('lonely'));
      assert.equal(new Set(lonely.map(([, home]) => home)).size, 3);
    },
  }),
  scheduling({
    name: 'scheduler/nodes-that-go',
    says: 'A node that goes while pods are on their way to it takes none of them with it for good.',
    controllers: () => [replicaSetController, podGcController()],
    async act(world) {
      for (const name of ['a', 'b', 'c', 'd']) await addNode(world, name);
      await world.create(replicaSet, {
        metadata: named('web'),
        spec: {
          replicas: 4,
          selector: { matchLabels: { app: 'web' } },
          template: podTemplate('web', 'v1', {
            containers: [{ name: 'c', image: 'v1', resources: { requests: { cpu: '1' } } }],
          }),
        },
      });
      await world.pass(world.random.uint32() % 3000);
      await world.remove(node, 'a');
      await world.pass(world.random.uint32() % 3000);
      await world.remove(node, 'b');
    },
    end(view) {
      const nodes = new Set(view.list(node).map(({ metadata }) => metadata.name));
      const running = activePods(view).filter(({ spec }) => nodes.has(spec.nodeName ?? ''));
      assert.deepEqual([running.length, activePods(view).length], [4, 4]);
    },
  }),
  scheduling({
    name: 'scheduler/contradiction',
    says: 'A pod that wants what cannot be waits and says why; those behind it go where they fit.',
    rest: { requests: 4, retries: 0 },
    async act(world) {
      await addNode(world, 'a');
      const term = { topologyKey: HOST, labelSelector: { matchLabels: { app: 'torn' } } };
      const rule = { requiredDuringSchedulingIgnoredDuringExecution: [term] };
      const torn = { affinity: { podAffinity: rule, podAntiAffinity: rule } };
      await addPod(world, 'torn-0', { app: 'torn', cpu: '100m', spec: torn });
      await addPod(world, 'torn-1', { app: 'torn', cpu: '100m', spec: torn });
      await addPod(world, 'plain', { cpu: '100m' });
    },
    end(view) {
      // The first of its kind finds nobody to be away from.
      assert.equal(homeless(view).length, 1, homeless(view).join());
      const waiting = view.list(pod).find(({ spec }) => !spec.nodeName);
      const said = waiting?.status.conditions?.find(({ type }) => type === 'PodScheduled');
      assert.equal(said?.reason, 'Unschedulable');
      assert.match(
        said?.message ?? '',
        /^0\/1 nodes are available: 1 node\(s\) didn't match pod anti-affinity rules\./,
      );
    },
  }),
  scheduling({
    name: 'scheduler/never-fits',
    says: 'Pods that no node could ever hold keep nobody waiting, and ask for nothing while nodes and pods come and go.',
    rest: { requests: 8, retries: 0 },
    async act(world) {
      await addNode(world, 'a');
      for (let i = 0; i < 4; i++) await addPod(world, `giant-${i}`, { cpu: '64' });
      await world.until('they are told', (view) =>
        view.list(pod).every(({ status }) => status.conditions?.some(({ reason }) => reason === 'Unschedulable')),
      );
      for (let i = 0; i < 4; i++) await addPod(world, `plain-${i}`, { cpu: '100m' });
      await world.until('the others run', (view) => homeless(view).every((name) => name.startsWith('giant')));
      await addNode(world, 'b');
      await world.remove(pod, 'default/plain-0');
      await addPod(world, 'plain-4', { cpu: '100m' });
    },
    end(view) {
      assert.deepEqual(homeless(view).toSorted(), ['giant-0', 'giant-1', 'giant-2', 'giant-3']);
      for (const { spec, status } of view.list(pod))
        if (!spec.nodeName)
          assert.match(
            status.conditions?.find(({ type }) => type === 'PodScheduled')?.message ?? '',
            /^0\/2 nodes are available: 2 Insufficient cpu\./,
          );
    },
  }),
  scheduling({
    name: 'scheduler/away-from-everybody',
    says: 'A pod that wants to be away from every other gets a host of its own, keeps it, and starves nobody elsewhere.',
    rest: { requests: 8, retries: 0 },
    async act(world) {
      for (const name of ['a', 'b', 'c']) await addNode(world, name);
      const term = { topologyKey: HOST, labelSelector: {}, namespaceSelector: {} };
      const lonely = { affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } } };
      for (let i = 0; i < 4; i++)
        await addPod(world, `plain-${i}`, { cpu: '100m', spec: { nodeSelector: { [HOST]: 'a' } } });
      await world.until('one node is in use', (view) => homeless(view).length === 0);
      for (let i = 0; i < 4; i++) await addPod(world, `lonely-${i}`, { cpu: '100m', spec: lonely });
      await world.until('two have a host', (view) => homeless(view).length === 2);
      await addPod(world, 'late', { cpu: '100m' });
    },
    end(view) {
      const home = homes(view);
      const taken = Object.entries(home).filter(([name, at]) => name.startsWith('lonely') && at !== 'none');
      assert.deepEqual(taken.map(([, at]) => at).toSorted(), ['b', 'c']);
      assert.equal(home['late'], 'a', 'beside those that mind nobody');
      assert.equal(homeless(view).length, 2);
    },
  }),
];
