import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decode, type Schema, type TypeFacts } from '@navarch/machinery';
import { objectsOf } from '@navarch/machinery/testing';
import { protobuf, protobufEncoder, schemas } from './built-in.ts';
import { typeFacts } from './generated/facts/index.ts';

const RUNS = 10;
const TABLE = 'io.k8s.apimachinery.pkg.apis.meta.v1.Table';

for (const [name, { gvk, proto }] of Object.entries<TypeFacts>(typeFacts)) {
  const [group, version = '', kind = ''] = gvk ?? [];
  if (proto === undefined || kind === '' || group === '*') continue;
  const apiVersion = group ? `${group}/${version}` : version;
  test(`${apiVersion} ${kind} is the same after a way through protobuf`, () => {
    const schema = schemas.object(name);
    fc.assert(
      fc.property(objectsOf(schema, apiVersion, kind), (sent) => {
        const normal = decode(schema, sent).value as { apiVersion: string; kind: string };
        const returned = protobuf.decode(protobufEncoder.encode(normal));
        assert.deepEqual(carried(schema, decode(schema, returned).value), carried(schema, normal));
      }),
      { numRuns: RUNS },
    );
  });
}

test('encode() refuses a kind that has no protobuf form', () => {
  assert.ok(typeFacts[TABLE]);
  assert.throws(() => protobufEncoder.encode({ apiVersion: 'meta.k8s.io/v1', kind: 'Table' }), RangeError);
});

/** What protobuf can carry: an empty list or map is an absent one there, and only the outermost object says its kind. */
function carried(schema: Schema, value: unknown, isInner = false): unknown {
  if (Array.isArray(value) && schema.type === 'list')
    return value.length === 0 ? null : value.map((item) => carried(schema.items, item, true));
  if (schema.type === 'map') return Object.keys(value ?? {}).length === 0 ? null : value;
  if (schema.type !== 'object' || typeof value !== 'object' || value === null) return value;
  const fields = schema.fields.filter((field) => !isInner || field.number !== undefined);
  return Object.fromEntries(
    fields.map((field) => [field.name, carried(field.schema, (value as Record<string, unknown>)[field.name], true)]),
  );
}
