import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** What the files of a folder take on disk, without those of folders in it. A file that goes meanwhile takes nothing. */
export function folderBytes(folder: string): number {
  let bytes = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isFile()) bytes += statSync(join(folder, entry.name), { throwIfNoEntry: false })?.size ?? 0;
  }
  return bytes;
}
