import { lstat, readdir, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { Disk } from '@navarch/kubelet';
import { type Mount, mountAbove, remoteMounts } from '../../host/index.ts';
import { RemoteFiles } from '../remote-files.ts';

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

/** Where something is mounted at one moment. */
export interface MountTable {
  /** Every place, and what may never answer. */
  readonly places: ReadonlySet<string>;
  readonly remotes: readonly string[];
}

export const mountTable = (mounts: readonly Mount[]): MountTable => ({
  places: new Set(mounts.map(({ path }) => path)),
  remotes: remoteMounts(mounts),
});

/** What trees of files use on their disk, each counted once in a while. */
export class TreeUsage {
  readonly #known = new Map<string, { readonly used: Used; readonly at: number }>();
  /** What servers and programs said of file systems of theirs; undefined until they do. */
  readonly #said = new Map<string, { readonly disk: Disk | undefined; readonly askedAt: number }>();
  readonly #remote = new RemoteFiles(new AbortController().signal);

  /** A folder that is a mount of its own counts as its file system says. */
  async of(path: string, at: number, { places, remotes }: MountTable): Promise<Disk | undefined> {
    const mount = mountAbove(path, remotes);
    if (mount !== undefined) return this.#remoteDisk(path, mount, at);
    const whole = await fileSystem(path, at);
    if (!whole) return void this.#known.delete(path);
    if (places.has(path)) return whole;
    const known = this.#known.get(path);
    const used = known && at - known.at < GOOD_MS ? known.used : await walk(path, places);
    if (used !== known?.used) this.#known.set(path, { used, at });
    return { ...whole, ...used };
  }

  /** Nobody waits for who may never answer: what was said before is what is known. */
  #remoteDisk(path: string, mount: string, at: number): Disk | undefined {
    const known = this.#said.get(path);
    if (known && at - known.askedAt < GOOD_MS) return known.disk;
    this.#said.set(path, { disk: known?.disk, askedAt: at });
    const say = (disk: Disk | undefined): void =>
      void (this.#said.has(path) && this.#said.set(path, { disk, askedAt: at }));
    this.#remote.spaceOf(path, mount).then(
      ({ blockBytes, blocks, blocksFree, blocksAvailable, inodes, inodesFree }) =>
        say({
          at,
          availableBytes: blocksAvailable * blockBytes,
          capacityBytes: blocks * blockBytes,
          usedBytes: (blocks - blocksFree) * blockBytes,
          inodesFree,
          inodes,
          inodesUsed: inodes - inodesFree,
        }),
      () => say(undefined),
    );
    return known?.disk;
  }

  /** Forgets what is no longer asked for. */
  keep(paths: ReadonlySet<string>): void {
    for (const path of this.#known.keys()) if (!paths.has(path)) this.#known.delete(path);
  }

  /** Forgets file systems of others that are not mounted any more. */
  keepRemote({ remotes }: MountTable): void {
    for (const path of this.#said.keys()) if (mountAbove(path, remotes) === undefined) this.#said.delete(path);
  }
}

/** What is mounted inside is somebody else's, and may never answer. */
async function walk(root: string, places: ReadonlySet<string>): Promise<Used> {
  let [usedBytes, inodesUsed] = [0, 0];
  const waiting = [root];
  for (let path = waiting.pop(); path !== undefined && inodesUsed < ENTRIES_MAX; path = waiting.pop()) {
    if (places.has(path)) continue;
    const found = await lstat(path).catch(() => undefined);
    if (!found) continue;
    inodesUsed += 1;
    usedBytes += found.blocks * BLOCK_BYTES;
    if (!found.isDirectory()) continue;
    for (const name of await readdir(path).catch(() => [])) waiting.push(join(path, name));
  }
  return { usedBytes, inodesUsed };
}
