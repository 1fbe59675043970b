import type { Clock, Logger } from '@navarch/base';
import type { ContainerRuntime, Image } from '../cri/index.ts';
import type { Files } from '../ports.ts';
import { PullRecords, pullRecordsDir } from './pull-records.ts';
import { fullReference } from './reference.ts';

/** Percent of the disk that images are on. */
export interface ImageThresholds {
  /** From here on images are removed; at 100 never. */
  readonly high: number;
  /** Until so much is used. */
  readonly low: number;
  /** What has come later than this many milliseconds ago is about to be used; two minutes, as upstream, when left out. */
  readonly ageMsMin?: number;
  /** What nobody has used for so long goes, however much room there is; never when left out. */
  readonly unusedMsMax?: number;
}

export interface ImageCollectorDeps {
  readonly runtime: ContainerRuntime;
  readonly files: Files;
  readonly clock: Clock;
  readonly log: Logger;
  readonly dirs: { readonly root: string };
  readonly thresholds: ImageThresholds;
  /** About the node. */
  event(type: 'Normal' | 'Warning', reason: string, message: string): void;
}

export const IMAGE_THRESHOLDS: ImageThresholds = { high: 85, low: 80 };
const LOOK_MS = 5 * 60_000;
const AGE_MS_MIN = 2 * 60_000;

interface Seen {
  readonly firstAt: number;
  readonly usedAt: number;
}

/** Removes images that nobody uses when the disk is full, those first that were not used for longest. */
export class ImageCollector {
  readonly #deps: ImageCollectorDeps;
  readonly #records: PullRecords;
  #seen: ReadonlyMap<string, Seen> = new Map();

  constructor(deps: ImageCollectorDeps) {
    this.#deps = deps;
    this.#records = new PullRecords({ files: deps.files, dir: pullRecordsDir(deps.dirs.root) });
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, log, event } = this.#deps;
    while (!signal.aborted) {
      try {
        await this.collect(signal);
      } catch (error) {
        if (signal.aborted) return;
        log.warn('cannot remove unused images', { error });
        event('Warning', 'ImageGCFailed', (error as Error).message);
      }
      await clock.sleep(LOOK_MS, signal).catch(() => undefined);
    }
  }

  /** One look, and what follows from it. */
  async collect(signal: AbortSignal): Promise<void> {
    const { runtime, files, event, thresholds } = this.#deps;
    const { images } = await runtime.listImages({}, signal);
    const inUse = await this.#note(images, signal);
    await this.#records.prune(images.map(({ id }) => id));
    const { unusedMsMax } = thresholds;
    if (unusedMsMax !== undefined)
      await this.#free(
        images.filter((image) => isReplaceable(image) && !inUse.has(image.id) && this.#unusedMs(image) > unusedMsMax),
        Number.POSITIVE_INFINITY,
        signal,
      );
    if (thresholds.high >= 100) return;
    const {
      imageFilesystems: [disk],
    } = await runtime.imageFsInfo({}, signal);
    const space = disk?.fsId && (await files.diskSpace(disk.fsId.mountpoint));
    if (!space || space.capacityBytes === 0) return;
    const used = 100 - Math.floor((space.availableBytes * 100) / space.capacityBytes);
    if (used < thresholds.high) return;
    const wanted = Math.ceil((space.capacityBytes * (100 - thresholds.low)) / 100) - space.availableBytes;
    const freed = await this.#free(
      images.filter((image) => isReplaceable(image) && !inUse.has(image.id)),
      wanted,
      signal,
    );
    if (freed < wanted) {
      event(
        'Warning',
        'FreeDiskSpaceFailed',
        `Failed to garbage collect required amount of images. Attempted to free ${wanted} bytes, but only found ${freed} bytes eligible to free.`,
      );
    }
  }

  /** Removes every image that nobody uses, however much room there is. */
  async deleteUnused(signal: AbortSignal): Promise<void> {
    const { images } = await this.#deps.runtime.listImages({}, signal);
    const inUse = await this.#note(images, signal);
    const unused = images.filter((image) => isReplaceable(image) && !inUse.has(image.id));
    await this.#free(unused, Number.POSITIVE_INFINITY, signal);
  }

  /** Remembers since when each image is here and when it was used last. Resolves to the ids of those in use. */
  async #note(images: readonly Image[], signal: AbortSignal): Promise<ReadonlySet<string>> {
    const { runtime, clock } = this.#deps;
    const now = clock.now();
    const { containers } = await runtime.listContainers({}, signal);
    const names = new Set(
      [
        ...containers.flatMap(({ imageRef, imageId, image }) => [imageRef, imageId, image?.image ?? '']),
        await sandboxImage(runtime, signal),
      ].filter(Boolean),
    );
    const inUse = new Set(
      images
        .filter(({ id, repoTags, repoDigests }) => [id, ...repoTags, ...repoDigests].some((name) => names.has(name)))
        .map(({ id }) => id),
    );
    this.#seen = new Map(
      images.map(({ id }) => {
        const before = this.#seen.get(id);
        return [id, { firstAt: before?.firstAt ?? now, usedAt: inUse.has(id) ? now : (before?.usedAt ?? 0) }];
      }),
    );
    return inUse;
  }

  /** As far as is known: the past of a kubelet that has just started is not. */
  #unusedMs({ id }: Image): number {
    const seen = this.#seen.get(id);
    return seen ? this.#deps.clock.now() - Math.max(seen.firstAt, seen.usedAt) : 0;
  }

  /** Resolves to the bytes of what was removed. */
  async #free(images: readonly Image[], wanted: number, signal: AbortSignal): Promise<number> {
    const { runtime, clock, log, thresholds } = this.#deps;
    const seenOf = ({ id }: Image): Seen => this.#seen.get(id) ?? { firstAt: clock.now(), usedAt: 0 };
    const old = images
      .filter((image) => clock.now() - seenOf(image).firstAt >= (thresholds.ageMsMin ?? AGE_MS_MIN))
      .toSorted((a, b) => seenOf(a).usedAt - seenOf(b).usedAt || seenOf(a).firstAt - seenOf(b).firstAt);
    let freed = 0;
    for (const { id, size, repoTags } of old) {
      if (freed >= wanted) break;
      log.info('removing an unused image', { id, tags: repoTags.join(' ') });
      await runtime.removeImage({ image: { image: id } }, signal);
      freed += size;
    }
    return freed;
  }
}

/** What came from a registry has a digest there; what was loaded by hand has none, and could not be had again. */
const isReplaceable = ({ pinned, repoDigests }: Image): boolean => !pinned && repoDigests.length > 0;

/** What sandboxes are made of is in use though no container shows it. Newer runtimes pin it; containerd says which it is. */
async function sandboxImage(runtime: ContainerRuntime, signal: AbortSignal): Promise<string> {
  const { info } = await runtime.status({ verbose: true }, signal);
  try {
    const { sandboxImage: name = '' } = JSON.parse(info['config'] ?? '{}') as { readonly sandboxImage?: string };
    return name && fullReference(name);
  } catch {
    return '';
  }
}
