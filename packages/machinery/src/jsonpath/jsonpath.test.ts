import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileJsonPath, compileSimplePath, JsonPathError } from './jsonpath.ts';

const list = {
  kind: 'List',
  'a.b': 1,
  items: [
    { name: 'x', ready: true, ips: ['1', '2', '3'], labels: { 'app.io/name': 'web' }, size: 1 },
    { name: 'y', ready: false, ips: [], labels: {}, size: 10 },
  ],
};
const print = (template: string): string => compileJsonPath(template).print(list);

test('compileJsonPath() prints what kubectl prints', () => {
  const table: Readonly<Record<string, string>> = {
    'kind is {.kind}': 'kind is List',
    '{$.kind}': 'List',
    '{.items[*].name}': 'x y',
    '{.items[0].ips}': '["1","2","3"]',
    '{.items[-1].name}': 'y',
    '{.items[0].ips[0:2]}': '1 2',
    '{.items[0].ips[::2]}': '1 3',
    '{.items[0].ips[0,2]}': '1 3',
    "{.items[0]['name','size']}": 'x 1',
    '{.items[?(@.name=="y")].size}': '10',
    '{.items[?(@.ready==true)].name}': 'x',
    '{.items[?(@.size>1)].name}': 'y',
    '{.items[?(@.ready)].name}': 'x y',
    '{.items[0].labels.app\\.io/name}': 'web',
    '{..name}': 'x y',
    '{.a\\.b}': '1',
    '{range .items[*]}{.name}={.size}{"\\n"}{end}': 'x=1\ny=10\n',
    "{range .items[*]}{range .ips[*]}{@}{' '}{end}{end}": '1 2 3 ',
    '{.items[0].labels}': '{"app.io/name":"web"}',
    '{.items[0].name.*}': '120',
  };
  for (const [template, text] of Object.entries(table)) assert.equal(print(template), text, template);
});

test('compileJsonPath() refuses what is not there and what is no template', () => {
  for (const template of [
    '{.absent}',
    '{.items[5]}',
    '{.kind[0]}',
    '{.items',
    '{end}',
    '{range .items[*]}',
    '{.items[}',
    '{"x}',
    '{.items[?(@.x=="]}',
  ]) {
    assert.throws(() => print(template), JsonPathError, template);
  }
  assert.equal(compileJsonPath('<{.absent.deep}>', { allowsMissing: true }).print(list), '<>');
});

test('compileSimplePath() finds what a CRD column shows', () => {
  assert.deepEqual(
    [
      compileSimplePath('.items[0].size')(list),
      compileSimplePath('.absent.deep')(list),
      compileSimplePath('.toString')(list),
    ],
    [[1], [], []],
  );
});

test('compileSimplePath() finds what upstream finds', () => {
  const value = { a: { 'b.c': 1, b: { c: 2 } }, l: [{ x: 1 }, { x: 2, y: 3 }], m: { p: [5] } };
  const table: readonly (readonly [string, readonly unknown[]])[] = [
    ["['a.b.c']", [2]],
    ["['a.b\\.c']", [1]],
    ['.l[].x', [1]],
    ['.l[*].y', [3]],
    ['.l[5]', []],
    ['.l[0:5]', []],
    ['.a[0]', []],
    ['.l[?(@.x>1)].y', [3]],
    ['.l[?(@.x>1.5)].y', []],
    ['...p', [[5]]],
  ];
  for (const [path, found] of table) assert.deepEqual(compileSimplePath(path)(value), found, path);
});
