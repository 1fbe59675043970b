import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decode } from './decode.ts';
import { orderFields } from './printed-order.ts';
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
  .chain(([items]) => anyOrder({ a: 1, b: 'b', c: true, items }));

test('orderFields() gives objects whose fields are normal the order that reading them again gives', () => {
  fc.assert(
    fc.property(spec, (sent) => {
      const value = { spec: sent };
      const expected = JSON.stringify(decode(schema, value).value);
      for (const path of ['spec', 'spec.items', 'spec.none', 'status.items']) orderFields(schema, value, path);
      assert.equal(JSON.stringify(value), expected);
    }),
  );
});
