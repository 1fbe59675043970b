import { lstat, readdir, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { Disk } from '@navarch/kubelet';

/** Entries of one tree that are counted; a larger one shows as at least that. */
const ENTRIES_MAX = 100_000;
/** How long a count is good: walking trees is the dearest part of statistics (upstream's --volume-stats-agg-period). */
const GOOD_MS = 60_000;
const BLOCK_BYTES = 512;

export interface Used {
  readonly usedBytes: number;
  readonly inodesUsed: number;
}

/** The file system that a folder is on; undefined when there is no such folder. */
export async function fileSystem(path: string, at: number): Promise<Disk | undefined> {
  try {
    const { bsize, blocks, bfree, bavail, files, ffree } = await statfs(path);
    return {
      at,
      availableBytes: bavail * bsize,
      capacityBytes: blocks * bsize,
      usedBytes: (blocks - bfree) * bsize,
      inodesFree: ffree,
      inodes: files,
      inodesUsed: files - ffree,
    };
  } catch {
    return undefined; // Gone meanwhile: pods come and go.
  }
}

/** What trees of files use on their disk, each counted once in a while. */
export class TreeUsage {
  readonly #known = new Map<string, { readonly used: Used; readonly at: number }>();

  /** A folder that is a mount of its own counts as its file system says. */
  async of(path: string, at: number): Promise<Disk | undefined> {
    const whole = await fileSystem(path, at);
    if (!whole) return void this.#known.delete(path);
    if (await isMount(path)) return whole;
    const known = this.#known.get(path);
    const used = known && at - known.at < GOOD_MS ? known.used : await walk(path);
    if (used !== known?.used) this.#known.set(path, { used, at });
    return { ...whole, ...used };
  }

  /** Forgets what is no longer asked for. */
  keep(paths: ReadonlySet<string>): void {
    for (const path of this.#known.keys()) if (!paths.has(path)) this.#known.delete(path);
  }
}

async function isMount(path: string): Promise<boolean> {
  const [own, above] = [await lstat(path).catch(() => undefined), await lstat(join(path, '..')).catch(() => undefined)];
  return own?.dev !== above?.dev;
}

async function walk(root: string): Promise<Used> {
  let [usedBytes, inodesUsed] = [0, 0];
  const waiting = [root];
  for (let path = waiting.pop(); path !== undefined && inodesUsed < ENTRIES_MAX; path = waiting.pop()) {
    const found = await lstat(path).catch(() => undefined);
    if (!found) continue;
    inodesUsed += 1;
    usedBytes += found.blocks * BLOCK_BYTES;
    if (!found.isDirectory()) continue;
    for (const name of await readdir(path).catch(() => [])) waiting.push(join(path, name));
  }
  return { usedBytes, inodesUsed };
}
