import assert from 'node:assert/strict';
import { test } from 'node:test';
import { foldersTo } from './layout.ts';

test('foldersTo() names what is ours on the way to the folder of a node, and nothing that is not', (context) => {
  const before = process.env['NAVARCH_HOME'];
  context.after(() => {
    if (before === undefined) delete process.env['NAVARCH_HOME'];
    else process.env['NAVARCH_HOME'] = before;
  });
  process.env['NAVARCH_HOME'] = '/srv/navarch';
  assert.deepEqual(foldersTo('/srv/navarch/blue/nodes/2'), [
    '/srv/navarch',
    '/srv/navarch/blue',
    '/srv/navarch/blue/nodes',
    '/srv/navarch/blue/nodes/2',
  ]);
  assert.deepEqual(foldersTo('/srv/navarch-agent'), ['/srv/navarch-agent']);
  assert.deepEqual(foldersTo('/data/agent'), ['/data/agent']);
});
