import assert from 'node:assert/strict';
import { clusterRole } from '@navarch/api';
import { clusterRoleAggregationController } from '@navarch/controllers';
import { invariantOf, type Property } from '../property.ts';
import { defineScenario, type Scenario } from '../scenario.ts';
import type { View } from '../view.ts';
import type { World } from '../world.ts';

const LABEL = 'example.com/part';
const rule = (resource: string) => ({ verbs: ['get'], apiGroups: ['example.com'], resources: [resource] });
const rulesOf = (view: View, role: string): readonly string[] =>
  (view.get(clusterRole, role)?.rules ?? []).flatMap(({ resources }) => resources ?? []);

const part = (world: World, name: string, label: string | undefined, ...resources: readonly string[]) =>
  world.create(clusterRole, {
    metadata: { name, ...(label === undefined ? {} : { labels: { [LABEL]: label } }) },
    rules: resources.map(rule),
  });
const whole = (world: World, name: string, ...labels: readonly string[]) =>
  world.create(clusterRole, {
    metadata: { name },
    aggregationRule: { clusterRoleSelectors: labels.map((label) => ({ matchLabels: { [LABEL]: label } })) },
  });

/** Rights that somebody was never to have. */
const never = (role: string, resource: string): Property =>
  invariantOf(`${role} never covers ${resource}`, [clusterRole], (view) =>
    rulesOf(view, role).includes(resource) ? 'it does' : undefined,
  );

const about = (scenario: Pick<Scenario, 'name' | 'says' | 'act' | 'end'> & Partial<Scenario>): Scenario =>
  defineScenario({ controllers: () => [clusterRoleAggregationController], pods: 'none', ...scenario });

export const clusterRoleAggregationScenarios: readonly Scenario[] = [
  about({
    name: 'cluster-role-aggregation/parts',
    says: 'A role that is made of others has the rules of those with the labels, each once, and of no others.',
    always: [never('all', 'secrets')],
    async act(world) {
      await part(world, 'one', 'a', 'widgets');
      await part(world, 'other', undefined, 'secrets');
      await whole(world, 'all', 'a', 'b');
      await part(world, 'two', 'b', 'widgets', 'gadgets');
    },
    end: (view) => assert.deepEqual(rulesOf(view, 'all'), ['widgets', 'gadgets']),
  }),
  about({
    name: 'cluster-role-aggregation/follows',
    says: 'Rules follow the parts: as they change, lose their label, and go.',
    async act(world) {
      for (const name of ['one', 'two', 'three']) await part(world, name, 'a', name);
      await whole(world, 'all', 'a');
      await world.until('all are in', (view) => rulesOf(view, 'all').length === 3);
      await world.change(clusterRole, 'one', (role) => ({ ...role, rules: [rule('changed')] }));
      await world.change(clusterRole, 'two', (role) => ({ ...role, metadata: { ...role.metadata, labels: {} } }));
      await world.remove(clusterRole, 'three');
    },
    end: (view) => assert.deepEqual(rulesOf(view, 'all'), ['changed']),
  }),
  about({
    name: 'cluster-role-aggregation/chain',
    says: 'What is made of others may be a part itself.',
    async act(world) {
      await part(world, 'leaf', 'low', 'widgets');
      await world.create(clusterRole, {
        metadata: { name: 'middle', labels: { [LABEL]: 'high' } },
        aggregationRule: { clusterRoleSelectors: [{ matchLabels: { [LABEL]: 'low' } }] },
      });
      await whole(world, 'top', 'high');
      await world.until('it has come up', (view) => rulesOf(view, 'top').length === 1);
      await world.remove(clusterRole, 'leaf');
    },
    end: (view) => assert.deepEqual([rulesOf(view, 'middle'), rulesOf(view, 'top')], [[], []]),
  }),
  about({
    name: 'cluster-role-aggregation/by-hand',
    says: 'Rules that somebody writes into a role that is made of others do not stay.',
    async act(world) {
      await part(world, 'one', 'a', 'widgets');
      await whole(world, 'all', 'a');
      await world.until('it has its rules', (view) => rulesOf(view, 'all').length === 1);
      await world.change(clusterRole, 'all', (role) => ({ ...role, rules: [rule('secrets')] }));
    },
    end: (view) => assert.deepEqual(rulesOf(view, 'all'), ['widgets']),
  }),
];
