import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Clock } from '@navarch/base';
import type { ApiObject } from '@navarch/machinery';
import { CompactedError, EVENT_WINDOW_MAX, MemoryStore, WatchCache } from '@navarch/store';
import * as fc from 'fast-check';
import { type Events, FanOut, type Interest, type Place, type Reader } from './fan-out.ts';

const encoder = new TextEncoder();
const life = new AbortController();

/** A store, a fan-out over it, and time that passes only while readers are told. */
async function fanned({
  deliveryMs = 1,
  signal = life.signal,
}: { readonly deliveryMs?: number; readonly signal?: AbortSignal } = {}) {
  const store = new MemoryStore();
  const cache = new WatchCache<ApiObject>(
    '/r/',
    {
      read: (value) => JSON.parse(new TextDecoder().decode(value)) as ApiObject,
      hold: (value) => value,
      labelsOf: () => undefined,
      isLasting: false,
    },
    { fields: { node: (object) => (object as { readonly node?: string }).node ?? '' }, indexed: [] },
  );
  await cache.start(store, life.signal);
  const turns: (() => void)[] = [];
  let now = 0;
  const clock: Clock = {
    now: () => now,
    monotonic: () => now,
    sleep: async (_, over) => {
      await new Promise<void>((resolve) => turns.push(resolve));
      over.throwIfAborted();
    },
  };
  const fan = new FanOut(cache, clock, signal);
  let written = 0;
  return {
    cache,
    fan,
    write: async (count = 1): Promise<void> => {
      await store.commit(
        Array.from({ length: count }, () => ({
          type: 'put' as const,
          key: `/r/${written++}`,
          value: encoder.encode('{}'),
          expected: 0,
        })),
      );
    },
    /** Writes one of a few objects anew, which are on a node each. */
    place: async (name: number, node: string): Promise<void> => {
      const key = `/r/on-node/${name}`;
      const expected = (await store.get(key))?.revision ?? 0;
      await store.commit([{ type: 'put', key, value: encoder.encode(JSON.stringify({ node })), expected }]);
    },
    /** Others had their turn: whoever still waits is told of more. False when nobody waited. */
    turn: async (): Promise<boolean> => {
      const next = turns.shift();
      next?.();
      await new Promise((resolve) => setImmediate(resolve));
      return next !== undefined;
    },
    reader: (fails = false, node?: string): Told =>
      new Told(() => {
        now += deliveryMs;
        if (fails) throw new Error('cannot be shown');
      }, node),
  };
}

class Told implements Reader {
  readonly batches: Events[] = [];
  readonly #passTime: () => void;
  error: unknown;

  readonly interest: Interest | undefined;

  constructor(passTime: () => void, node: string | undefined) {
    this.#passTime = passTime;
    this.interest = node === undefined ? undefined : { field: 'node', value: node };
  }

  get revisions(): readonly number[] {
    return this.batches.flat().map(({ revision }) => revision);
  }

  deliver(events: Events): void {
    this.#passTime();
    this.batches.push(events);
  }

  failed(error: unknown): void {
    this.error = error;
  }
}

test('FanOut tells of what was missed first, and refuses what is no longer known', async () => {
  const { fan, write, reader } = await fanned();
  await write(3);
  const one = reader();
  fan.add(1, one);
  await write();
  assert.deepEqual(one.revisions, [2, 3, 4]);
  await write(EVENT_WINDOW_MAX * 2);
  assert.throws(() => fan.add(1, reader()), CompactedError);
});

test('FanOut tells many by turns: who comes later is told of what was written meanwhile in one piece, the same for all', async () => {
  const { fan, write, turn, reader } = await fanned();
  const readers = Array.from({ length: 20 }, () => reader());
  for (const one of readers) fan.add(0, one);
  await write();
  assert.deepEqual(readers.filter(({ batches }) => batches.length > 0).length, 8);
  await write();
  while (await turn());
  for (const { revisions } of readers) assert.deepEqual(revisions, [1, 2]);
  assert.deepEqual(
    readers.map(({ batches }) => batches.length),
    [...Array<number>(8).fill(2), ...Array<number>(12).fill(1)],
  );
  assert.equal(readers[8]?.batches[0], readers[19]?.batches[0]);
});

test('FanOut tells those of one connection after each other, whenever they came', async () => {
  const { fan, write, turn } = await fanned();
  const told: string[] = [];
  const readerOf = (connection: object | undefined, name: string): Reader => ({
    connection,
    deliver: () => void told.push(name),
    failed: assert.ifError,
  });
  const [a, b] = [{}, {}];
  const places = [a, b, undefined, a, b, undefined].map((connection, i) => fan.add(0, readerOf(connection, `${i}`)));
  await write();
  while (await turn());
  assert.deepEqual(told.splice(0), ['0', '3', '1', '4', '2', '5']);
  for (const place of places.slice(0, 4)) fan.remove(place);
  await write();
  while (await turn());
  assert.deepEqual(told, ['4', '5']);
});

test('FanOut brings one up to date before its turn, and tells it nothing twice', async () => {
  const { fan, write, turn, reader } = await fanned();
  const readers = Array.from({ length: 20 }, () => reader());
  const places = readers.map((one) => fan.add(0, one));
  await write();
  fan.catchUp(places[19] as Place);
  assert.deepEqual(readers[19]?.revisions, [1]);
  await write();
  fan.remove(places[18] as Place);
  while (await turn());
  assert.deepEqual([readers[17]?.revisions, readers[18]?.revisions, readers[19]?.revisions], [[1, 2], [], [1, 2]]);
});

