import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Change } from './store.ts';
import { Subscriptions } from './subscriptions.ts';

const change = (key: string, revision: number): Change => ({
  type: 'put',
  key,
  revision,
  value: new Uint8Array(),
  previous: undefined,
  attachment: undefined,
});

const text = fc.string({ unit: fc.constantFrom('a', 'b', '/'), maxLength: 6 });

test('tell() tells everybody of the changes under his prefix, in the order in which they came', () => {
  fc.assert(
    fc.property(fc.array(text), fc.array(fc.array(text, { minLength: 1, maxLength: 3 })), (prefixes, commits) => {
      const subscriptions = new Subscriptions();
      const told: unknown[] = [];
      const wanted: unknown[] = [];
      const at = Math.floor(commits.length / 2);
      const listen = (prefix: string, i: number): void => {
        subscriptions.add(prefix, {
          changed: (changes) => told.push([i, changes.map(({ key }) => key)]),
          lost: () => undefined,
        });
      };
      // Half of them when there have been changes already.
      const late = prefixes.splice(Math.ceil(prefixes.length / 2));
      prefixes.forEach(listen);
      for (const [n, keys] of commits.entries()) {
        if (n === at) late.forEach((prefix) => listen(prefix, prefixes.push(prefix) - 1));
        subscriptions.tell(keys.map((key, i) => change(key, i)));
        for (const [i, prefix] of prefixes.entries()) {
          const seen = keys.filter((key) => key.startsWith(prefix));
          if (seen.length > 0) wanted.push([i, seen]);
        }
      }
      assert.deepEqual(told, wanted);
    }),
  );
});

test('tell() tells nobody who has stopped, though it be while others were told', () => {
  const subscriptions = new Subscriptions();
  const told: string[] = [];
  const listener = (name: string, then: () => void = () => undefined) => ({
    changed: () => {
      told.push(name);
      then();
    },
    lost: () => undefined,
  });
  subscriptions.add(
    '/a/',
    listener('first', () => stop()),
  );
  const stop = subscriptions.add('/a/', listener('second'));
  subscriptions.tell([change('/a/b', 1)]);
  subscriptions.tell([change('/a/b', 2)]);
  assert.deepEqual(told, ['first', 'first']);
});
