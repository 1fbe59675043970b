import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Schemas } from '../engine/schemas.ts';
import { equalJson } from '../equality.ts';
import { StatusError } from '../status.ts';
import { schemaOf } from '../structural/schema-of.ts';
import { applyConfig, type Applied, type Application, ownersAfterUpdate, zeroObject } from './apply.ts';
import {
  difference,
  type FieldSet,
  insertPath,
  intersection,
  isEqualSet,
  isSubset,
  pathsOf,
  union,
} from './field-set.ts';
import { entriesOf, isEqualManagement, type Owner, ownersOf } from './managed-fields.ts';

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
      { name: 'labels', type: 'map[string]string', omit: 'omitempty' },
    ],
  },
  Spec: {
    fields: [
      { name: 'replicas', type: 'int32', omit: 'omitempty', ptr: true },
      { name: 'items', type: '[]Item', listType: 'map', listMapKeys: ['name', 'protocol'] },
      { name: 'tags', type: '[]string', omit: 'omitempty', listType: 'set' },
      { name: 'args', type: '[]string', omit: 'omitempty' },
      { name: 'ports', type: '[]Port', omit: 'omitempty', listType: 'map', listMapKeys: ['port'] },
      { name: 'whole', type: '[]Port', omit: 'omitempty' },
    ],
  },
  Port: {
    fields: [
      { name: 'port', type: 'int32' },
      { name: 'isOpen', type: 'bool', omit: 'omitempty' },
    ],
  },
  Item: {
    fields: [
      { name: 'name', type: 'string', omit: 'omitempty' },
      { name: 'protocol', type: 'string', default: 'TCP' },
      { name: 'value', type: 'string', omit: 'omitempty' },
    ],
  },
}).object('App');

const empty = { apiVersion: 'v1', kind: 'App' };
const app = (spec: object, labels?: object): Record<string, unknown> => ({
  ...empty,
  metadata: { name: 'a', ...(labels ? { labels } : {}) },
  spec,
});

interface State {
  readonly live: Record<string, unknown>;
  readonly owners: readonly Owner[];
}

const start: State = { live: empty, owners: [] };

function write(state: State, manager: string): Omit<Application, 'config' | 'force' | 'empty'> {
  return {
    schema,
    ...state,
    writer: { manager, apiVersion: 'v1', subresource: '', time: '2026-01-01T00:00:00Z' },
    ignored: { 'f:status': {} },
  };
}

function apply(state: State, manager: string, config: Record<string, unknown>, force = false): State {
  const live = state.live === empty ? empty : state.live;
  const { object, owners }: Applied = applyConfig({ ...write({ ...state, live }, manager), empty, config, force });
  return { live: object as Record<string, unknown>, owners };
}

const update = (state: State, manager: string, next: Record<string, unknown>): State => ({
  live: next,
  owners: ownersAfterUpdate(write(state, manager), next),
});

const fieldsOf = (state: State, manager: string): FieldSet | undefined =>
  state.owners.find((owner) => owner.manager === manager)?.fields;

function messageOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof StatusError);
    return `${error.status.code} ${error.message}`;
  }
  return 'no error';
}

test('applyConfig() takes out what its applier no longer mentions', () => {
  const first = apply(start, 'me', app({ replicas: 2, items: [{ name: 'x', value: '1' }, { name: 'y' }] }));
  const second = apply(first, 'me', app({ items: [{ name: 'y' }] }));
  assert.deepEqual(second.live, app({ items: [{ name: 'y' }] }));
});

test('applyConfig() leaves what others own', () => {
  const mine = apply(start, 'me', app({ replicas: 2 }, { a: '1' }));
  const shared = apply(mine, 'other', app({ replicas: 2 }, { b: '2' }));
  assert.deepEqual(apply(shared, 'me', app({})).live, app({ replicas: 2 }, { b: '2' }));
});

test('applyConfig() names the owner and the field of every conflict', () => {
  const held = apply(
    update(start, 'kubectl', app({ args: ['x'] })),
    'me',
    app({ replicas: 2, items: [{ name: 'x', value: '1' }] }),
  );
  assert.equal(
    messageOf(() => apply(held, 'other', app({ replicas: 3 }))),
    '409 Apply failed with 1 conflict: conflict with "me": .spec.replicas',
  );
  assert.equal(
    messageOf(() => apply(held, 'other', app({ replicas: 3, args: ['y'], items: [{ name: 'x', value: '2' }] }))),
    '409 Apply failed with 3 conflicts: conflicts with "kubectl" using v1:\n- .spec.args\nconflicts with "me":\n- .spec.replicas\n- .spec.items[name="x",protocol="TCP"].value',
  );
});

test('applyConfig() takes fields over when forced', () => {
  const held = apply(apply(start, 'me', app({ replicas: 2 })), 'other', app({ replicas: 3 }), true);
  assert.equal(fieldsOf(held, 'me'), undefined);
  assert.deepEqual(fieldsOf(held, 'other'), { 'f:spec': { 'f:replicas': {} } });
});

