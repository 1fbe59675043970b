import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
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
