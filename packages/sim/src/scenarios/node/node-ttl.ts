import assert from 'node:assert/strict';
import { node } from '@navarch/api';
import { nodeTtlController } from '@navarch/controllers';
import { defineScenario, type Scenario } from '../scenario.ts';
import type { View } from '../view.ts';
import type { World } from '../world.ts';

const ANNOTATION = 'node.alpha.kubernetes.io/ttl';

const told = (view: View): readonly string[] => [
  ...new Set(view.list(node).map(({ metadata }) => metadata.annotations?.[ANNOTATION] ?? 'nothing')),
];
const nodes = async (world: World, from: number, to: number, does: 'add' | 'remove'): Promise<void> => {
  for (let n = from; n < to; n++)
    await (does === 'add' ? world.create(node, { metadata: { name: `n${n}` } }) : world.remove(node, `n${n}`));
};
const allTold = (world: World, seconds: string): Promise<void> =>
  world.until(`all are told ${seconds}`, (view) => told(view).join() === seconds);

const about = (scenario: Partial<Scenario> & Pick<Scenario, 'name' | 'says' | 'act' | 'end'>): Scenario =>
  defineScenario({ controllers: () => [nodeTtlController()], pods: 'none', ...scenario });

export const nodeTtlScenarios: readonly Scenario[] = [
  about({
    name: 'node-ttl/steps',
    says: 'Up to a hundred nodes ask for every secret anew; of more each may keep one for 15 seconds, and is told so.',
    async act(world) {
      await nodes(world, 0, 100, 'add');
      await allTold(world, '0');
      await nodes(world, 100, 101, 'add');
      await allTold(world, '15');
      await nodes(world, 89, 101, 'remove');
    },
    end: (view) => assert.deepEqual([view.list(node).length, told(view)], [89, ['0']]),
  }),
  about({
    name: 'node-ttl/no-swing',
    says: 'A cluster at the edge of two steps stays on the one it has: below a hundred, but not below ninety.',
    // Who begins to lead then knows of no step, as upstream.
    spares: ['crashes'],
    async act(world) {
      await nodes(world, 0, 101, 'add');
      await allTold(world, '15');
      await nodes(world, 90, 101, 'remove');
    },
    end: (view) => assert.deepEqual([view.list(node).length, told(view)], [90, ['15']]),
  }),
  about({
    name: 'node-ttl/by-hand',
    says: 'What somebody else writes there does not stay, and what they write beside it does.',
    async act(world) {
      await nodes(world, 0, 2, 'add');
      for (const annotations of [{ [ANNOTATION]: '7', mine: 'kept' }, { mine: 'kept' }]) {
        await allTold(world, '0');
        await world.change(node, 'n1', (n) => ({ ...n, metadata: { ...n.metadata, annotations } }));
      }
    },
    end(view) {
      assert.deepEqual(told(view), ['0']);
      assert.equal(view.get(node, 'n1')?.metadata.annotations?.['mine'], 'kept');
    },
  }),
];
