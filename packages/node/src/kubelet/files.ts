import { randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream, type Stats } from 'node:fs';
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
import type { FileKind, Files } from '@navarch/kubelet';
import { bindMount, mount, mountRemote, mountsBelow, unmount, unmountBelow } from '../host/index.ts';
import { bindInside, ownTree, readInside } from './safe-path.ts';

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

/** The node's files and mounts. */
export function nodeFiles(signal: AbortSignal): Files {
  return {
    async makeDir(path, mode = 0o755) {
      const made = await mkdir(path, { recursive: true, mode });
      // The process's umask took bits away.
      if (made !== undefined) await chmod(path, mode);
    },
    readText,
    readBytes: (path) => orAbsent(readFile(path)),
    async write(path, data, { mode = 0o644, user, group } = {}) {
      await writeFile(path, data, { mode });
      if (user !== undefined || group !== undefined) await chown(path, user ?? 0, group ?? 0);
      // After chown, which takes set-id bits away.
      await chmod(path, mode);
    },
    list: async (path) => (await orAbsent(readdir(path))) ?? [],
    async kindOf(path) {
      const found = await orAbsent(stat(path));
      return found && kindOf(found);
    },
    sizeOf: async (path) => (await orAbsent(stat(path)))?.size,
    async replaceLink(path, target) {
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
    gzip: (from, to) =>
      pipeline(createReadStream(from), createGzip(), createWriteStream(to, { mode: 0o640 }), { signal }),
    async diskSpace(path) {
      const found = await orAbsent(statfs(path));
      return found && { capacityBytes: found.blocks * found.bsize, availableBytes: found.bavail * found.bsize };
    },
    async removeTree(path) {
      const [inner] = mountsBelow(path);
      if (inner !== undefined) throw new Error(`Cannot remove ${path}: ${inner} is mounted`);
      await rm(path, { recursive: true, force: true, maxRetries: 3 });
    },
    async removeEmpty(path) {
      const found = await orAbsent(lstat(path));
      if (found) await orAbsent(found.isDirectory() ? rmdir(path) : unlink(path));
    },
    chmod: (path, mode) => chmod(path, mode),
    ownTree,
    isMountPoint: async (path) => mountsBelow(path).includes(path),
    mount: (path, request) =>
      request.type === 'nfs'
        ? mountRemote({ ...request, target: path }, signal)
        : mount({ ...request, source: request.type, target: path }, signal),
    bindMount: (source, path, { isReadOnly }) => bindMount(source, path, isReadOnly, signal),
    bindInside: (root, inside, path) => bindInside(root, inside, path, signal),
    readInside,
    unmount: (path) => unmount(path, signal),
    unmountBelow: (path) => unmountBelow(path, signal),
  };
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

function kindOf(found: Stats): FileKind {
  if (found.isDirectory()) return 'directory';
  if (found.isFile()) return 'file';
  if (found.isSocket()) return 'socket';
  if (found.isCharacterDevice()) return 'character device';
  return found.isBlockDevice() ? 'block device' : 'other';
}
