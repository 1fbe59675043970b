import { createHash, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CommandError, runCommand } from '../host/command.ts';
import { ctr } from './ctr.ts';
import { blobsOf } from './share-blobs.ts';
import { snapshotterOf } from './snapshotter.ts';
import type { Containerd } from './start.ts';

const SNAPSHOTTER = 'overlayfs';
const ROOT_LABEL = 'containerd.io/gc.root';

/**
 * Puts unpacked layers of images that one containerd has into another's, as links: whoever is to unpack such an image there
 * finds it unpacked. Nobody ever changes a file of a layer. What cannot be linked is left out; it is then unpacked as usual.
 * Resolves to the layers that were put there, which are kept until `release`: no image refers to them yet.
 */
export async function shareLayers(
  from: Containerd,
  to: Containerd,
  manifests: readonly string[],
  signal: AbortSignal,
): Promise<readonly string[]> {
  if (![from, to].every(({ layout }) => snapshotterOf(readFileSync(layout.config, 'utf8')) === SNAPSHOTTER)) return [];
  const put: string[] = [];
  try {
    for (const manifest of manifests)
      for (const layer of layersOf(from.layout.root, manifest))
        if (!(await hasLayer(to, layer.chain, signal))) put.push(await putLayer(from, to, layer, signal));
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
  }
  return put;
}

/** From here on layers go with the last image that has them. */
export async function releaseLayers(to: Containerd, layers: readonly string[], signal: AbortSignal): Promise<void> {
  for (const layer of layers) await ctr(to, ['snapshots', 'label', layer, `${ROOT_LABEL}=`], signal);
}

interface Layer {
  /** What an unpacked layer is called: a digest of it and all below it. */
  readonly chain: string;
  readonly parent: string | undefined;
}

const digestOf = (text: string): string => `sha256:${createHash('sha256').update(text).digest('hex')}`;

/** By the OCI image specification (config.md), from the bottom. Of an archive with images for several machines: all that are there. */
export function layersOf(root: string, manifest: string): readonly Layer[] {
  const { manifests = [], config } = blob<{
    readonly manifests?: readonly { readonly digest: string }[];
    readonly config?: { readonly digest: string };
  }>(root, manifest);
  const { rootfs } = config
    ? blob<{ readonly rootfs?: { readonly diff_ids?: readonly string[] } }>(root, config.digest)
    : {};
  const layers: Layer[] = manifests.flatMap(({ digest }) => layersOf(root, digest));
  let parent: string | undefined;
  for (const diff of rootfs?.diff_ids ?? []) {
    const chain: string = parent === undefined ? diff : digestOf(`${parent} ${diff}`);
    layers.push({ chain, parent });
    parent = chain;
  }
  return layers;
}

function blob<T extends object>(root: string, digest: string): Partial<T> {
  try {
    return JSON.parse(readFileSync(join(blobsOf(root), digest.replace(':', '/')), 'utf8')) as T;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return {};
  }
}

async function hasLayer(containerd: Containerd, chain: string, signal: AbortSignal): Promise<boolean> {
  try {
    await ctr(containerd, ['snapshots', 'info', chain], signal);
    return true;
  } catch (error) {
    if (error instanceof CommandError) return false;
    throw error;
  }
}

async function putLayer(
  from: Containerd,
  to: Containerd,
  { chain, parent }: Layer,
  signal: AbortSignal,
): Promise<string> {
  const key = `navarch-shared-${randomUUID()}`;
  const source = await mounted(from, ['view', '--mounts', key, chain], signal);
  await ctr(from, ['snapshots', 'remove', key], signal);
  const target = await mounted(to, ['prepare', '--mounts', key, ...(parent === undefined ? [] : [parent])], signal);
  try {
    await runCommand(['cp', '-al', `${source}/.`, target], {}, signal);
    await ctr(to, ['snapshots', 'commit', chain, key], signal);
  } catch (error) {
    await ctr(to, ['snapshots', 'remove', key], signal);
    throw error;
  }
  return chain;
}

/** The folder of a layer's own files, among those that a file system is made of. */
async function mounted(containerd: Containerd, command: readonly string[], signal: AbortSignal): Promise<string> {
  const { stdout } = await ctr(containerd, ['snapshots', ...command], signal);
  const [mount] = JSON.parse(stdout) as readonly { Type: string; Source: string; Options: readonly string[] }[];
  const option = (name: string): string | undefined =>
    mount?.Options.find((one) => one.startsWith(`${name}=`))?.slice(name.length + 1);
  return option('upperdir') ?? option('lowerdir')?.split(':')[0] ?? mount?.Source ?? '';
}
