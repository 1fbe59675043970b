import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { folderBytes } from './folder-bytes.ts';

test('folderBytes() adds up the files of a folder', () => {
  const folder = mkdtempSync(join(tmpdir(), 'navarch-bytes-'));
  try {
    writeFileSync(join(folder, 'a'), 'x'.repeat(1000));
    writeFileSync(join(folder, 'a-wal'), 'x'.repeat(234));
    mkdirSync(join(folder, 'within'));
    writeFileSync(join(folder, 'within', 'b'), 'x'.repeat(5));
    assert.equal(folderBytes(folder), 1234);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
