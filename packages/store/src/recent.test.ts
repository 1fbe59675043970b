import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Kept, Recent } from './recent.ts';

function shelf(bytesMax: number) {
  const recent = new Recent(bytesMax);
  const gone: string[] = [];
  const holder = { letGo: (kept: Kept<unknown>): void => void gone.push(kept.value as string) };
  const add = (name: string, bytes = 1): Kept<string> => {
    const kept = new Kept(holder, name, bytes);
    recent.add(kept);
    return kept;
  };
  return { recent, gone, add };
}

test('Recent lets go of the oldest beyond its bound, and of what was asked for only the next time round', () => {
  const { recent, gone, add } = shelf(3);
  const a = add('a');
  for (const name of ['b', 'c']) add(name);
  a.wasAsked = true;
  add('d');
  assert.deepEqual(gone, ['b']);
  for (const name of ['e', 'f']) add(name);
  assert.deepEqual([gone, recent.bytes], [['b', 'c', 'd'], 3]);
  add('g');
  assert.deepEqual(gone.at(-1), 'a');
});

test('Recent never holds more than its bound, not even one that is larger', () => {
  const { recent, gone, add } = shelf(10);
  for (let i = 0; i < 100; i++) {
    add(String(i), 1 + (i % 4)).wasAsked = i % 3 === 0;
    assert.ok(recent.bytes <= 10);
  }
  add('large', 11);
  assert.deepEqual([gone.at(-1), recent.bytes <= 10], ['large', true]);
});

test('Recent.remove() takes out any of them, untold', () => {
  const { recent, gone, add } = shelf(10);
  const all = ['a', 'b', 'c'].map((name) => add(name, 3));
  for (const kept of [all[1], all[0], all[2]]) recent.remove(kept as Kept<string>);
  assert.deepEqual([gone, recent.bytes], [[], 0]);
  for (const name of ['d', 'e', 'f', 'g']) add(name, 3);
  assert.deepEqual(gone, ['d']);
});
