import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decode } from './decode.ts';
import { inPrintedOrder } from './printed-order.ts';
import { Schemas } from './schemas.ts';

const schema = new Schemas({
  Pod: {
    fields: [
      { name: 'spec', type: 'Spec', omit: 'omitempty' },
      { name: 'status', type: 'Spec', omit: 'omitempty', ptr: true },
    ],
  },
  Spec: {
    fields: [
      { name: 'b', type: 'string', omit: 'omitempty' },
      { name: 'a', type: 'int32', omit: 'omitempty' },
      { name: 'items', type: '[]Item', omit: 'omitempty' },
      { name: 'c', type: 'bool', omit: 'omitempty' },
      { name: 'named', type: 'map[string]Item', omit: 'omitempty' },
    ],
  },
  Item: {
    fields: [
      { name: 'z', type: 'string', omit: 'omitempty' },
      { name: 'y', type: 'string', omit: 'omitempty' },
      { name: 'x', type: 'string', omit: 'omitempty' },
    ],
  },
}).object('Pod');

/** Records whose fields come in any order, all with values that are printed as they are. */
const anyOrder = <T extends object>(fields: T): fc.Arbitrary<Partial<T>> =>
  fc
    .shuffledSubarray(Object.keys(fields))
    .map((names) => Object.fromEntries(names.map((n) => [n, fields[n as keyof T]])) as Partial<T>);
const item = anyOrder({ x: '1', y: '2', z: '3' });
const spec = fc
  .tuple(fc.array(item, { minLength: 1, maxLength: 3 }))
  .chain(([items]) => anyOrder({ a: 1, b: 'b', c: true, items, named: { z: items[0], a: items[0] } }));

test('inPrintedOrder() gives objects whose fields are normal the order that reading them again gives', () => {
  fc.assert(
    fc.property(spec, spec, (sent, status) => {
      const value = { status, spec: sent };
      const given = JSON.stringify(value);
      assert.equal(JSON.stringify(inPrintedOrder(schema, value)), JSON.stringify(decode(schema, value).value));
      assert.equal(JSON.stringify(value), given, 'what was given stays as it was');
    }),
  );
});

test('inPrintedOrder() copies nothing that is in order, and looks at nothing that was there before', () => {
  const before = { spec: { a: 1, b: 'b' }, status: { items: [{ x: '1', z: '2' }] } };
  assert.equal(inPrintedOrder(schema, before, before), before);
  const next = inPrintedOrder(schema, { spec: before.spec, status: { c: true, a: 1 } }, before);
  assert.equal(next.spec, before.spec);
  assert.equal(JSON.stringify(next.status), '{"a":1,"c":true}');
  const ordered = { spec: { b: 'b', items: [{ z: '1' }] } };
  assert.equal(inPrintedOrder(schema, ordered), ordered);
});

test('inPrintedOrder() leaves an object with fields that its type does not name', () => {
  const value = { spec: { c: true, other: 1, b: 'b' } };
  assert.equal(inPrintedOrder(schema, value), value);
});
