import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Containerd, importImages, listImageNames } from '@navarch/node/containerd';
import { runCommand } from '@navarch/node/host';
import { buildImage } from '../../../../images/build.ts';

/** What a cluster needs to start and its first example to run. */
export const FIRST_IMAGES = ['pause', 'busybox', 'nginx'] as const;

/** Builds what is not built yet, or was by another recipe, and puts it into the node. Resolves to the names that were brought. */
export async function bringImages(
  containerd: Containerd,
  folder: string,
  names: readonly string[],
  signal: AbortSignal,
): Promise<readonly string[]> {
  const present = new Set(await listImageNames(containerd, signal));
  const brought: string[] = [];
  for (const name of names) {
    if (present.has(`docker.io/library/${name}:latest`)) continue;
    // It knows by itself whether the archive that is there is of the recipe as it is now.
    const { archive } = await buildImage(name, folder, signal);
    await importImages(containerd, archive, signal);
    brought.push(name);
  }
  return brought;
}

/** Where the first images are kept as containerd unpacks them: of another recipe or another containerd is another place. */
export async function keptImages(folder: string, signal: AbortSignal): Promise<string> {
  const { stdout } = await runCommand(['containerd', '--version'], {}, signal);
  const stamps: string[] = [];
  for (const name of FIRST_IMAGES) {
    const { archive } = await buildImage(name, folder, signal);
    stamps.push(readFileSync(`${archive}.json`, 'utf8'));
  }
  const key = createHash('sha256')
    .update([stdout, ...stamps].join('\n'))
    .digest('hex');
  return join(folder, `unpacked-${key.slice(0, 16)}`);
}