test('applyConfig() refuses what has no place in the schema, by path', () => {
  assert.equal(
    messageOf(() => apply(start, 'me', app({ nonsense: 1 }))),
    '500 failed to create typed patch object (/a; /v1, Kind=App): .spec.nonsense: field not declared in schema',
  );
  assert.equal(
    messageOf(() => apply(start, 'me', { ...app({ nonsense: 1, items: [{ name: 'x', y: 1 }] }), more: 1 })),
    `500 failed to create typed patch object (/a; /v1, Kind=App): errors:
  .spec.nonsense: field not declared in schema
  .spec.items[name="x",protocol="TCP"].y: field not declared in schema
  .more: field not declared in schema`,
  );
  assert.match(
    messageOf(() => apply(start, 'me', app({ items: ['x'] }))),
    /\.spec\.items: element 0: .* may not have non-map elements/,
  );
  assert.match(
    messageOf(() => apply(start, 'me', app({ tags: [null] }))),
    /\.spec\.tags: element 0: associative list without keys has an element that's an explicit null/,
  );
  assert.match(
    messageOf(() => apply(start, 'me', app({ items: [{ name: 'x' }, { name: 'x' }] }))),
    /duplicate entries for key \[name="x",protocol="TCP"\]/,
  );
});

test('applyConfig() refuses values of another type, by path', () => {
  const refusal = (spec: object): string =>
    messageOf(() => apply(start, 'me', app(spec))).replace(
      '500 failed to create typed patch object (/a; /v1, Kind=App): ',
      '',
    );
  assert.equal(refusal({ replicas: 'x' }), '.spec.replicas: expected numeric (int or float), got string');
  assert.equal(refusal({ replicas: [true] }), '.spec.replicas: expected numeric (int or float), got []interface {}');
  assert.equal(
    refusal({ items: [{ name: 'x', value: 8080 }] }),
    '.spec.items[name="x",protocol="TCP"].value: expected string, got &value.valueUnstructured{Value:8080}',
  );
  assert.equal(refusal({ args: { b: ['x'], a: null } }), '.spec.args: expected list, got &{map[a:<nil> b:[x]]}');
  assert.equal(
    refusal({ args: ['x', { a: 'b' }] }),
    '.spec.args[1]: expected string, got &value.valueUnstructured{Value:map[string]interface {}{"a":"b"}}',
  );
  assert.equal(
    refusal({ whole: [{ isOpen: 'yes', more: 1 }] }).split('\n').length,
    3,
    'what is owned as a whole has a type too',
  );
  // A key that is always printed has its zero where an item does not say it.
  assert.equal(refusal({ ports: [{ isOpen: 1 }] }), '.spec.ports[port=0].isOpen: expected boolean, got &{1}');
  assert.equal(refusal({ ports: [{ isOpen: true }, { port: 0 }] }), '.spec.ports: duplicate entries for key [port=0]');
});

test('applyConfig() takes anything where the schema keeps what it does not know', () => {
  const keeps = { 'x-kubernetes-preserve-unknown-fields': true } as const;
  const spec = { type: 'object', ...keeps, properties: { known: { type: 'string' }, pattern: keeps } } as const;
  const open = schemaOf(
    'App',
    { type: 'object', properties: { spec } },
    ['apiVersion', 'kind'].map((name) => ({
      name,
      schema: { type: 'string' },
      isRequired: false,
      omit: 'empty',
      isPointer: false,
    })),
  );
  const refused = { ...empty, spec: { known: 1 } };
  assert.match(
    messageOf(() => applyConfig({ ...write(start, 'me'), schema: open, empty, config: refused, force: false })),
    /\.spec\.known: expected string/,
  );
  const config = {
    ...empty,
    spec: { known: 'x', pattern: 'a|b', a: 1, b: ['x', { c: true }], d: { e: [null], f: 'x' } },
  };
  assert.deepEqual(applyConfig({ ...write(start, 'me'), schema: open, empty, config, force: false }).object, config);
});

test('applyConfig() gives fields that nobody owned to before-first-apply', () => {
  const state = apply({ live: app({ replicas: 1 }), owners: [] }, 'me', app({ args: ['x'] }));
  assert.deepEqual(fieldsOf(state, 'before-first-apply'), { 'f:spec': { '.': {}, 'f:replicas': {} } });
});

test('applyConfig() keeps the order of lists: what only the object has stays in place', () => {
  const live = update(start, 'other', app({ tags: ['a', 'b', 'c'] }));
  assert.deepEqual((apply(live, 'me', app({ tags: ['d', 'c', 'a'] })).live['spec'] as { tags: unknown }).tags, [
    'b',
    'd',
    'c',
    'a',
  ]);
});

test('ownersAfterUpdate() gives changed fields to the writer and ignored ones to nobody', () => {
  const held = apply(start, 'me', app({ replicas: 2, tags: ['a'] }));
  const next = update(held, 'other', { ...app({ replicas: 3, tags: ['a'] }), status: { replicas: 1 } });
  assert.deepEqual(fieldsOf(next, 'me'), { 'f:spec': { 'f:tags': { 'v:"a"': {} } } });
  assert.deepEqual(fieldsOf(next, 'other'), { 'f:spec': { 'f:replicas': {} } });
});

