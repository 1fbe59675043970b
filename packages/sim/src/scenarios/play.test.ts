import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configMap, pod } from '@navarch/api';
import { defineController, self } from '@navarch/controllers';
import { named } from './drafts.ts';
import { play } from './play.ts';
import { invariantOf } from './property.ts';
import { defineScenario, type Scenario } from './scenario.ts';
import { scenarios } from './index.ts';

const plain: Scenario = {
  name: 'test/plain',
  says: 'A config map is there.',
  controllers: () => [],
  act: async (world) => void (await world.create(configMap, { metadata: named('one') })),
  end: (view) => assert.ok(view.get(configMap, 'default/one')),
};

const errorOf = async (scenario: Partial<Scenario>, seed = 1): Promise<string> =>
  (await play(defineScenario({ ...plain, ...scenario }), seed)).error ?? 'none';

test('play() says nothing of a scenario that holds, whatever goes wrong on the way', async () => {
  for (let seed = 1; seed <= 10; seed++) assert.equal(await errorOf({}, seed), 'none', `seed ${seed}`);
});

test('play() finds what is wrong for the moment of one write only', async () => {
  const act: Scenario['act'] = async (world) => {
    await plain.act(world);
    await world.change(configMap, 'default/one', (c) => ({ ...c, data: { bad: 'yes' } }));
    await world.change(configMap, 'default/one', (c) => ({ ...c, data: {} }));
  };
  const never = invariantOf('never bad', [configMap], (view) =>
    view.list(configMap).some((c) => c.data?.['bad']) ? 'it is' : undefined,
  );
  assert.match(await errorOf({ act, always: [never] }), /never bad: it is/);
  assert.equal(await errorOf({ act, always: [{ ...never, of: [pod] }] }), 'none');
});

test('play() finds what does not come to hold, and what does not stay', async () => {
  assert.match(await errorOf({ end: () => assert.fail('not yet') }), /not so after 30 minutes.*not yet/);
  const passing = defineController({
    name: 'passing',
    watches: [self(configMap, ({ current }) => current?.metadata.name === 'one')],
    async reconcile(key, { api, cache, clock }) {
      const made = cache.get(configMap, key)?.metadata.creationTimestamp;
      if (made === undefined) return undefined;
      const left = Date.parse(made) + 20_000 - clock.now();
      if (left > 0) return { requeueAfterMs: left };
      await api.of(configMap).delete(key);
      return undefined;
    },
  });
  assert.match(await errorOf({ controllers: () => [passing] }), /not so after 30 minutes/);
});

test('play() finds two histories of one seed', async () => {
  let plays = 0;
  const act: Scenario['act'] = async (world) => {
    await world.create(configMap, { metadata: named('one'), data: { play: String(plays++) } });
  };
  assert.match(await errorOf({ act }), /two plays wrote different histories/);
});

test('play() takes an error in the log for a failure', async () => {
  const failing = defineController({
    name: 'failing',
    watches: [self(configMap)],
    async reconcile() {
      throw new TypeError('a bug');
    },
  });
  assert.match(await errorOf({ controllers: () => [failing] }), /logged an error.*a bug/);
});

test('scenarios have names of their own', () => {
  const names = scenarios.map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
  for (const name of names) assert.match(name, /^[a-z0-9-]+\/[a-z0-9-]+$/);
});
