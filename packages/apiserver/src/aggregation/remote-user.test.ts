import assert from 'node:assert/strict';
import { test } from 'node:test';
import { remoteHeaders } from './remote-user.ts';

test('remoteHeaders() tells name, uid, groups and what else is known, its keys as header names', () => {
  assert.deepEqual(
    remoteHeaders({
      name: 'jane',
      uid: '7',
      groups: ['a', 'b'],
      extra: { 'example.com/scope%': ['x', 'y'], é: ['z'] },
    }),
    {
      'x-remote-user': 'jane',
      'x-remote-uid': '7',
      'x-remote-group': ['a', 'b'],
      'x-remote-extra-example.com%2fscope%25': ['x', 'y'],
      'x-remote-extra-%c3%a9': ['z'],
    },
  );
});
