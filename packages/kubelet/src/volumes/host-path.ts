import type { HostPathVolumeSource } from '@navarch/api';
import type { FileKind, Files } from '../ports.ts';
import { defineVolumePlugin } from './volume-plugin.ts';
import { VolumeError } from './volume-error.ts';

/** A file or folder of the node itself. It is the node's: nothing is owned, removed or, where no type is said, looked at. */
export const hostPath = defineVolumePlugin({
  source: 'hostPath',
  isLive: false,
  isReadOnly: false,
  pathOf: ({ path }) => path,
  setUp: ({ source }, { files }) => checkHostPath(source, files),
  tearDown: async () => undefined,
});

/** What must be there, by type, and how the refusal names it. */
const wanted: Readonly<Record<string, readonly [kind: FileKind, words: string]>> = {
  Directory: ['directory', 'a directory'],
  DirectoryOrCreate: ['directory', 'a directory'],
  File: ['file', 'a file'],
  FileOrCreate: ['file', 'a file'],
  Socket: ['socket', 'a socket file'],
  CharDevice: ['character device', 'a character device'],
  BlockDevice: ['block device', 'a block device'],
};

/** Throws VolumeError where something else is there than the type says; makes what the type says may be made. */
export async function checkHostPath({ path, type = '' }: HostPathVolumeSource, files: Files): Promise<void> {
  if (type === '') return;
  const rule = wanted[type];
  if (!rule) throw new VolumeError(`${type} is an invalid volume type`);
  const found = await files.kindOfNamed(path);
  if (!found && type === 'DirectoryOrCreate') return files.makeDir(path, 0o755);
  if (!found && type === 'FileOrCreate') return files.write(path, '', { mode: 0o644 });
  const [kind, words] = rule;
  if (found !== kind) throw new VolumeError(`hostPath type check failed: ${path} is not ${words}`);
  return undefined;
}
