import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configMap } from '@navarch/api';
import type { ApiObject } from '@navarch/machinery';
import { MemoryStore, type Operation, StaleError } from '@navarch/store';
import { asked } from '../testing/ask.ts';
import { Shelf } from './shelf.ts';

const draft = (name: string): ApiObject =>
  ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace: 'd', uid: 'u', resourceVersion: '', annotations: { note: '"resourceVersion":""' } },
    data: { a: 'ü' },
  }) as unknown as ApiObject;

/** As an engine far away: it learns the revision with the answer, and what others wrote it only knows as bytes. */
class LateStore extends MemoryStore {
  override commit(operations: readonly Operation[]): Promise<readonly number[]> {
    return super.commit(
      operations.map((operation) => {
        if (operation.type === 'delete') return operation;
        const { value, attachment: _, ...rest } = operation;
        return { ...rest, value: typeof value === 'function' ? value(0) : value };
      }),
    );
  }
}

for (const store of [new MemoryStore(), new LateStore()]) {
  test(`what a ${store.constructor.name} holds is shown with its revision, to its writer, in the cache and after a start`, async () => {
    const shelf = new Shelf(configMap, store);
    const { signal } = new AbortController();
    await shelf.start(signal);
    const key = shelf.keyOf('d', 'a');
    const written = await shelf.create(key, draft('a'));
    await shelf.create(shelf.keyOf('d', 'b'), draft('b'));
    const replaced = await shelf.replace(written, draft('a'));
    const again = new Shelf(configMap, store);
    await again.start(signal);
    assert.notEqual(replaced.revision, written.revision);
    for (const held of [written, replaced, shelf.cache.get(key), again.cache.get(key)]) {
      const shown = JSON.parse(new TextDecoder().decode(held?.bytes)) as ApiObject;
      assert.deepEqual(shown, {
        ...draft('a'),
        metadata: { ...draft('a').metadata, resourceVersion: String(held?.revision) },
      });
      assert.deepEqual(held?.object, shown);
    }
  });
}

for (const [store, atOnce] of [
  [new MemoryStore(), 2],
  [new LateStore(), 1],
] as const) {
  test(`an object that goes is written going and taken away, ${atOnce === 2 ? 'at once' : 'one after the other'} where a ${store.constructor.name} has it`, async (t) => {
    const shelf = new Shelf(configMap, store);
    const { signal } = new AbortController();
    await shelf.start(signal);
    const written = await shelf.create(shelf.keyOf('d', 'a'), draft('a'));
    const seen: string[] = [];
    const stop = shelf.cache.follow(written.revision, (events) =>
      seen.push(...events.map(({ revision, current }) => `${current ? 'written' : 'removed'} ${revision}`)),
    );
    const commits = t.mock.method(store, 'commit').mock;
    const marked = { ...draft('a'), data: { a: 'going' } } as unknown as ApiObject;
    const removing = shelf.removeMarked(written, marked);
    assert.equal(commits.callCount(), atOnce);
    const { revision, bytes } = await removing;
    stop();
    assert.deepEqual(seen, [`written ${revision - 1}`, `removed ${revision}`]);
    assert.deepEqual(JSON.parse(new TextDecoder().decode(bytes)).data, { a: 'going' });
    assert.equal(shelf.cache.size, 0);
    await assert.rejects(shelf.removeMarked(written, draft('a')), StaleError);
  });
}

test('what this process wrote is not parsed again, however it is written and read afterwards', async (t) => {
  const { ask } = await asked();
  const parse = t.mock.method(JSON, 'parse');
  const stored = (): number =>
    parse.mock.calls.filter(({ arguments: [text] }) => /"resourceVersion":"\d/.test(text)).length;
  const at = '/api/v1/namespaces/d/configmaps';
  await ask('POST', at, { metadata: { name: 'a' }, data: { a: '1' } });
  const answers = stored();
  assert.equal(answers, 1, 'the answer, by the test');
  await ask('PATCH', `${at}/a`, { data: { a: '2' } }, { 'content-type': 'application/merge-patch+json' });
  await ask('PATCH', `${at}/a`, { data: { a: '3' } }, { 'content-type': 'application/merge-patch+json' });
  await ask('DELETE', `${at}/a`);
  assert.equal(stored(), 3);
});
