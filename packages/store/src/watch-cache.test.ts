import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { Form } from './cached.ts';
import { MemoryStore } from './memory.ts';
import { WatchCache } from './watch-cache.ts';

interface Thing {
  readonly name: string;
}
const KEY = '/r/a';
/** Objects of a megabyte: enough for all that came before to go, asked for or not. */
const OTHERS = 80;
const encoder = new TextEncoder();
const life = new AbortController();

async function cacheOf(isLasting = false) {
  let reads = 0;
  const form: Form<Thing> = {
    isLasting,
    hold: (value) => value,
    labelsOf: () => undefined,
    read(value) {
      reads += 1;
      return { name: new TextDecoder().decode(value).trimEnd() };
    },
  };
  const store = new MemoryStore();
  const cache = new WatchCache('/r/', form);
  await cache.start(store, life.signal);
  const write = async (key: string, expected = 0, name = key): Promise<number> =>
    (await store.commit([{ type: 'put', key, value: encoder.encode(name.padEnd(1 << 20)), expected }]))[0] ?? 0;
  return { cache, store, write, reads: () => reads };
}

test('Cached reads an object once while it is asked for, and again when it was let go', async () => {
  const { cache, write, reads } = await cacheOf();
  await write(KEY);
  const held = cache.get(KEY);
  assert.deepEqual([held?.object.name, held?.object.name, reads()], [KEY, KEY, 1]);
  for (let i = 0; i < OTHERS; i++) await write(`/r/b${i}`);
  const before = reads();
  const kept = held?.object;
  assert.ok(held && kept && held.isKeptAs(kept));
  assert.deepEqual([kept.name, reads() - before <= 1], [KEY, true]);
});

test('Cached gives the same object again for as long as somebody holds it', async () => {
  const { cache, write, reads } = await cacheOf();
  await write(KEY);
  const mine = cache.get(KEY)?.object;
  for (let i = 0; i < OTHERS; i++) await write(`/r/b${i}`);
  assert.ok(mine && !cache.get(KEY)?.isKeptAs(mine));
  const before = reads();
  assert.equal(cache.get(KEY)?.object, mine);
  assert.equal(reads(), before);
});

test('Cached never lets go of what cannot be read again', async () => {
  const { cache, write } = await cacheOf(true);
  await write(KEY);
  const finished = { name: 'finished' };
  cache.get(KEY)?.finish(finished);
  for (let i = 0; i < OTHERS; i++) {
    await write(`/r/b${i}`);
    void cache.get(`/r/b${i}`)?.object;
  }
  assert.ok(cache.get(KEY)?.isKeptAs(finished));
});

test('Cached makes another form once while it is asked for, and anew of what it was finished as', async () => {
  const { cache, write } = await cacheOf(true);
  await write(KEY);
  let made = 0;
  const make = ({ name }: Thing): Uint8Array => {
    made += 1;
    return encoder.encode(name);
  };
  const held = cache.get(KEY);
  assert.equal(held?.as(make), held?.as(make));
  assert.equal(made, 1);
  held?.finish({ name: 'other' });
  assert.equal(new TextDecoder().decode(held?.as(make)), 'other');
});

for (const [what, show, isStored] of [
  [
    'those that are stored, held once, where they are equal',
    (thing: Thing): Uint8Array => encoder.encode(thing.name),
    true,
  ],
  [
    'those that the form makes, once, where they are others',
    (thing: Thing): Uint8Array => encoder.encode(`${thing.name}!`),
    false,
  ],
] as const) {
  test(`Cached.bytes are ${what}`, async () => {
    const store = new MemoryStore();
    const read = (value: Uint8Array): Thing => ({ name: new TextDecoder().decode(value) });
    const cache = new WatchCache<Thing>('/r/', {
      isLasting: false,
      hold: (value) => value,
      labelsOf: () => undefined,
      read,
      show,
    });
    await cache.start(store, life.signal);
    const value = encoder.encode('x');
    await store.commit([{ type: 'put', key: KEY, value, expected: 0 }]);
    const held = cache.get(KEY);
    assert.equal(held?.bytes, held?.bytes);
    assert.deepEqual([new TextDecoder().decode(held?.bytes), held?.bytes === value], [isStored ? 'x' : 'x!', isStored]);
  });
}

test('WatchCache keeps only the bytes of what was replaced, and they can be read', async () => {
  const { cache, write } = await cacheOf();
  const first = await write(KEY);
  const old = cache.get(KEY);
  const object = old?.object;
  await write(KEY, first, 'new');
  assert.ok(object && !old?.isKeptAs(object));
  assert.deepEqual([old?.object.name, cache.get(KEY)?.object.name], [KEY, 'new']);
});

test('WatchCache.at() is what the store says was there, and how many came after, whatever happened since', async () => {
  const at = fc.record({ name: fc.nat(20), isDeletion: fc.boolean() });
  await fc.assert(
    fc.asyncProperty(
      fc.array(at, { minLength: 1, maxLength: 60 }),
      fc.nat(60),
      fc.option(fc.nat(20)),
      async (writes, back, from) => {
        const { cache, store } = await cacheOf();
        for (const { name, isDeletion } of writes) {
          const key = keyOf(name);
          const expected = (await store.get(key))?.revision ?? 0;
          if (isDeletion && expected === 0) continue;
          await store.commit([
            isDeletion ? { type: 'delete', key, expected } : { type: 'put', key, value: encoder.encode('x'), expected },
          ]);
        }
        const revision = Math.max(0, store.revision() - back);
        const after = from === null ? undefined : keyOf(from);
        const { entries } = await store.list('/r/', { revision, ...(after === undefined ? {} : { after }) });
        const past = cache.at(revision, '/r/', after);
        assert.deepEqual(
          Array.from(past.found, (held) => [held.key, held.revision]),
          entries.map((entry) => [entry.key, entry.revision]),
        );
        for (const [i, { key }] of entries.entries()) assert.equal(past.count(key), entries.length - 1 - i);
      },
    ),
    { numRuns: 200 },
  );
});

const keyOf = (name: number): string => `/r/${String(name).padStart(3, '0')}`;
