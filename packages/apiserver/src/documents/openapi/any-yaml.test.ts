import assert from 'node:assert/strict';
import { test } from 'node:test';
import { anyYaml } from './any-yaml.ts';

test('anyYaml() writes values as gnostic does', () => {
  for (const [value, text] of [
    ['atomic', 'atomic\n'],
    [true, 'true\n'],
    ['', '""\n'],
    [{}, '{}\n'],
    [['name', 'port'], '- name\n- port\n'],
    [
      [{ group: '', kind: 'K', version: 'v1' }, { k: [1, 2] }],
      '- group: ""\n  kind: K\n  version: v1\n- k:\n    - 1\n    - 2\n',
    ],
    [
      { a: { b: ['x', 1, { c: 'd' }] }, e: {}, l: [] },
      'a:\n    b:\n        - x\n        - 1\n        - c: d\ne: {}\nl: []\n',
    ],
    [[[1, [2]], { a: { b: 1, c: 2 } }], '- - 1\n  - - 2\n- a:\n    b: 1\n    c: 2\n'],
  ] as const)
    assert.equal(anyYaml(value), text);
});
