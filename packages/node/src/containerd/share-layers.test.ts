import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { layersOf } from './share-layers.ts';

test('layersOf() names layers by themselves and all below them, in images for several machines too', () => {
  const root = mkdtempSync(join(tmpdir(), 'navarch-layers-'));
  try {
    const folder = join(root, 'io.containerd.content.v1.content/blobs/sha256');
    mkdirSync(folder, { recursive: true });
    const blob = (name: string, content: object): string => {
      writeFileSync(join(folder, name), JSON.stringify(content));
      return `sha256:${name}`;
    };
    const [one, two] = [`sha256:${'1'.repeat(64)}`, `sha256:${'2'.repeat(64)}`];
    const config = blob('config', { rootfs: { diff_ids: [one, two] } });
    const manifest = blob('manifest', { config: { digest: config } });
    const index = blob('index', { manifests: [{ digest: manifest }, { digest: 'sha256:of-another-machine' }] });
    const top = `sha256:${createHash('sha256').update(`${one} ${two}`).digest('hex')}`;
    const layers = [
      { chain: one, parent: undefined },
      { chain: top, parent: one },
    ];
    assert.deepEqual(layersOf(root, manifest), layers);
    assert.deepEqual(layersOf(root, index), layers);
    assert.deepEqual(layersOf(root, 'sha256:gone'), []);
  } finally {
    rmSync(root, { recursive: true });
  }
});