test('FanOut leaves out a reader that cannot be told, and nobody else', async () => {
  const { fan, write, reader } = await fanned({ deliveryMs: 0 });
  const [first, broken, last] = [reader(), reader(true), reader()];
  for (const one of [first, broken, last]) fan.add(0, one);
  await write();
  await write();
  assert.deepEqual([first.revisions, last.revisions, broken.batches.length], [[1, 2], [1, 2], 0]);
  assert.match(String(broken.error), /cannot be shown/);
});

test('FanOut tells nobody any more once it is over', async () => {
  const over = new AbortController();
  const { fan, write, turn, reader } = await fanned({ signal: over.signal });
  const readers = Array.from({ length: 20 }, () => reader());
  for (const one of readers) fan.add(0, one);
  await write();
  over.abort(new Error('The resource is no longer served'));
  await turn();
  await write();
  while (await turn());
  assert.equal(readers.filter(({ batches }) => batches.length > 0).length, 8);
  assert.ok(readers.every(({ batches }) => batches.length <= 1));
});

test('FanOut lets no more than a few batches wait: then whoever writes waits for the readers', async () => {
  const { fan, write, reader } = await fanned();
  const readers = Array.from({ length: 20 }, () => reader());
  for (const one of readers) fan.add(0, one);
  for (let i = 0; i < 33; i++) await write();
  for (const { revisions } of readers) assert.equal(revisions.length, 33);
});

test('property: every reader of a FanOut is told of each change after its beginning once, in order, however they interleave', async () => {
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.record({ type: fc.constant('write' as const), count: fc.integer({ min: 1, max: 3 }) }) },
    { weight: 3, arbitrary: fc.record({ type: fc.constant('add' as const), back: fc.nat(5) }) },
    { weight: 3, arbitrary: fc.record({ type: fc.constant('turn' as const) }) },
    {
      weight: 1,
      arbitrary: fc.record({ type: fc.constantFrom('remove' as const, 'catchUp' as const), which: fc.nat(40) }),
    },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const { cache, fan, write, turn, reader } = await fanned();
      const live: { readonly told: Told; readonly place: Place; readonly after: number }[] = [];
      for (const one of steps) {
        if (one.type === 'write') await write(one.count);
        else if (one.type === 'turn') await turn();
        else if (one.type === 'add') {
          for (let i = 0; i < 5; i++) {
            const told = reader();
            const after = Math.max(0, cache.revision - one.back);
            live.push({ told, after, place: fan.add(after, told) });
          }
        } else {
          const [chosen] = live.slice(one.which % Math.max(1, live.length));
          if (!chosen) continue;
          if (one.type === 'catchUp') {
            fan.catchUp(chosen.place);
            assert.equal(chosen.told.revisions.at(-1) ?? chosen.after, cache.revision);
          } else {
            fan.remove(chosen.place);
            live.splice(live.indexOf(chosen), 1);
          }
        }
      }
      while (await turn());
      for (const { told, after } of live) {
        assert.deepEqual(
          told.revisions,
          Array.from({ length: cache.revision - after }, (_, i) => after + 1 + i),
        );
      }
    }),
    { numRuns: 200 },
  );
});

test('FanOut wakes those who follow a node for what comes to it or leaves it, and for nothing else', async () => {
  const { fan, place, turn, reader } = await fanned();
  const [a, b] = [reader(false, 'a'), reader(false, 'b')];
  for (const one of [a, b]) fan.add(0, one);
  for (const node of ['a', 'a', 'b', 'c', 'c']) await place(0, node);
  while (await turn());
  assert.deepEqual(
    [a.revisions, b.revisions],
    [
      [1, 2, 3],
      [3, 4],
    ],
  );
});

test('property: who follows a node misses nothing of it, whoever comes, goes and writes meanwhile', async () => {
  const node = fc.constantFrom('a', 'b', 'c');
  const step = fc.oneof(
    { weight: 5, arbitrary: fc.record({ type: fc.constant('write' as const), name: fc.nat(4), node }) },
    { weight: 2, arbitrary: fc.record({ type: fc.constant('add' as const), back: fc.nat(5), node: fc.option(node) }) },
    { weight: 3, arbitrary: fc.record({ type: fc.constant('turn' as const) }) },
    {
      weight: 1,
      arbitrary: fc.record({ type: fc.constantFrom('remove' as const, 'catchUp' as const), which: fc.nat(40) }),
    },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 80 }), async (steps) => {
      const { cache, fan, place, turn, reader } = await fanned();
      const live: { readonly told: Told; readonly place: Place; readonly after: number }[] = [];
      for (const one of steps) {
        if (one.type === 'write') await place(one.name, one.node);
        else if (one.type === 'turn') await turn();
        else if (one.type === 'add') {
          const told = reader(false, one.node ?? undefined);
          const after = Math.max(0, cache.revision - one.back);
          live.push({ told, after, place: fan.add(after, told) });
        } else {
          const [chosen] = live.splice(one.which % Math.max(1, live.length), 1);
          if (!chosen) continue;
          fan[one.type](chosen.place);
          if (one.type === 'catchUp') live.push(chosen);
        }
      }
      while (await turn());
      for (const { told, after } of live) {
        const concerns = ({ current, previous }: Events[number]): boolean =>
          told.interest === undefined ||
          [current, previous].some((held) => held?.field('node') === told.interest?.value);
        const expected = cache
          .since(after)
          .filter(concerns)
          .map(({ revision }) => revision);
        assert.deepEqual(
          told.batches
            .flat()
            .filter(concerns)
            .map(({ revision }) => revision),
          expected,
        );
      }
    }),
  );
});
