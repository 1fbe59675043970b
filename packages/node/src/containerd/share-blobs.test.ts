import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { shareBlobs } from './share-blobs.ts';

test('shareBlobs() links what the other has not, and leaves what it has', () => {
  const folder = mkdtempSync(join(tmpdir(), 'navarch-blobs-'));
  try {
    const blobs = (root: string): string => join(folder, root, 'io.containerd.content.v1.content/blobs/sha256');
    shareBlobs(join(folder, 'none'), join(folder, 'two'));
    for (const root of ['one', 'two']) mkdirSync(blobs(root), { recursive: true });
    writeFileSync(join(blobs('one'), 'a'), 'a');
    writeFileSync(join(blobs('one'), 'b'), 'b');
    writeFileSync(join(blobs('two'), 'b'), 'own');
    shareBlobs(join(folder, 'one'), join(folder, 'two'));
    shareBlobs(join(folder, 'one'), join(folder, 'three'));
    const nodes = ['one', 'two', 'three'].map((root) => statSync(join(blobs(root), 'a')).ino);
    assert.equal(new Set(nodes).size, 1);
    assert.equal(readFileSync(join(blobs('two'), 'b'), 'utf8'), 'own');
  } finally {
    rmSync(folder, { recursive: true });
  }
});
