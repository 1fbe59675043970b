import { runCommand } from '../host/command.ts';
import type { Containerd } from './start.ts';

/** The containerd namespace in which CRI keeps its images. */
const NAMESPACE = 'k8s.io';

/**
 * Loads an image archive (OCI layout or docker save, tar, also gzipped) so that pods can use it, and gives the names
 * that it brought, in full (`docker.io/library/nginx:latest`). Throws CommandError when the file is no image archive.
 */
export async function importImages(containerd: Containerd, archive: string, signal: AbortSignal): Promise<readonly string[]> {
  const { stdout } = await ctr(containerd, [...'images import --all-platforms --digests=false'.split(' '), archive], signal);
  const names = [...stdout.matchAll(/^unpacking (\S+) \(/gm)].map((match) => match[1] ?? '');
  for (const name of names) await tag(containerd, name, canonicalName(name), signal);
  return [...new Set(names.map(canonicalName))];
}

/** Gives an image another name; both are full names. Replaces what had that name. */
export async function tagImage(containerd: Containerd, name: string, newName: string, signal: AbortSignal): Promise<void> {
  await tag(containerd, canonicalName(name), canonicalName(newName), signal);
}

/** Full names of the images that pods can use without a registry. */
export async function listImageNames(containerd: Containerd, signal: AbortSignal): Promise<readonly string[]> {
  const { stdout } = await ctr(containerd, ['images', 'list', '-q'], signal);
  return stdout.split('\n').filter((name) => name !== '' && !name.startsWith('sha256:'));
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

function ctr(containerd: Containerd, args: readonly string[], signal: AbortSignal): Promise<{ readonly stdout: string }> {
  return runCommand(['ctr', '--address', containerd.socketPath, '--namespace', NAMESPACE, ...args], {}, signal);
}
