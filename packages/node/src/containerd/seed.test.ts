import assert from 'node:assert/strict';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { keepImages, plantImages } from './seed.ts';

const BLOB = 'io.containerd.content.v1.content/blobs/sha256/a';
const LAYER = 'io.containerd.snapshotter.v1.overlayfs/snapshots/1/fs/bin/sh';
const LAYERS = 'io.containerd.snapshotter.v1.overlayfs/metadata.db';
const BOOK = 'io.containerd.metadata.v1.bolt/meta.db';
const PODS = 'io.containerd.grpc.v1.cri/sandboxes/x';

const { signal } = new AbortController();

async function withNodes(work: (paths: { kept: string; one: string; two: string }) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'nvs-'));
  try {
    const one = join(folder, 'one');
    for (const path of [BLOB, LAYER, LAYERS, BOOK, PODS]) write(join(one, 'root', path), path);
    await work({ kept: join(folder, 'images/seed-1'), one, two: join(folder, 'two') });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

const inode = (path: string): number => statSync(path).ino;

test('plantImages() shares blobs and layers with every node, and gives each its own books', () =>
  withNodes(async ({ kept, one, two }) => {
    await keepImages(one, kept, signal);
    assert.equal(await plantImages(kept, two, signal), 'given');
    for (const path of [BLOB, LAYER]) assert.equal(inode(join(two, 'root', path)), inode(join(one, 'root', path)));
    for (const path of [LAYERS, BOOK]) {
      appendFileSync(join(two, 'root', path), ' and more');
      assert.equal(readFileSync(join(one, 'root', path), 'utf8'), path);
      assert.equal(readFileSync(join(kept, path), 'utf8'), path);
    }
    assert.equal(existsSync(join(two, 'root', PODS)), false);
  }));

test('plantImages() leaves a containerd that has images, and clears what an interrupted one left', () =>
  withNodes(async ({ kept, one, two }) => {
    await keepImages(one, kept, signal);
    assert.equal(await plantImages(kept, one, signal), 'own');
    assert.ok(existsSync(join(one, 'root', PODS)));
    write(join(two, 'root', LAYER), 'half');
    assert.equal(await plantImages(kept, two, signal), 'given');
    assert.equal(readFileSync(join(two, 'root', LAYER), 'utf8'), LAYER);
  }));

test('plantImages() gives nothing where nothing is kept', () =>
  withNodes(async ({ kept, two }) => assert.equal(await plantImages(kept, two, signal), 'none')));

test('keepImages() keeps the last images only, and leaves archives beside them', () =>
  withNodes(async ({ kept, one }) => {
    write(join(dirname(kept), 'seed-0/x'), '');
    write(join(dirname(kept), 'busybox.tar'), '');
    await keepImages(one, kept, signal);
    assert.deepEqual(readdirSync(dirname(kept)).toSorted(), ['busybox.tar', 'seed-1']);
  }));
