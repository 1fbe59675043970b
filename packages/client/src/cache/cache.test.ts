import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configMap } from '@navarch/api';
import { seededRandom, silent, TaskGroup } from '@navarch/base';
import type { ApiObject, Key } from '@navarch/machinery';
import { settle, SimClock } from '@navarch/sim';
import fc from 'fast-check';
import { MemoryApi } from '../testing/memory-api.ts';
import { byNamespace, byOwner, defineIndex } from './cache-index.ts';
import { Cache } from './cache.ts';

const kind = configMap;

async function withCache(
  work: (api: MemoryApi, cache: Cache, clock: SimClock, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const [api, clock, stop] = [new MemoryApi(kind), new SimClock(), new AbortController()];
  await using group = new TaskGroup(stop.signal);
  const cache = new Cache({ api, clock, random: seededRandom(1), log: silent });
  cache.follow(kind);
  group.spawn((signal) => cache.run(signal));
  await work(api, cache, clock, group.signal);
}
const names = (objects: readonly ApiObject[]): readonly string[] => objects.map((o) => o.metadata.name).sort();

test('Cache lists once, then follows, and tells listeners what was before', async () => {
  await withCache(async (api, cache, _clock, signal) => {
    api.put('a/one');
    const seen: string[] = [];
    cache.onChange(kind, (current, previous) =>
      seen.push(`${previous?.metadata.resourceVersion ?? '-'}>${current?.metadata.resourceVersion ?? '-'}`),
    );
    await cache.whenSynced([kind], signal);
    api.put('a/one');
    api.put('a/two');
    api.remove('a/one');
    await settle();
    assert.deepEqual(seen, ['->1', '1>2', '->3', '2>-']);
    assert.deepEqual([api.lists, api.watches], [1, 1]);
    const late: (string | undefined)[] = [];
    cache.onChange(kind, (current) => late.push(current?.metadata.name));
    assert.deepEqual(late, ['two'], 'who comes late is told what is there');
  });
});

test('Cache goes on with the watch where it broke, and lists anew where its place is forgotten', async () => {
  await withCache(async (api, cache, clock, signal) => {
    api.put('a/one');
    api.put('a/two');
    await cache.whenSynced([kind], signal);
    api.interrupt(false);
    api.put('a/three');
    await clock.advance(5000);
    assert.deepEqual([names(cache.list(kind)), api.lists], [['one', 'three', 'two'], 1]);
    const gone: (string | undefined)[] = [];
    cache.onChange(kind, (current, previous) => current || gone.push(previous?.metadata.name));
    api.remove('a/one');
    api.interrupt(true);
    await clock.advance(60_000);
    assert.deepEqual([names(cache.list(kind)), api.lists], [['three', 'two'], 2]);
    assert.deepEqual(gone, ['one']);
  });
});

test('Cache finds within ten minutes what a watch did not say whose connection is dead', async () => {
  await withCache(async (api, cache, clock, signal) => {
    api.put('a/one');
    await cache.whenSynced([kind], signal);
    await clock.advance(1000);
    api.mute();
    api.put('a/two');
    await clock.advance(60_000);
    assert.deepEqual(names(cache.list(kind)), ['one']);
    await clock.advance(10 * 60_000);
    assert.deepEqual([names(cache.list(kind)), api.lists], [['one', 'two'], 1]);
  });
});

test('Cache.whenSeen() waits for a version; a bookmark is enough', async () => {
  await withCache(async (api, cache, _clock, signal) => {
    await cache.whenSynced([kind], signal);
    assert.equal(cache.hasSeen(kind, '1'), false);
    const seen = cache.whenSeen(kind, '1', signal);
    api.bookmark();
    await seen;
    assert.equal(cache.versionOf(kind), '1');
  });
});

test('Cache.relist() answers many callers with one list that began after the last of them', async () => {
  await withCache(async (api, cache, clock, signal) => {
    await cache.whenSynced([kind], signal);
    const asked = [cache.relist(kind, signal), cache.relist(kind, signal), cache.relist(kind, signal)];
    await clock.advance(0);
    for (const one of asked) await one;
    assert.equal(api.lists, 2);
    api.failNext = new Error('down');
    const later = cache.relist(kind, signal);
    await clock.advance(10_000);
    await later;
    assert.equal(api.lists, 4);
  });
});

test('Cache.relist() waits between lists that fail', async () => {
  await withCache(async (api, cache, clock, signal) => {
    await cache.whenSynced([kind], signal);
    api.failNext = new Error('down');
    api.failuresLeft = 50;
    const asked = cache.relist(kind, signal);
    await clock.advance(10_000);
    assert.ok(api.lists < 10, `${api.lists} lists in ten seconds`);
    api.failNext = undefined;
    await clock.advance(60_000);
    await asked;
  });
});

test('Cache reports an object that was replaced under its name as gone and new', async () => {
  await withCache(async (api, cache, clock, signal) => {
    api.put('a/one');
    await cache.whenSynced([kind], signal);
    const seen: string[] = [];
    cache.onChange(kind, (current, previous) =>
      seen.push(`${previous?.metadata.uid ?? '-'}>${current?.metadata.uid ?? '-'}`),
    );
    api.remove('a/one');
    api.put('a/one');
    api.interrupt(true);
    await clock.advance(60_000);
    assert.deepEqual(seen, ['->uid-1', 'uid-1>-', '->uid-3']);
  });
});

test('Cache indexes equal what a scan would find, whatever happens', async () => {
  const byLabel = defineIndex(({ metadata }) => Object.keys(metadata.labels ?? {}));
  const step = fc.oneof(
    fc.record({
      type: fc.constant('put' as const),
      key: fc.constantFrom('a/1', 'a/2', 'b/1', 'b/2'),
      label: fc.constantFrom('x', 'y', 'z'),
      owner: fc.constantFrom('o1', 'o2'),
    }),
    fc.record({ type: fc.constant('remove' as const), key: fc.constantFrom('a/1', 'a/2', 'b/1', 'b/2') }),
    fc.record({ type: fc.constant('interrupt' as const), forget: fc.boolean() }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      await withCache(async (api, cache, clock, signal) => {
        await cache.whenSynced([kind], signal);
        cache.find(kind, byLabel, 'x');
        for (const one of steps) {
          if (one.type === 'put')
            api.put(one.key, {
              labels: { [one.label]: '' },
              ownerReferences: [{ apiVersion: 'v1', kind: 'K', name: 'n', uid: one.owner }],
            });
          else if (one.type === 'interrupt') api.interrupt(one.forget);
          else if (api.objects.has(one.key)) api.remove(one.key);
          await settle();
        }
        await clock.advance(600_000);
        const all = [...api.objects.values()];
        const keys = (objects: readonly ApiObject[]): readonly Key[] =>
          objects.map((o) => `${o.metadata.namespace}/${o.metadata.name}@${o.metadata.resourceVersion}`).sort();
        assert.deepEqual(keys(cache.list(kind)), keys(all));
        for (const label of ['x', 'y', 'z'])
          assert.deepEqual(
            keys(cache.find(kind, byLabel, label)),
            keys(all.filter((o) => o.metadata.labels?.[label] === '')),
          );
        for (const owner of ['o1', 'o2'])
          assert.deepEqual(
            keys(cache.find(kind, byOwner, owner)),
            keys(all.filter((o) => o.metadata.ownerReferences?.[0]?.uid === owner)),
          );
        assert.deepEqual(keys(cache.find(kind, byNamespace, 'a')), keys(cache.list(kind, 'a')));
      });
    }),
    { numRuns: 40 },
  );
});
