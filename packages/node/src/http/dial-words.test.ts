import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dialWords } from './dial-words.ts';

const failed = (code: string): NodeJS.ErrnoException => Object.assign(new Error(`connect ${code}`), { code });

test('dialWords() says why nobody was reached as clients written in Go know it', () => {
  const said = ['ECONNREFUSED', 'ENETUNREACH', 'EHOSTUNREACH', 'ETIMEDOUT'].map((code) =>
    dialWords(failed(code), '10.0.0.1', 8443),
  );
  assert.deepEqual(said, [
    'dial tcp 10.0.0.1:8443: connect: connection refused',
    'dial tcp 10.0.0.1:8443: connect: network is unreachable',
    'dial tcp 10.0.0.1:8443: connect: no route to host',
    'dial tcp 10.0.0.1:8443: i/o timeout',
  ]);
  assert.equal(
    dialWords(failed('ENETUNREACH'), 'fd00::1', 80),
    'dial tcp [fd00::1]:80: connect: network is unreachable',
  );
  assert.equal(dialWords(failed('EPIPE'), '10.0.0.1', 80), 'connect EPIPE');
});
