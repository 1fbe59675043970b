import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seenBeside } from './seen.ts';

const [empty, unowned] = [{}, {}];

test('the same steps lead to the same place, and others to others', () => {
  const steps = (...all: readonly unknown[]): unknown =>
    all.reduce((seen: ReturnType<typeof seenBeside>, step) => seen.after(step), seenBeside(empty, unowned));
  const given = {};
  assert.equal(steps(given, 'a', 1), steps(given, 'a', 1));
  const places = [steps(given), steps(given, 'a'), steps(given, '1'), steps(given, 1), steps({}), steps(given, 'a', 1)];
  assert.equal(new Set(places).size, places.length);
});

test('what is compared with something else has a tree of its own', () => {
  assert.notEqual(seenBeside({}, unowned), seenBeside(empty, unowned));
  assert.notEqual(seenBeside(empty, {}), seenBeside(empty, unowned));
});

test('long texts are not kept', () => {
  const long = 'x'.repeat(1000);
  const root = seenBeside(empty, unowned);
  assert.notEqual(root.after(long), root.after(long));
});

test('the trees begin anew when there is too much in them', () => {
  const root = seenBeside(empty, unowned);
  for (let i = 0; i < 60_000; i++) root.after(`unique-${i}`);
  assert.notEqual(seenBeside(empty, unowned), root);
});
