import { randomUUID } from 'node:crypto';
import { constants, createWriteStream, type Stats } from 'node:fs';
import {
  chmod,
  chown,
  lstat,
  mkdir,
  open,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  rmdir,
  stat,
  statfs,
  symlink,
  unlink,
  writeFile,
} from 'node:fs/promises';
import { dirname } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { EscapeError, type FileKind, type Files } from '@navarch/kubelet';
import {
  bindMount,
  mount,
  mountAbove,
  mountRemote,
  mountsBelow,
  readMounts,
  remoteMounts,
  unmount,
  unmountBelow,
} from '../host/index.ts';
import { inGoWords } from './go-words.ts';
import { RemoteFiles } from './remote-files.ts';
import { remoteOnTheWay } from './remote-on-the-way.ts';
import { bindInside, LeadsOut, ownTree, readInside } from './safe-path.ts';

const isAbsent = (error: unknown): boolean =>
  ['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '');

async function orAbsent<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

const escaped = (message: string): Error => new EscapeError(message);

/** A link that leads out, told as the kubelet knows it. */
const orEscaped = <T>(work: Promise<T>): Promise<T> =>
  work.catch((error: unknown) => {
    throw error instanceof LeadsOut ? escaped(error.message) : error;
  });

/** A mount of a server or a program that work below a folder may come to. */
function remoteIn(root: string): string | undefined {
  const remotes = remoteMounts(readMounts());
  return mountAbove(root, remotes) ?? remotes.find((mount) => mount.startsWith(`${root}/`));
}

/** The node's files and mounts. */
export function nodeFiles(signal: AbortSignal, remote: RemoteFiles = new RemoteFiles(signal)): Files {
  return {
    async makeDir(path, mode = 0o755) {
      const made = await inGoWords(mkdir(path, { recursive: true, mode }));
      // The process's umask took bits away.
      if (made !== undefined) await chmod(path, mode);
    },
    readText,
    readBytes: (path) => orAbsent(readFile(path)),
    async write(path, data, { mode = 0o644, user, group } = {}) {
      await inGoWords(writeFile(path, data, { mode }));
      if (user !== undefined || group !== undefined) await chown(path, user ?? 0, group ?? 0);
      // After chown, which takes set-id bits away.
      await chmod(path, mode);
    },
    list: async (path) => (await orAbsent(readdir(path))) ?? [],
    async kindOf(path) {
      const found = await orAbsent(stat(path));
      return found && kindOf(found);
    },
    async kindOfNamed(path) {
      const mount = await remoteOnTheWay(path, remoteMounts(readMounts()));
      if (mount !== undefined) return remote.kindOf(path, mount);
      return namedKind(path);
    },
    sizeOf: async (path) => (await orAbsent(stat(path)))?.size,
    async replaceLink(path, target) {
      if (await isMade(symlink(target, path))) return;
      const draft = `${dirname(path)}/.link-${randomUUID()}`;
      await symlink(target, draft);
      const found = await orAbsent(lstat(path));
      if (found?.isDirectory()) await rm(path, { recursive: true });
      await rename(draft, path);
    },
    async readLink(path) {
      try {
        return await readlink(path);
      } catch (error) {
        if (isAbsent(error) || (error as NodeJS.ErrnoException).code === 'EINVAL') return undefined;
        throw error;
      }
    },
    rename: (from, to) => rename(from, to),
    async gzip(from, to) {
      // No link is followed: pods may see the folder, and write there.
      const source = await open(from, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
      const target = createWriteStream(to, { mode: 0o640, flags: 'wx' });
      await pipeline(source.createReadStream(), createGzip(), target, { signal });
    },
    async diskSpace(path) {
      const found = await orAbsent(statfs(path));
      return found && { capacityBytes: found.blocks * found.bsize, availableBytes: found.bavail * found.bsize };
    },
    async removeTree(path) {
      const [inner] = mountsBelow(path);
      if (inner !== undefined) throw new Error(`Cannot remove ${path}: ${inner} is mounted`);
      await rm(path, { recursive: true, force: true, maxRetries: 3 });
    },
    removeMade: (path) => rm(path, { recursive: true, force: true, maxRetries: 3 }),
    async removeEmpty(path) {
      const found = await orAbsent(lstat(path));
      if (found) await orAbsent(found.isDirectory() ? rmdir(path) : unlink(path));
    },
    chmod: (path, mode) => chmod(path, mode),
    async ownTree(path, group, options) {
      const mount = remoteIn(path);
      if (mount === undefined) return ownTree(path, group, options);
      await remote.work('own', [path, group, options], mount, escaped);
    },
    isMountPoint: async (path) => mountsBelow(path).includes(path),
    isOwnFileSystem,
    mount: (path, request) =>
      request.type === 'nfs'
        ? mountRemote({ ...request, target: path }, signal)
        : mount({ ...request, source: request.type, target: path }, signal),
    bindMount: (source, path, { isReadOnly }) => bindMount(source, path, isReadOnly, signal),
    async bindInside(root, inside, path) {
      const mount = remoteIn(root);
      if (mount === undefined) return orEscaped(bindInside(root, inside, path, signal));
      await remote.work('bind', [root, inside, path], mount, escaped);
    },
    async readInside(root, inside, bytesMax) {
      const mount = remoteIn(root);
      if (mount === undefined) return orEscaped(readInside(root, inside, bytesMax));
      const base64 = await remote.work('read', [root, inside, bytesMax], mount, escaped);
      return typeof base64 === 'string' ? Buffer.from(base64, 'base64') : undefined;
    },
    unmount: (path) => unmount(path, signal),
    unmountBelow: (path) => unmountBelow(path, signal),
  };
}

/** False where something is in its place. */
async function isMade(work: Promise<void>): Promise<boolean> {
  try {
    await work;
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

async function isOwnFileSystem(path: string): Promise<boolean> {
  const [own, above] = await Promise.all([path, dirname(path)].map((one) => orAbsent(lstat(one))));
  return own !== undefined && own.dev !== above?.dev;
}

async function readText(path: string, bytesMax?: number): Promise<string | undefined> {
  const file = await orAbsent(open(path, 'r'));
  if (!file) return undefined;
  try {
    const { size } = await file.stat();
    const length = Math.min(size, bytesMax ?? size);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, size - length);
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await file.close();
  }
}

/** What nobody may look at, or no way leads to, is there and nothing that was wanted. */
async function namedKind(path: string): Promise<FileKind | undefined> {
  try {
    const found = await orAbsent(stat(path));
    return found && kindOf(found);
  } catch (error) {
    if (['EACCES', 'EPERM', 'ELOOP', 'ENAMETOOLONG'].includes((error as NodeJS.ErrnoException).code ?? ''))
      return 'other';
    throw error;
  }
}

function kindOf(found: Stats): FileKind {
  if (found.isDirectory()) return 'directory';
  if (found.isFile()) return 'file';
  if (found.isSocket()) return 'socket';
  if (found.isCharacterDevice()) return 'character device';
  return found.isBlockDevice() ? 'block device' : 'other';
}
