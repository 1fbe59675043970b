import type { NFSVolumeSource } from '@navarch/api';
import { defineVolumePlugin, removeVolume, type VolumeHost } from './volume-plugin.ts';
import { VolumeError } from './volume-error.ts';

/** A folder of a file server. mount(8) needs its helper for it: a node without says what is missing. */
export const nfs = defineVolumePlugin({
  source: 'nfs',
  isLive: false,
  isReadOnly: false,
  setUp: ({ source, dir }, host) => mountNfs(dir, source, [], host),
  tearDown: removeVolume,
});

/** `mountOptions` are those of a persistent volume. The server's files keep their owners, whatever the pod's fsGroup. */
export async function mountNfs(
  dir: string,
  { server, path, readOnly }: NFSVolumeSource,
  mountOptions: readonly string[],
  { files }: Pick<VolumeHost, 'files'>,
): Promise<void> {
  if (await files.isMountPoint(dir)) return;
  await files.makeDir(dir, 0o750);
  const host = server.includes(':') && !server.startsWith('[') ? `[${server}]` : server;
  const options = [...mountOptions, ...(readOnly ? ['ro'] : [])];
  try {
    await files.mount(dir, { type: 'nfs', source: `${host}:${path}`, options });
  } catch (error) {
    throw new VolumeError(`mount failed: ${(error as Error).message}`, { cause: error });
  }
}
