import { readlink } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { mountAbove } from '../host/index.ts';

/** As many as the kernel follows. */
const LINKS_MAX = 40;

/**
 * The first of these mounts that a path leads into, links followed. Undefined where it leads into none, or nowhere. Nothing
 * inside of any of them is touched.
 */
export async function remoteOnTheWay(path: string, remotes: readonly string[]): Promise<string | undefined> {
  if (remotes.length === 0) return undefined;
  let links = 0;
  let at = '/';
  const todo = resolve(path).split('/').filter(Boolean);
  for (let name = todo.shift(); name !== undefined; name = todo.shift()) {
    const next = join(at, name);
    const mount = mountAbove(next, remotes);
    if (mount !== undefined) return mount;
    const link = await readlink(next).catch(() => undefined);
    if (link === undefined) {
      at = next;
      continue;
    }
    links += 1;
    if (links > LINKS_MAX) return undefined;
    if (link.startsWith('/')) at = '/';
    todo.unshift(...link.split('/').filter((part) => part !== '' && part !== '.'));
  }
  return undefined;
}
