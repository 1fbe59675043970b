import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type FieldSet, isEqualSet } from './field-set.ts';
import { keptSet } from './kept-set.ts';

const element = fc.constantFrom('f:a', 'f:b', 'k:{"port":80}', 'k:{"port":9}', 'v:"x"', '.', `f:${'long'.repeat(200)}`);
const { set } = fc.letrec<{ readonly set: FieldSet }>((tie) => ({
  set: fc.dictionary(element, fc.oneof({ depthSize: 'small', withCrossShrink: true }, fc.constant({}), tie('set')), {
    noNullPrototype: true,
    maxKeys: 4,
  }),
}));

/** The same set, with the elements of each level in another order. */
const turned = (node: FieldSet): FieldSet =>
  Object.fromEntries(
    Object.entries(node)
      .reverse()
      .map(([name, inside]) => [name, turned(inside)]),
  );

test('keptSet() says the same in the printed order, whatever the order it is given in', () => {
  fc.assert(
    fc.property(set, (given) => {
      const kept = keptSet(given);
      assert.ok(isEqualSet(kept, given));
      assert.equal(JSON.stringify(kept), JSON.stringify(keptSet(turned(given))));
      assert.equal(keptSet(kept), kept);
    }),
  );
});

test('keptSet() puts items of a list in the order of their keys, numbers as numbers', () => {
  const ports = { 'k:{"port":80}': {}, 'k:{"port":9}': {}, '.': {} };
  assert.deepEqual(Object.keys(keptSet(ports)), ['.', 'k:{"port":9}', 'k:{"port":80}']);
});

test('keptSet() gives equal sets, and equal parts of different ones, as one object', () => {
  const statusOf = (ip: string): FieldSet => ({
    'f:status': { 'f:podIPs': { [`k:{"ip":"${ip}"}`]: {} }, 'f:conditions': { 'f:type': {}, '.': {} } },
  });
  const [one, same, other] = [keptSet(statusOf('1')), keptSet(statusOf('1')), keptSet(statusOf('2'))];
  assert.equal(one, same);
  assert.notEqual(one, other);
  assert.equal(one['f:status']?.['f:conditions'], other['f:status']?.['f:conditions']);
});
