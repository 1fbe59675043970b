import { constants } from 'node:fs';
import { chmod, chown, type FileHandle, mkdir, open, readdir, readlink, realpath, writeFile } from 'node:fs/promises';
// Not by the room's index: a process that only does this should not read all of that.
import { bindMountAsIs } from '../host/mount.ts';

/** A path inside a volume leads out of it. */
export class LeadsOut extends Error {
  override readonly name = 'LeadsOut';
}

/** open(2): a handle on the file itself, without reading it. Node has no name for it. */
const O_PATH = 0o10000000;
const HERE = O_PATH | constants.O_NOFOLLOW;
const LINKS_MAX = 40;

/** A path by which the kernel reaches the very file that is open, whatever its name leads to by now. */
const pathOf = (file: FileHandle, name?: string): string =>
  `/proc/self/fd/${file.fd}${name === undefined ? '' : `/${name}`}`;

/** See Files.bindInside. Every step of the way is opened by itself and never followed by the kernel, so no link can be slipped in. */
export async function bindInside(root: string, inside: string, target: string, signal: AbortSignal): Promise<void> {
  const opened: FileHandle[] = [];
  try {
    const found = await openInside(root, inside, opened, openOrMake);
    const isFolder = (await found.stat()).isDirectory();
    await mkdir(isFolder ? target : target.slice(0, target.lastIndexOf('/')), { recursive: true });
    if (!isFolder) await writeFile(target, '', { flag: 'a' });
    // Not /proc/self: the mount is done by another process.
    await bindMountAsIs(`/proc/${process.pid}/fd/${found.fd}`, target, signal);
  } finally {
    for (const file of opened) await file.close();
  }
}

/** See Files.readInside. */
export async function readInside(root: string, inside: string, bytesMax: number): Promise<Uint8Array | undefined> {
  const opened: FileHandle[] = [];
  try {
    const found = await openInside(root, inside, opened, (folder, name) => open(pathOf(folder, name), HERE));
    if (!(await found.stat()).isFile()) return undefined;
    const readable = await open(pathOf(found), constants.O_RDONLY | constants.O_NONBLOCK);
    opened.push(readable);
    const { buffer, bytesRead } = await readable.read(Buffer.alloc(bytesMax), 0, bytesMax, 0);
    return buffer.subarray(0, bytesRead);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  } finally {
    for (const file of opened) await file.close();
  }
}

type Step = (folder: FileHandle, name: string, mode: number) => Promise<FileHandle>;

/** Every handle that was opened on the way is in `opened`: the caller closes them. */
async function openInside(root: string, inside: string, opened: FileHandle[], step: Step): Promise<FileHandle> {
  const realRoot = await realpath(root);
  const keep = async (work: Promise<FileHandle>): Promise<FileHandle> => {
    const file = await work;
    opened.push(file);
    return file;
  };
  const top = await keep(open(realRoot, O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW));
  const { mode } = await top.stat();
  let trail = [top];
  let links = 0;
  const todo = inside.split('/');
  for (let part = todo.shift(); part !== undefined; part = todo.shift()) {
    if (part === '' || part === '.') continue;
    if (part === '..') {
      if (trail.length === 1) throw new LeadsOut(`${inside} leads out of ${root}`);
      trail = trail.slice(0, -1);
      continue;
    }
    const folder = trail.at(-1) ?? top;
    const next = await keep(step(folder, part, mode & 0o7777));
    if (!(await next.stat()).isSymbolicLink()) {
      trail = [...trail, next];
      continue;
    }
    links += 1;
    if (links > LINKS_MAX) throw new LeadsOut(`${inside}: too many links`);
    const link = await readlink(pathOf(folder, part));
    if (link.startsWith('/')) {
      if (link !== realRoot && !link.startsWith(`${realRoot}/`)) throw new LeadsOut(`${inside} leads out of ${root}`);
      trail = [top];
    }
    todo.unshift(...(link.startsWith('/') ? link.slice(realRoot.length) : link).split('/'));
  }
  return trail.at(-1) ?? top;
}

async function openOrMake(folder: FileHandle, name: string, mode: number): Promise<FileHandle> {
  const path = pathOf(folder, name);
  try {
    return await open(path, HERE);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  await mkdir(path);
  const made = await open(path, HERE | constants.O_DIRECTORY);
  await chmod(pathOf(made), mode); // The process's umask took bits away.
  return made;
}

/** See Files.ownTree. */
export async function ownTree(
  path: string,
  group: number,
  { isWritable, onRootMismatch }: { readonly isWritable: boolean; readonly onRootMismatch: boolean },
  /** Told of each file that is done. */
  done: () => void = () => undefined,
): Promise<void> {
  const bits = isWritable ? 0o660 : 0o440;
  const root = await open(path, O_PATH | constants.O_DIRECTORY);
  try {
    const { gid, mode } = await root.stat();
    const wanted = bits | FOLDER_BITS;
    if (onRootMismatch && gid === group && (mode & wanted) === wanted) return;
    await ownBelow(root, group, bits, done);
    // The root last: it says that everything below it is done.
    await own(root, group, bits);
  } finally {
    await root.close();
  }
}

/** A folder's files belong to its group (set-group-id), and the group may enter it. */
const FOLDER_BITS = 0o2110;

async function ownBelow(folder: FileHandle, group: number, bits: number, done: () => void): Promise<void> {
  for (const name of await readdir(pathOf(folder))) {
    let file: FileHandle;
    try {
      file = await open(pathOf(folder, name), HERE);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') continue; // Removed meanwhile.
      throw error;
    }
    try {
      const found = await file.stat();
      if (found.isSymbolicLink()) continue;
      if (found.isDirectory()) await ownBelow(file, group, bits, done);
      await own(file, group, bits);
      done();
    } finally {
      await file.close();
    }
  }
}

async function own(file: FileHandle, group: number, bits: number): Promise<void> {
  const { uid, mode } = await file.stat();
  const isFolder = (mode & constants.S_IFMT) === constants.S_IFDIR;
  await chown(pathOf(file), uid, group);
  await chmod(pathOf(file), (mode & 0o7777) | bits | (isFolder ? FOLDER_BITS : 0));
}
