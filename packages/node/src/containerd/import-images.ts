import { setTimeout as sleep } from 'node:timers/promises';
import { settleAll } from '@navarch/base';
import { connectRuntime, patiently } from '../cri/grpc-runtime.ts';
import { ctr } from './ctr.ts';
import { shareBlobs } from './share-blobs.ts';
import { releaseLayers, shareLayers } from './share-layers.ts';
import type { Containerd } from './start.ts';

/** How `ctr` tells of an image: in its first generation, and in its second. */
const BROUGHT = /^unpacking (\S+) \(|^(\S+)\s+saved\s*$/gm;

/**
 * Loads an image archive (OCI layout or docker save, tar, also gzipped) so that pods can use it, and gives the names
 * that it brought, in full (`docker.io/library/nginx:latest`). Throws CommandError when the file is no image archive.
 */
export async function importImages(
  containerd: Containerd,
  archive: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const { stdout } = await ctr(
    containerd,
    [...'images import --all-platforms --digests=false'.split(' '), archive],
    signal,
  );
  const names = [...stdout.matchAll(BROUGHT)].map((match) => match[1] ?? match[2] ?? '');
  for (const name of names) await tag(containerd, name, canonicalName(name), signal);
  const brought = [...new Set(names.map(canonicalName))];
  await whenPodsSee(brought, containerd, signal);
  return brought;
}

/**
 * The same for several nodes of one machine, the first of which reads the archive: the others are given its blobs and
 * unpacked layers as links, all at a time: on the machine an image is there once.
 */
export async function importIntoAll(
  [first, ...others]: readonly [Containerd, ...Containerd[]],
  archive: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const brought = await importImages(first, archive, signal);
  const held = others.length > 0 ? await listImages(first, signal) : new Map<string, string>();
  const manifests = brought.flatMap((name) => held.get(name) ?? []);
  await settleAll(
    others.map(async (other) => {
      shareBlobs(first.layout.root, other.layout.root);
      const layers = await shareLayers(first, other, manifests, signal);
      await importImages(other, archive, signal);
      await releaseLayers(other, layers, signal);
    }),
  );
  return brought;
}

const LOOK_MS = 20;
/** Looks after which containerd is told anew. */
const LOOKS_PATIENT = 50;
const LOOKS_MAX = 1500;

/**
 * CRI has a book of its own about images, into which it writes what containerd's events tell it: later than the image is
 * there, and after a failure much later. A pod that came before would look for its image in a registry.
 */
async function whenPodsSee(names: readonly string[], containerd: Containerd, signal: AbortSignal): Promise<void> {
  using runtime = await connectRuntime({ socketPath: containerd.socketPath }, signal);
  for (const name of names) {
    for (
      let looks = 1;
      !(await patiently(() => runtime.imageStatus({ image: { image: name } }, signal), signal)).image;
      looks++
    ) {
      if (looks > LOOKS_MAX)
        throw new Error(`containerd has the image ${name} and does not show it to pods: see its log`);
      // Any change of an image is an event.
      if (looks % LOOKS_PATIENT === 0)
        await ctr(containerd, ['images', 'label', name, `io.navarch/told=${looks}`], signal);
      await sleep(LOOK_MS, undefined, { signal });
    }
  }
}

export interface ArchivedImages {
  readonly archive: string;
  /** Full names, with the digests of their manifests. */
  readonly images: readonly { readonly name: string; readonly digest: string }[];
}

/** Loads the archives whose images are not there yet, or are there as something else. Gives the names it brought. */
export async function importMissing(
  containerd: Containerd,
  archives: readonly ArchivedImages[],
  signal: AbortSignal,
): Promise<readonly string[]> {
  const present = await listImages(containerd, signal);
  const missing = archives.filter(({ images }) => images.some(({ name, digest }) => present.get(name) !== digest));
  const brought = await settleAll(missing.map(({ archive }) => importImages(containerd, archive, signal)));
  return brought.flat();
}

/** Gives an image another name; both are full names. Replaces what had that name. */
export async function tagImage(
  containerd: Containerd,
  name: string,
  newName: string,
  signal: AbortSignal,
): Promise<void> {
  await tag(containerd, canonicalName(name), canonicalName(newName), signal);
}

/** Full names of the images that pods can use without a registry. */
export async function listImageNames(containerd: Containerd, signal: AbortSignal): Promise<readonly string[]> {
  return [...(await listImages(containerd, signal)).keys()];
}

/** Manifest digests by full name. */
export async function listImages(containerd: Containerd, signal: AbortSignal): Promise<ReadonlyMap<string, string>> {
  const { stdout } = await ctr(containerd, ['images', 'list'], signal);
  const rows = stdout
    .split('\n')
    .slice(1)
    .map((line) => line.split(/\s+/))
    .filter(([name = '']) => name !== '' && !name.startsWith('sha256:'));
  return new Map(rows.map(([name = '', , digest = '']) => [name, digest]));
}

/** A reference in full, as the runtime keeps it: without a registry it is docker.io's, without a tag `latest`. */
export function canonicalName(reference: string): string {
  const [first = '', ...rest] = reference.split('/');
  const hasRegistry = rest.length > 0 && (/[.:]/.test(first) || first === 'localhost');
  const path = hasRegistry ? reference : `docker.io/${rest.length === 0 ? `library/${reference}` : reference}`;
  const name = path.slice(path.lastIndexOf('/') + 1);
  return name.includes(':') || name.includes('@') ? path : `${path}:latest`;
}

async function tag(containerd: Containerd, name: string, newName: string, signal: AbortSignal): Promise<void> {
  if (name !== newName) await ctr(containerd, ['images', 'tag', '--force', name, newName], signal);
}
