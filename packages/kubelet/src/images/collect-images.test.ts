import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silent } from '@navarch/base';
import { SimClock } from '@navarch/sim';
import type { ContainerRuntime, Image } from '../cri/index.ts';
import { memoryFiles } from '../volumes/testing/memory-files.ts';
import { ImageCollector, type ImageThresholds } from './collect-images.ts';

const image = (id: string, size: number, tags: readonly string[] = [], pinned = false): Image => ({
  id,
  repoTags: tags,
  repoDigests: [`r.example/${id}@sha256:1`],
  size,
  username: '',
  pinned,
});
const signal = new AbortController().signal;

/** A disk of 1000 bytes with images on it. */
class Disk {
  readonly clock = new SimClock();
  readonly files = memoryFiles();
  readonly events: string[] = [];
  readonly removed: string[] = [];
  images: readonly Image[];
  used: readonly string[] = [];
  readonly collector: ImageCollector;

  constructor(images: readonly Image[], thresholds: ImageThresholds = { high: 85, low: 80 }) {
    this.images = images;
    this.files.put('/images', 'directory');
    const runtime = {
      listImages: async () => ({ images: this.images }),
      listContainers: async () => ({
        containers: this.used.map((imageRef) => ({ imageRef, imageId: '', image: { image: '' } })),
      }),
      imageFsInfo: async () => ({ imageFilesystems: [{ fsId: { mountpoint: '/images' } }] }),
      status: async () => ({ info: { config: JSON.stringify({ sandboxImage: 'pause:3' }) } }),
      removeImage: async ({ image: spec }: { image: { image: string } }) => {
        this.removed.push(spec.image);
        this.images = this.images.filter(({ id }) => id !== spec.image);
        return {};
      },
    } as unknown as ContainerRuntime;
    this.collector = new ImageCollector({
      runtime,
      files: this.files,
      clock: this.clock,
      log: silent,
      dirs: { root: '/kubelet' },
      thresholds,
      event: (type, reason, message) => this.events.push(`${type} ${reason}: ${message}`),
    });
  }

  async look(availableBytes: number): Promise<readonly string[]> {
    this.files.disk = { capacityBytes: 1000, availableBytes };
    await this.collector.collect(signal);
    return this.removed;
  }
}

const all = [
  { ...image('loaded', 10), repoDigests: [] },
  image('sandbox', 10, ['docker.io/library/pause:3']),
  image('pinned', 10, [], true),
  image('used', 10),
  image('a', 20),
  image('b', 20),
  image('c', 20),
];

test('ImageCollector removes what was not used for longest, as much as is needed', async () => {
  const disk = new Disk(all);
  disk.used = ['used', 'a', 'b', 'c'];
  await disk.look(900);
  for (const used of [['used', 'b', 'c'], ['used', 'c'], ['used']]) {
    await disk.clock.advance(300_000);
    disk.used = used;
    await disk.look(900);
  }
  assert.deepEqual(await disk.look(160), []);
  assert.deepEqual(await disk.look(150), ['a', 'b', 'c']);
  assert.deepEqual(disk.events, []);
});

test('ImageCollector spares what is used, pinned, new, loaded by hand, or what sandboxes are made of, and says when that is too much', async () => {
  const disk = new Disk(all);
  disk.used = ['used'];
  assert.deepEqual(await disk.look(0), [], 'all are new');
  await disk.clock.advance(120_000);
  assert.deepEqual(await disk.look(0), ['a', 'b', 'c']);
  assert.equal(
    disk.events.at(-1),
    'Warning FreeDiskSpaceFailed: Failed to garbage collect required amount of images. Attempted to free 200 bytes, but only found 60 bytes eligible to free.',
  );
});

test('ImageCollector removes nothing where the threshold is 100', async () => {
  const disk = new Disk(all, { high: 100, low: 100 });
  await disk.look(0);
  await disk.clock.advance(600_000);
  assert.deepEqual(await disk.look(0), []);
});
