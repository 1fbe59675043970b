import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { CommandError, runCommand } from '../host/command.ts';
import { containerdLayout } from './layout.ts';

/**
 * What of containerd's root is images: blobs and unpacked layers, which nobody changes once they are there, and the two
 * books about them, which are.
 */
const SHARED = [/^io\.containerd\.content\.v1\.content$/, /^io\.containerd\.snapshotter\.v1\.(overlayfs|native)$/];
const BOOK = 'io.containerd.metadata.v1.bolt';
const BOOKS = /^(meta|metadata)\.db$/;

/** Whether the containerd of this folder has images, or ever had. */
export const hasImages = (dir: string): boolean => existsSync(join(containerdLayout(dir).root, BOOK, 'meta.db'));

/**
 * Gives a containerd that was never started the images that are kept in a folder: files are linked, not copied, so that
 * any number of nodes hold each of them once. Resolves to what it found: images, of its own or now given, or none.
 */
export async function plantImages(kept: string, dir: string, signal: AbortSignal): Promise<'own' | 'given' | 'none'> {
  if (hasImages(dir)) return 'own';
  const { root } = containerdLayout(dir);
  // Half of what was given before an interruption would be in the way of what containerd makes itself.
  rmSync(root, { recursive: true, force: true });
  return existsSync(kept) && (await cloned(kept, root, signal)) ? 'given' : 'none';
}

/** Keeps the images of a containerd that is stopped for those after it. Other kept images in the folder go. */
export async function keepImages(dir: string, kept: string, signal: AbortSignal): Promise<void> {
  const { root } = containerdLayout(dir);
  const folder = dirname(kept);
  mkdirSync(folder, { recursive: true });
  const [family = ''] = basename(kept).split('-');
  for (const name of readdirSync(folder))
    if (name.startsWith(`${family}-`)) rmSync(join(folder, name), { recursive: true, force: true });
  const draft = `${kept}-draft${process.pid}`;
  if (await cloned(root, draft, signal)) putInPlace(draft, kept);
}

/** Another may have kept the same meanwhile, or taken the draft for a left one: then it was quicker. */
function putInPlace(draft: string, kept: string): void {
  try {
    renameSync(draft, kept);
  } catch (error) {
    if (!['ENOTEMPTY', 'EEXIST', 'ENOENT'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    rmSync(draft, { recursive: true, force: true });
  }
}

/** The books come last: without them nothing counts. */
async function cloned(from: string, to: string, signal: AbortSignal): Promise<boolean> {
  mkdirSync(to, { recursive: true, mode: 0o711 });
  try {
    for (const name of readdirSync(from).filter((one) => SHARED.some((shared) => shared.test(one)))) {
      await runCommand(['cp', '-al', join(from, name), join(to, name)], {}, signal);
      for (const book of readdirSync(join(to, name)).filter((one) => BOOKS.test(one))) {
        rmSync(join(to, name, book));
        await runCommand(['cp', '-a', join(from, name, book), join(to, name, book)], {}, signal);
      }
    }
    await runCommand(['cp', '-a', join(from, BOOK), join(to, BOOK)], {}, signal);
    return true;
  } catch (error) {
    rmSync(to, { recursive: true, force: true });
    // Another disk: links do not lead there.
    if (error instanceof CommandError) return false;
    throw error;
  }
}
