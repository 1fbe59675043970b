import { linkSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Where a containerd keeps what it was sent, by algorithm and digest. */
export const blobsOf = (root: string): string => join(root, 'io.containerd.content.v1.content', 'blobs');
/** As when there is nothing to link, when it is there already, and on another disk. */
const NO_MATTER = ['ENOENT', 'EEXIST', 'EXDEV', 'EPERM', 'EMLINK'];

/**
 * Puts blobs of one containerd's root into another's, as links: nobody ever changes one. Whoever is to write such a blob finds
 * it there and only notes it in his book, so that it is neither sent nor kept twice. One that nobody comes to note is cleaned
 * away like all that no image needs.
 */
export function shareBlobs(from: string, to: string): void {
  for (const algorithm of entriesOf(blobsOf(from))) {
    const [source, target] = [join(blobsOf(from), algorithm), join(blobsOf(to), algorithm)];
    const held = new Set(entriesOf(target));
    mkdirSync(target, { recursive: true, mode: 0o755 });
    for (const name of entriesOf(source)) if (!held.has(name)) link(join(source, name), join(target, name));
  }
}

function link(source: string, target: string): void {
  try {
    linkSync(source, target);
  } catch (error) {
    if (!NO_MATTER.includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
}

function entriesOf(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return [];
  }
}
