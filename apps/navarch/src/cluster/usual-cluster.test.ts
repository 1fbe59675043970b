import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { clustersHere, layoutOf, openFolder } from './layout.ts';
import { usualCluster } from './usual-cluster.ts';

test('a command that names no cluster means the only one there is', (t) => {
  const home = mkdtempSync(join(tmpdir(), 'navarch-clusters-'));
  const before = { ...process.env };
  t.after(() => {
    process.env = before;
    rmSync(home, { recursive: true });
  });
  process.env = { ...before, NAVARCH_HOME: join(home, 'none') };
  delete process.env['NAVARCH_CLUSTER'];
  assert.deepEqual([clustersHere(), usualCluster()], [[], 'navarch']);

  process.env['NAVARCH_HOME'] = home;
  mkdirSync(join(home, 'images'));
  openFolder(layoutOf('shop'));
  assert.deepEqual([clustersHere(), usualCluster()], [['shop'], 'shop']);
  openFolder(layoutOf('bank'));
  assert.deepEqual([clustersHere(), usualCluster()], [['bank', 'shop'], 'navarch']);

  process.env['NAVARCH_CLUSTER'] = 'bank';
  assert.equal(usualCluster(), 'bank');
});
