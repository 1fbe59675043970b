import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { buildImage } from './build.ts';

test('buildImage() builds once for all who ask at the same time, as the nodes of one cluster do', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'nv-build-'));
  try {
    const { signal } = new AbortController();
    const built = await Promise.all([1, 2, 3].map(() => buildImage('pause', dir, signal)));
    assert.deepEqual(
      built.map(({ archive, wasCached }) => [archive, wasCached]),
      Array.from({ length: 3 }, () => [join(dir, 'pause.tar'), false]),
    );
    assert.deepEqual(readdirSync(dir).toSorted(), ['pause.tar', 'pause.tar.json']);
    assert.equal((await buildImage('pause', dir, signal)).wasCached, true);
  } finally {
    rmSync(dir, { recursive: true });
  }
});

test('buildImage() builds anew what another recipe has built', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'nv-build-'));
  try {
    const { signal } = new AbortController();
    writeFileSync(join(dir, 'pause.tar'), 'of an earlier release');
    writeFileSync(join(dir, 'pause.tar.json'), JSON.stringify({ key: 'another', images: [] }));
    const { archive, wasCached } = await buildImage('pause', dir, signal);
    assert.equal(wasCached, false);
    assert.notEqual(readFileSync(archive, 'latin1'), 'of an earlier release');
  } finally {
    rmSync(dir, { recursive: true });
  }
});