test('ownersAfterUpdate() changes nothing when nothing changed', () => {
  const held = update(start, 'me', app({ replicas: 2 }));
  assert.equal(update(held, 'other', structuredClone(held.live)).owners, held.owners);
});

test('zeroObject() holds what Go prints for a new object', () => {
  assert.deepEqual(zeroObject(schema), { metadata: {}, spec: { items: null }, status: { items: null } });
});

test('zeroObject() holds zeros, and structs that are one value, where Go prints them of a new object', () => {
  const zeros = new Schemas({
    Class: {
      fields: [
        { name: 'value', type: 'int32' },
        { name: 'isDefault', type: 'bool' },
        { name: 'text', type: 'string' },
        { name: 'seen', type: 'Time', omit: 'omitempty' },
        { name: 'ref', type: 'string', ptr: true },
        { name: 'note', type: 'string', omit: 'omitempty' },
      ],
    },
  }).object('Class');
  assert.deepEqual(zeroObject(zeros), { value: 0, isDefault: false, text: '', seen: null, ref: null });
});

test('entriesOf() counts the oldest updaters together beyond ten', () => {
  const owners = Array.from({ length: 13 }, (_, i): Owner => ({
    manager: `m${i}`,
    operation: 'Update',
    apiVersion: 'v1',
    subresource: '',
    time: `2026-01-01T00:00:${10 + i}Z`,
    fields: { [`f:f${i}`]: {} },
  }));
  const entries = entriesOf(owners);
  assert.equal(entries.length, 10);
  assert.deepEqual(entries.find((entry) => entry.manager === 'ancient-changes')?.fieldsV1, {
    'f:f0': {},
    'f:f1': {},
    'f:f2': {},
    'f:f3': {},
  });
  assert.ok(isEqualManagement(entries, entriesOf(ownersOf(entries))));
});

const path = fc.array(fc.constantFrom('f:a', 'f:b', 'k:{"name":"x"}', 'v:1'), { minLength: 1, maxLength: 4 });
const set = fc.array(path, { maxLength: 8 }).map((paths) => {
  const made: FieldSet = {};
  for (const one of paths) insertPath(made, one);
  return made;
});
const places = (of: FieldSet): ReadonlySet<string> => new Set([...pathsOf(of)].map((one) => one.join('/')));

test('union(), difference(), intersection() and isSubset() are those of the sets of places', () => {
  fc.assert(
    fc.property(set, set, (a, b) => {
      const [x, y] = [places(a), places(b)];
      assert.deepEqual(
        places(union(a, b)),
        new Set([...places(union(a, {})), ...y].filter((one) => x.has(one) || y.has(one))),
      );
      assert.equal(places(union(a, b)).size, x.union(y).size);
      assert.ok(isEqualSet(union(difference(a, b), intersection(a, b)), a));
      assert.equal(places(difference(a, b)).size, x.difference(y).size);
      assert.equal(places(intersection(a, b)).size, x.intersection(y).size);
      assert.equal(isSubset(a, b), x.isSubsetOf(y));
      assert.ok(isSubset(intersection(a, b), a) && isSubset(a, union(a, b)));
    }),
  );
});

const word = fc.constantFrom('x', 'y', 'z');
const spec = fc.record(
  {
    replicas: fc.nat({ max: 2 }),
    tags: fc.uniqueArray(word),
    args: fc.array(word, { maxLength: 2 }),
    items: fc.uniqueArray(fc.record({ name: word, value: word }, { noNullPrototype: true }), {
      selector: (item) => item.name,
    }),
  },
  { requiredKeys: ['replicas'], noNullPrototype: true },
);

/** What lost everything is null, and empty once it is asked for again: decoding makes both the same. */
const filled = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value, (_, part: unknown) =>
      part === null || (typeof part === 'object' && Object.keys(part).length === 0) ? undefined : part,
    ),
  );

test('applyConfig() by one applier alone gives what was applied last, and again the same', () => {
  fc.assert(
    fc.property(fc.array(spec, { minLength: 1, maxLength: 4 }), (specs) => {
      const end = specs.reduce((state: State, one) => apply(state, 'me', app(one)), start);
      const again = apply(end, 'me', app(specs.at(-1) as object));
      assert.ok(equalJson(filled(again.live), filled(end.live)));
      assert.ok(isEqualManagement(entriesOf(again.owners), entriesOf(end.owners)));
      const { items = [], tags = [], ...plain } = specs.at(-1) as { items?: unknown[]; tags?: unknown[] };
      const live = (end.live['spec'] ?? {}) as { items?: unknown[] | null; tags?: unknown[] | null };
      assert.deepEqual([live.items ?? [], live.tags ?? []], [items, tags]);
      for (const [name, value] of Object.entries(plain))
        assert.deepEqual((live as Record<string, unknown>)[name], value);
    }),
  );
});
