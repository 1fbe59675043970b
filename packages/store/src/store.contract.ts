import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Change, CompactedError, FutureRevisionError, StaleError, type Store } from './store.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const textOf = (value: Uint8Array): string => new TextDecoder().decode(value);
const never = new AbortController().signal;

/** What every engine must do. `open` gives an empty store; `reopen`, where the engine is durable, the same one after a stop. */
export function storeContract(
  name: string,
  open: () => Promise<Store>,
  reopen?: (store: Store) => Promise<Store>,
): void {
  const put = (store: Store, key: string, value: string, expected: number): Promise<readonly number[]> =>
    store.commit([{ type: 'put', key, value: bytes(value), expected }]);

  test(`${name}: commit() creates, changes and deletes under growing revisions`, async () => {
    const store = await open();
    const [created = 0] = await put(store, '/a', '1', 0);
    const [changed = 0] = await put(store, '/a', '2', created);
    assert.ok(created > 0 && changed > created);
    const entry = await store.get('/a');
    assert.deepEqual([entry?.revision, entry?.created, textOf(entry?.value ?? bytes(''))], [changed, created, '2']);
    await store.commit([{ type: 'delete', key: '/a', expected: changed }]);
    assert.equal(await store.get('/a'), undefined);
    await store.close();
  });

  test(`${name}: check() is content with a store that is open, and with no other`, async () => {
    const store = await open();
    await store.check();
    await put(store, '/a', '1', 0);
    await store.check();
    await store.close();
    await assert.rejects(store.check(), /closed/);
  });

  test(`${name}: commit() refuses a stale write and says where the key is`, async () => {
    const store = await open();
    const [revision = 0] = await put(store, '/a', '1', 0);
    await assert.rejects(
      put(store, '/a', '2', 0),
      (error) => error instanceof StaleError && error.current === revision,
    );
    await assert.rejects(store.commit([{ type: 'delete', key: '/none', expected: 5 }]), StaleError);
    await store.close();
  });

  test(`${name}: commit() of several operations is all or nothing`, async () => {
    const store = await open();
    await assert.rejects(
      store.commit([
        { type: 'put', key: '/a', value: bytes('1'), expected: 0 },
        { type: 'put', key: '/b', value: bytes('1'), expected: 7 },
      ]),
      StaleError,
    );
    assert.equal(await store.get('/a'), undefined);
    await store.close();
  });

  test(`${name}: commit() makes a value of the revision that it gets, and none that is refused`, async () => {
    const store = await open();
    const asked: number[] = [];
    const value = (revision: number): Uint8Array => {
      asked.push(revision);
      return bytes(`at ${revision}`);
    };
    const seen: Change[] = [];
    store.subscribe(
      '/',
      store.revision(),
      { changed: (changes) => seen.push(...changes), lost: () => undefined },
      never,
    );
    const [first = 0, second = 0] = await store.commit([
      { type: 'put', key: '/a', value, expected: 0 },
      { type: 'put', key: '/b', value, expected: 0 },
    ]);
    await assert.rejects(
      store.commit([
        { type: 'put', key: '/c', value, expected: 0 },
        { type: 'put', key: '/a', value, expected: second },
      ]),
      StaleError,
    );
    assert.deepEqual(asked, [first, second]);
    assert.equal(textOf((await store.get('/b'))?.value ?? bytes('')), `at ${second}`);
    assert.deepEqual(
      seen.map((change) => change.type === 'put' && textOf(change.value)),
      [`at ${first}`, `at ${second}`],
    );
    await store.close();
  });

  test(`${name}: of writers that race for one key exactly one wins`, async () => {
    const store = await open();
    const results = await Promise.allSettled(Array.from({ length: 20 }, (_, i) => put(store, '/a', String(i), 0)));
    assert.equal(results.filter((r) => r.status === 'fulfilled').length, 1);
    await store.close();
  });

  test(`${name}: a key deleted, made and deleted again at once is gone for the next writer`, async () => {
    const store = await open();
    const [first = 0] = await put(store, '/a', '1', 0);
    const steps = [
      store.commit([{ type: 'delete', key: '/a', expected: first }]),
      put(store, '/a', '2', 0),
      store.commit([{ type: 'delete', key: '/a', expected: first + 2 }]),
    ];
    await steps[0];
    const late = put(store, '/a', '3', first + 2);
    await assert.rejects(late, StaleError);
    await Promise.all(steps);
    assert.equal(await store.get('/a'), undefined);
    await store.close();
  });

  test(`${name}: list() pages in key order and reads the past`, async () => {
    const store = await open();
    for (const key of ['/p/c', '/p/a', '/p/b', '/q/a']) await put(store, key, key, 0);
    const before = store.revision();
    await put(store, '/p/d', 'new', 0);
    const page = await store.list('/p/', { limit: 2 });
    assert.deepEqual([page.entries.map((e) => e.key), page.remaining], [['/p/a', '/p/b'], 2]);
    const rest = await store.list('/p/', { after: '/p/b' });
    assert.deepEqual(
      rest.entries.map((e) => e.key),
      ['/p/c', '/p/d'],
    );
    assert.deepEqual(
      (await store.list('/p/', { revision: before })).entries.map((e) => e.key),
      ['/p/a', '/p/b', '/p/c'],
    );
    await assert.rejects(store.list('/p/', { revision: store.revision() + 1 }), FutureRevisionError);
    await store.close();
  });

  test(`${name}: compact() forgets the past and keeps what is live`, async () => {
    const store = await open();
    const [first = 0] = await put(store, '/a', '1', 0);
    await put(store, '/a', '2', first);
    await store.compact(store.revision());
    await assert.rejects(store.list('/', { revision: first }), CompactedError);
    assert.throws(
      () => store.subscribe('/', first, { changed: () => undefined, lost: () => undefined }, never),
      CompactedError,
    );
    assert.equal(textOf((await store.get('/a'))?.value ?? bytes('')), '2');
    await store.close();
  });

  test(`${name}: subscribe() hands over every change once, in order, before its commit resolves`, async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ key: fc.constantFrom('/x/a', '/x/b', '/x/ü', '/y/a'), remove: fc.boolean() }), {
          maxLength: 30,
        }),
        async (steps) => {
          const store = await open();
          const seen: Change[] = [];
          const start = store.revision();
          store.subscribe('/x/', start, { changed: (changes) => seen.push(...changes), lost: () => undefined }, never);
          const model = new Map<string, number>();
          const expected: number[] = [];
          for (const { key, remove } of steps) {
            const at = model.get(key) ?? 0;
            if (remove && at === 0) continue;
            const [revision = 0] = await store.commit([
              remove ? { type: 'delete', key, expected: at } : { type: 'put', key, value: bytes(''), expected: at },
            ]);
            if (remove) model.delete(key);
            else model.set(key, revision);
            if (key.startsWith('/x/')) expected.push(revision);
            assert.deepEqual(
              seen.map((c) => c.revision),
              expected,
            );
          }
          const late: number[] = [];
          store.subscribe(
            '/x/',
            start,
            { changed: (changes) => late.push(...changes.map((c) => c.revision)), lost: () => undefined },
            never,
          );
          assert.deepEqual(late, expected);
          assert.deepEqual(
            (await store.list('/')).entries.map((e) => e.key),
            [...model.keys()].sort(),
          );
          await store.close();
        },
      ),
      { numRuns: 15 },
    );
  });

  if (!reopen) return;
  test(`${name}: what was acknowledged is there after a stop, and revisions go on`, async () => {
    let store = await open();
    const [a = 0] = await put(store, '/a', '1', 0);
    const [b = 0] = await put(store, '/b', '1', 0);
    await store.commit([{ type: 'delete', key: '/a', expected: a }]);
    store = await reopen(store);
    assert.deepEqual(
      (await store.list('/')).entries.map((e) => [e.key, e.revision]),
      [['/b', b]],
    );
    const [c = 0] = await put(store, '/c', '1', 0);
    assert.ok(c > b + 1);
    await store.close();
  });

  test(`${name}: who watched before a stop goes on where it was`, async () => {
    let store = await open();
    const [a = 0] = await put(store, '/a', '1', 0);
    await put(store, '/b', '1', 0);
    await store.commit([{ type: 'delete', key: '/a', expected: a }]);
    store = await reopen(store);
    const seen: Change[] = [];
    store.subscribe('/', a, { changed: (changes) => seen.push(...changes), lost: () => undefined }, never);
    assert.deepEqual(
      seen.map(({ type, key, revision, previous }) => [type, key, revision, previous?.revision]),
      [
        ['put', '/b', a + 1, undefined],
        ['delete', '/a', a + 2, a],
      ],
    );
    assert.deepEqual(
      (await store.list('/', { revision: a })).entries.map((e) => e.key),
      ['/a'],
    );
    await store.close();
  });

  test(`${name}: compaction outlives a stop and takes nothing that is live`, async () => {
    let store = await open();
    const [a = 0] = await put(store, '/a', '1', 0);
    const [changed = 0] = await put(store, '/a', '2', a);
    const [b = 0] = await put(store, '/b', '1', 0);
    await store.commit([{ type: 'delete', key: '/b', expected: b }]);
    await put(store, '/c', '1', 0);
    await store.compact(b);
    store = await reopen(store);
    assert.equal(store.oldest(), b);
    assert.deepEqual(
      (await store.list('/', { revision: b })).entries.map((e) => [e.key, e.revision]),
      [
        ['/a', changed],
        ['/b', b],
      ],
    );
    assert.deepEqual(
      (await store.list('/')).entries.map((e) => [e.key, e.created]),
      [
        ['/a', a],
        ['/c', b + 2],
      ],
    );
    await assert.rejects(store.list('/', { revision: a }), CompactedError);
    await store.close();
  });
}
