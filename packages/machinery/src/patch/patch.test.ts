import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Schemas } from '../engine/schemas.ts';
import { StatusError } from '../status.ts';
import { jsonPatch } from './json-patch.ts';
import { mergePatch } from './merge-patch.ts';
import { strategicMergePatch } from './strategic-merge-patch.ts';

function codeOf(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    assert.ok(error instanceof StatusError);
    return error.status.code;
  }
}

test('jsonPatch() performs every operation of RFC 6902', () => {
  const table: readonly (readonly [document: unknown, patch: unknown, result: unknown])[] = [
    [{ a: [1, 2] }, [{ op: 'add', path: '/a/1', value: 9 }], { a: [1, 9, 2] }],
    [{ a: [1, 2] }, [{ op: 'add', path: '/a/-', value: 9 }], { a: [1, 2, 9] }],
    [{ a: { b: 1 } }, [{ op: 'remove', path: '/a/b' }], { a: {} }],
    [{ 'a/b': { '~': 1 } }, [{ op: 'replace', path: '/a~1b/~0', value: 2 }], { 'a/b': { '~': 2 } }],
    [{ a: [1, 2] }, [{ op: 'move', from: '/a/0', path: '/b' }], { a: [2], b: 1 }],
    [
      { a: { x: 1 } },
      [
        { op: 'copy', from: '/a', path: '/b' },
        { op: 'add', path: '/b/y', value: 1 },
      ],
      { a: { x: 1 }, b: { x: 1, y: 1 } },
    ],
    [
      { a: 1 },
      [
        { op: 'test', path: '/a', value: 1 },
        { op: 'test', path: '/absent', value: null },
      ],
      { a: 1 },
    ],
    [{ a: [1, 2] }, [{ op: 'remove', path: '/a/-1' }], { a: [1] }],
    [{}, [{ op: 'replace', path: '/a', value: 1 }], { a: 1 }],
  ];
  for (const [document, patch, result] of table)
    assert.deepEqual(jsonPatch(document, patch), result, JSON.stringify(patch));
});

test('jsonPatch() refuses with 400, 413 and 422', () => {
  assert.equal(
    codeOf(() => jsonPatch({}, {})),
    400,
  );
  assert.equal(
    codeOf(() =>
      jsonPatch(
        {},
        Array.from({ length: 10_001 }, () => ({ op: 'test', path: '/a', value: null })),
      ),
    ),
    413,
  );
  const bad = [
    { op: 'remove', path: '/x' },
    { op: 'add', path: '/x/y', value: 1 },
    { op: 'test', path: '/a', value: 2 },
    { op: 'add', path: '/l/5', value: 1 },
    { op: 'add', path: '', value: {} },
    { op: 'move', from: '/a', path: '/a/b' },
    { op: 'nonsense', path: '/a' },
    { op: 'add' },
  ];
  for (const operation of bad)
    assert.equal(
      codeOf(() => jsonPatch({ a: 1, l: [] }, [operation])),
      422,
      JSON.stringify(operation),
    );
});

test('jsonPatch() bounds what copies of copies may add', () => {
  const doubling = Array.from({ length: 40 }, () => ({ op: 'copy', from: '/a', path: '/a/-' }));
  assert.equal(
    codeOf(() => jsonPatch({ a: ['x'.repeat(100)] }, doubling)),
    422,
  );
});

const json = fc.jsonValue({ maxDepth: 3 });
const object = fc.dictionary(fc.constantFrom('a', 'b', 'c', '__proto__'), json, { noNullPrototype: true });

test('patches leave their inputs as they are', () => {
  fc.assert(
    fc.property(object, object, (target, patch) => {
      const before = JSON.stringify([target, patch]);
      mergePatch(target, patch);
      strategicMergePatch(target, patch, undefined);
      jsonPatch(
        target,
        Object.entries(patch).map(([name, value]) => ({ op: 'add', path: `/${name}`, value })),
      );
      assert.equal(JSON.stringify([target, patch]), before);
    }),
  );
});

