import assert from 'node:assert/strict';
import { configMap, isTerminal, pod, replicaSet, resourceQuota, service } from '@navarch/api';
import { replicaSetController, resourceQuotaController } from '@navarch/controllers';
import { named, podTemplate } from '../drafts.ts';
import { invariantOf, type Property } from '../property.ts';
import { defineScenario, type Scenario } from '../scenario.ts';
import type { View } from '../view.ts';
import type { World } from '../world.ts';

const controllers = () => [resourceQuotaController([pod, configMap, service])];
const KEY = 'default/q';
const usedOf = (view: View): Readonly<Record<string, string>> => view.get(resourceQuota, KEY)?.status.used ?? {};

const withQuota = async (world: World, hard: Readonly<Record<string, string>>, spec: object = {}): Promise<void> => {
  await world.create(resourceQuota, { metadata: named('q'), spec: { hard, ...spec } });
  await world.until('it is counted', (view) => Object.keys(usedOf(view)).length === Object.keys(hard).length);
};
/** Why it is refused; undefined: it is there. */
async function makePod(world: World, name: string, spec: object = {}): Promise<string | undefined> {
  const draft = { metadata: named(name), spec: podTemplate('x', 'v1', spec).spec };
  const reason = await world.refusal((api) => api.of(pod).create(draft));
  // The answer may have been lost, and what was made then is what there is no room for now.
  return world.view.get(pod, `default/${name}`) ? undefined : reason;
}
/** What was taken for a pod that a crash kept from coming is given back within minutes. */
async function makePodInTime(world: World, name: string, spec: object = {}): Promise<void> {
  for (let n = 0; n < 60; n++) {
    if ((await makePod(world, name, spec)) === undefined) return;
    await world.pass('10s');
  }
  assert.fail(`${name} is refused for ten minutes`);
}
const asking = (cpu: string) => ({
  containers: [{ name: 'c', image: 'v1', resources: { requests: { cpu }, limits: { cpu } } }],
});

const living = (view: View): number => view.list(pod).filter((p) => !isTerminal(p)).length;
const neverMorePods = (most: number): Property =>
  invariantOf(`never more than ${most} pods`, [pod], (view) =>
    living(view) > most ? `${living(view)} are` : undefined,
  );

const about = (scenario: Partial<Scenario> & Pick<Scenario, 'name' | 'says' | 'act' | 'end'>): Scenario =>
  defineScenario({ controllers, ...scenario });

export const quotaScenarios: readonly Scenario[] = [
  about({
    name: 'quota/pods',
    says: 'Never more pods than a quota has room for, however fast they are made.',
    always: [neverMorePods(3)],
    async act(world) {
      await withQuota(world, { pods: '3' });
      for (let n = 0; n < 8; n++) await makePod(world, `p${n}`);
    },
    end(view) {
      assert.ok(living(view) >= 1);
      assert.deepEqual(usedOf(view), { pods: String(living(view)) });
    },
  }),
  about({
    name: 'quota/owners-fight',
    says: 'Two sets that want more than there is share what there is, and no more.',
    controllers: () => [...controllers(), replicaSetController],
    always: [neverMorePods(4)],
    async act(world) {
      await withQuota(world, { pods: '4' });
      for (const name of ['a', 'b'])
        await world.create(replicaSet, {
          metadata: named(name),
          spec: { replicas: 3, selector: { matchLabels: { app: name } }, template: podTemplate(name) },
        });
      await world.pass('20s');
    },
    end: (view) => assert.deepEqual([living(view), usedOf(view)], [4, { pods: '4' }]),
  }),
  about({
    name: 'quota/given-back',
    says: 'What goes or ends is given back, and can be had again.',
    pods: { ends: (p) => (p.metadata.name === 'short' ? { afterMs: 1000, exitCode: 0 } : undefined) },
    always: [neverMorePods(2)],
    async act(world) {
      await withQuota(world, { pods: '2' });
      await makePodInTime(world, 'short');
      await makePodInTime(world, 'long');
      await world.until('one has ended', (view) => living(view) === 1);
      await world.until('it is given back', (view) => usedOf(view)['pods'] === '1');
      await world.remove(pod, 'default/long');
      await world.until('that one too', (view) => usedOf(view)['pods'] === '0');
      await makePodInTime(world, 'next');
    },
    end: (view) => assert.deepEqual(usedOf(view), { pods: '1' }),
  }),
  about({
    name: 'quota/requests',
    says: 'Requests are added up; who asks for more than is left is refused, who says nothing too.',
    always: [
      invariantOf('never more than a core', [pod], (view) =>
        view.list(pod).filter((p) => !isTerminal(p)).length > 2 ? 'three have half a core each' : undefined,
      ),
    ],
    async act(world) {
      await withQuota(world, { 'requests.cpu': '1' });
      await makePodInTime(world, 'one', asking('500m'));
      await makePodInTime(world, 'two', asking('500m'));
      assert.equal(await makePod(world, 'three', asking('100m')), 'Forbidden');
      assert.equal(await makePod(world, 'four'), 'Forbidden');
    },
    end: (view) => assert.deepEqual(usedOf(view), { 'requests.cpu': '1' }),
  }),
  about({
    name: 'quota/object-counts',
    says: 'Any kind can be counted; the service that every cluster has is.',
    async act(world) {
      await withQuota(world, { 'count/configmaps': '2', services: '5' });
      const map = (name: string) => world.refusal((api) => api.of(configMap).create({ metadata: named(name) }));
      // What a crash kept from being told of is there all the same, and no second one is let in.
      for (const name of ['a', 'b'])
        while ((await map(name)) !== undefined && !world.view.get(configMap, `default/${name}`))
          await world.pass('10s');
      assert.equal(await map('c'), 'Forbidden');
    },
    end: (view) => assert.deepEqual(usedOf(view), { 'count/configmaps': '2', services: '1' }),
  }),
  about({
    name: 'quota/scope-best-effort',
    says: 'A quota with a scope counts only what is in it.',
    async act(world) {
      await withQuota(world, { pods: '1' }, { scopes: ['BestEffort'] });
      await makePodInTime(world, 'loose');
      assert.equal(await makePod(world, 'loose-2'), 'Forbidden');
      await makePodInTime(world, 'asking', asking('10m'));
    },
    end: (view) => assert.deepEqual([living(view), usedOf(view)], [2, { pods: '1' }]),
  }),
  about({
    name: 'quota/raised',
    says: 'A quota that is raised has more room at once; one that is lowered takes nothing away.',
    async act(world) {
      await withQuota(world, { pods: '1' });
      await makePodInTime(world, 'one');
      await world.change(resourceQuota, KEY, (q) => ({ ...q, spec: { hard: { pods: '2' } } }));
      await world.until('it is known', (view) => view.get(resourceQuota, KEY)?.status.hard?.['pods'] === '2');
      await makePodInTime(world, 'two');
      await world.change(resourceQuota, KEY, (q) => ({ ...q, spec: { hard: { pods: '1' } } }));
    },
    end(view) {
      assert.deepEqual([living(view), usedOf(view)], [2, { pods: '2' }]);
      assert.deepEqual(view.get(resourceQuota, KEY)?.status.hard, { pods: '1' });
    },
  }),
  about({
    name: 'quota/counted-from-what-is',
    says: 'A quota that comes late counts what was there before.',
    async act(world) {
      for (const name of ['a', 'b', 'c']) await makePodInTime(world, name);
      await withQuota(world, { pods: '2' });
    },
    end: (view) => assert.deepEqual(usedOf(view), { pods: '3' }),
  }),
];
