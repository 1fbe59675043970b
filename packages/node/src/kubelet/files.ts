import { randomUUID } from 'node:crypto';
import { chmod, chown, lstat, mkdir, open, readdir, readlink, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Files } from '@navarch/kubelet';
import { mountTmpfs, readMounts, unmount } from '../host/index.ts';

const isAbsent = (error: unknown): boolean => ['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '');

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
    async readText(path, bytesMax) {
      const file = await orAbsent(open(path, 'r'));
      if (!file) return undefined;
      try {
        const { size } = await file.stat();
        const length = Math.min(size, bytesMax ?? size);
        const { buffer } = await file.read(Buffer.alloc(length), 0, length, size - length);
        return buffer.toString('utf8');
      } finally {
        await file.close();
      }
    },
    async write(path, data, { mode = 0o644, group } = {}) {
      await writeFile(path, data, { mode });
      await chmod(path, mode);
      if (group !== undefined) await chown(path, 0, group);
    },
    list: async (path) => (await orAbsent(readdir(path))) ?? [],
    async kindOf(path) {
      const found = await orAbsent(stat(path));
      return found && (found.isDirectory() ? 'directory' : found.isFile() ? 'file' : 'other');
    },
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
    removeTree: (path) => rm(path, { recursive: true, force: true, maxRetries: 3 }),
    isMountPoint: async (path) => readMounts().some((mount) => mount.path === path),
    mountTmpfs: (path, sizeBytes) => mountTmpfs(path, sizeBytes, signal),
    unmount: (path) => unmount(path, signal),
    async chown(path, user, group) {
      await chown(path, user, group);
      await chmod(path, 0o2777);
    },
  };
}