test('mergePatch() removes nulls within lists too, unless they take the place of an object', () => {
  const patch = { a: [{ x: null, y: 1 }, null] };
  assert.deepEqual(
    [mergePatch({}, patch), mergePatch({ a: [2] }, patch), mergePatch({ a: {} }, patch)],
    [{ a: [{ y: 1 }, null] }, { a: [{ y: 1 }, null] }, patch],
  );
});

test('mergePatch() twice is once, but for what took the place of an object, and no key is special', () => {
  fc.assert(
    fc.property(object, object, (target, patch) => {
      const once = mergePatch(mergePatch(target, patch), patch);
      assert.deepEqual(mergePatch(once, patch), once);
      assert.equal(Object.getPrototypeOf(once), Object.prototype);
    }),
  );
});

const schema = new Schemas({
  Root: {
    fields: [
      { name: 'items', type: '[]Item', patchStrategy: 'merge', patchMergeKey: 'name' },
      { name: 'tags', type: '[]string', patchStrategy: 'merge' },
      { name: 'args', type: '[]string' },
      { name: 'union', type: 'Union', patchStrategy: 'retainKeys' },
    ],
  },
  Item: {
    fields: [
      { name: 'name', type: 'string' },
      { name: 'a', type: 'string' },
      { name: 'b', type: 'string' },
    ],
  },
  Union: {
    fields: [
      { name: 'x', type: 'string' },
      { name: 'y', type: 'string' },
    ],
  },
}).object('Root');
const strategic = (target: unknown, patch: unknown): unknown => strategicMergePatch(target, patch, schema);

test('strategicMergePatch() merges lists by key and keeps the order the patch asks for', () => {
  const target = { items: [{ name: 'x', a: '1' }, { name: 'y' }, { name: 'z' }] };
  assert.deepEqual(strategic(target, { items: [{ name: 'x', b: '2' }, { name: 'n' }] }), {
    items: [{ name: 'x', a: '1', b: '2' }, { name: 'n' }, { name: 'y' }, { name: 'z' }],
  });
  assert.deepEqual(
    strategic(target, {
      '$setElementOrder/items': [{ name: 'z' }, { name: 'y' }, { name: 'x' }],
      items: [{ name: 'x', a: null }],
    }),
    { items: [{ name: 'z' }, { name: 'y' }, { name: 'x' }] },
  );
});

test('strategicMergePatch() follows its directives', () => {
  const target = { items: [{ name: 'x' }, { name: 'y' }], tags: ['a', 'b'], args: ['1'], union: { x: '1' } };
  const table: readonly (readonly [patch: object, name: keyof typeof target, result: unknown])[] = [
    [{ items: [{ name: 'x', $patch: 'delete' }] }, 'items', [{ name: 'y' }]],
    [{ items: [{ name: 'n' }, { $patch: 'replace' }] }, 'items', [{ name: 'n' }]],
    [{ '$deleteFromPrimitiveList/tags': ['a'] }, 'tags', ['b']],
    [{ tags: ['c', 'a'] }, 'tags', ['c', 'a', 'b']],
    [{ args: ['2'] }, 'args', ['2']],
    [{ union: { $retainKeys: ['y'], y: '2' } }, 'union', { y: '2' }],
    [{ union: { $patch: 'replace', y: '2' } }, 'union', { y: '2' }],
    [{ union: { $patch: 'delete' } }, 'union', {}],
    [{ union: null }, 'union', undefined],
  ];
  for (const [patch, name, result] of table)
    assert.deepEqual((strategic(target, patch) as typeof target)[name], result, JSON.stringify(patch));
});

test('strategicMergePatch() refuses items without their key and unknown directives', () => {
  assert.equal(
    codeOf(() => strategic({ items: [] }, { items: [{ a: '1' }] })),
    500,
  );
  assert.equal(
    codeOf(() => strategic({ union: {} }, { union: { $patch: 'nonsense' } })),
    500,
  );
});
