import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Schemas } from '../engine/schemas.ts';
import { ownersAfterUpdate, type Write, zeroObject } from './apply.ts';
import { creatorsEntries } from './created.ts';
import { entriesOf } from './managed-fields.ts';
import { ShapeError } from './shape.ts';

const schema = new Schemas({
  App: {
    fields: [
      { name: 'apiVersion', type: 'string', omit: 'omitempty' },
      { name: 'kind', type: 'string', omit: 'omitempty' },
      { name: 'metadata', type: 'Meta', omit: 'omitempty' },
      { name: 'spec', type: 'Spec', omit: 'omitempty' },
      { name: 'status', type: 'Spec', omit: 'omitempty' },
    ],
  },
  Meta: {
    fields: [
      { name: 'name', type: 'string', omit: 'omitempty' },
      { name: 'uid', type: 'string', omit: 'omitempty' },
      { name: 'labels', type: 'map[string]string', omit: 'omitempty' },
      { name: 'finalizers', type: '[]string', omit: 'omitempty', listType: 'set' },
    ],
  },
  Spec: {
    fields: [
      { name: 'replicas', type: 'int32', omit: 'omitempty', ptr: true },
      { name: 'paused', type: 'bool' },
      { name: 'items', type: '[]Item', listType: 'map', listMapKeys: ['port', 'protocol'] },
      { name: 'args', type: '[]string', omit: 'omitempty' },
      { name: 'named', type: '[]Owner', omit: 'omitempty', listType: 'map', listMapKeys: ['name'] },
      { name: 'owner', type: 'Owner', omit: 'omitempty', ptr: true, structType: 'atomic' },
      { name: 'inner', type: 'Spec', omit: 'omitempty', ptr: true },
    ],
  },
  Item: {
    fields: [
      { name: 'port', type: 'int32', omit: 'omitempty' },
      { name: 'protocol', type: 'string', default: 'TCP' },
      { name: 'labels', type: 'map[string]string', omit: 'omitempty' },
    ],
  },
  Owner: { fields: [{ name: 'name', type: 'string' }] },
}).object('App');

const write: Omit<Write, 'owners'> = {
  schema,
  live: { ...zeroObject(schema), apiVersion: 'v1', kind: 'App' },
  ignored: { 'f:status': {} },
  writer: { manager: 'someone', apiVersion: 'v1', subresource: '', time: '2026-01-01T00:00:00Z' },
};

const plain = { noNullPrototype: true } as const;
const labels = fc.dictionary(fc.constantFrom('a', 'b"', 'c/d', 'B'), fc.constantFrom('', 'x'), plain);
const { spec } = fc.letrec<{ readonly spec: object }>((tie) => ({
  spec: fc.record(
    {
      replicas: fc.nat({ max: 2 }),
      paused: fc.boolean(),
      args: fc.array(fc.constant('x'), { maxLength: 2 }),
      items: fc.oneof(
        fc.constant(null),
        fc.array(
          fc.record(
            { port: fc.constantFrom(9, 80, 443), protocol: fc.constantFrom('TCP', 'UDP'), labels },
            { ...plain, requiredKeys: ['port'] },
          ),
          { maxLength: 4 },
        ),
      ),
      named: fc.array(fc.record({ name: fc.constantFrom('a', 'b', 'a-b', 'B_', 'a"', 'é', '') }, plain), {
        maxLength: 4,
      }),
      owner: fc.record({ name: fc.constantFrom('', 'o') }, plain),
      inner: fc.option(tie('spec'), { nil: null, depthSize: 'small' }),
    },
    { ...plain, requiredKeys: [] },
  ),
}));
const metadata = fc.record(
  {
    name: fc.constantFrom('', 'n'),
    uid: fc.constant('u'),
    labels,
    finalizers: fc.uniqueArray(fc.constantFrom('f', 'e')),
  },
  { ...plain, requiredKeys: [] },
);

test('creatorsEntries() says what ownersAfterUpdate() says of an object that takes the place of nothing', () => {
  fc.assert(
    fc.property(fc.record({ metadata, spec, status: spec }, { ...plain, requiredKeys: [] }), (given) => {
      const next = { apiVersion: 'v1', kind: 'App', ...given };
      const expected = entriesOf(ownersAfterUpdate({ ...write, owners: [] }, next));
      assert.equal(JSON.stringify(creatorsEntries(write, next)), JSON.stringify(expected));
    }),
    { numRuns: 1000 },
  );
});

test('creatorsEntries() refuses items that cannot have keys', () => {
  assert.throws(() => creatorsEntries(write, { spec: { items: ['x'] } }), ShapeError);
});

test('creatorsEntries() lets equal records be one value', () => {
  const [first] = creatorsEntries(write, { spec: { replicas: 1 } });
  const [second] = creatorsEntries(write, { spec: { replicas: 2 } });
  assert.equal(first?.fieldsV1, second?.fieldsV1);
});
