import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { systemLogger } from './logger.ts';

test('systemLogger() tells an error with its causes, and nothing twice', () => {
  const out = new PassThrough();
  const refused = new Error('connect ECONNREFUSED 127.0.0.1:1');
  systemLogger('info', out).warn('failed', {
    quoted: new Error(`Cannot reach it: ${refused.message}`, { cause: refused }),
    bare: new Error('Cannot reach it', { cause: refused }),
  });
  const line = JSON.parse(String(out.read())) as Record<string, unknown>;
  assert.equal(line['quoted'], 'Cannot reach it: connect ECONNREFUSED 127.0.0.1:1');
  assert.equal(line['bare'], 'Cannot reach it: connect ECONNREFUSED 127.0.0.1:1');
});
