import { configMap as configMapKind, type Pod, secret as secretKind } from '@navarch/api';
import { type Payload, writeAtomically } from './atomic-writer.ts';
import { memorySize } from './empty-dir.ts';
import { configMapPayloads, downwardPayloads, secretPayloads } from './payloads.ts';
import { defineVolumePlugin, removeVolume, type VolumeHost } from './volume-plugin.ts';

function fsGroupOf({ spec }: Pod): number | undefined {
  const group = spec.securityContext?.fsGroup;
  return group === undefined ? undefined : Number(group);
}

/** Files made from what the API holds, on the node's disk. */
export const configMap = defineVolumePlugin({
  source: 'configMap',
  isLive: true,
  isReadOnly: true,
  names: ({ name = '' }) => [{ kind: configMapKind, name }],
  async setUp({ source, dir, pod }, host) {
    await write(dir, await configMapPayloads(source, source.defaultMode, pod, host), pod, host);
  },
  tearDown: removeVolume,
});

/** In memory: a secret is never written to a disk. */
export const secret = defineVolumePlugin({
  source: 'secret',
  isLive: true,
  isReadOnly: true,
  names: ({ secretName: name = '' }) => [{ kind: secretKind, name }],
  async setUp({ source, dir, pod }, host) {
    const { secretName: name = '', optional = false, items = [] } = source;
    await writeInMemory(dir, await secretPayloads({ name, optional, items }, source.defaultMode, pod, host), pod, host);
  },
  tearDown: removeVolume,
});

export const downwardAPI = defineVolumePlugin({
  source: 'downwardAPI',
  isLive: true,
  isReadOnly: true,
  async setUp({ source, dir, pod }, host) {
    await writeInMemory(dir, downwardPayloads(source.items ?? [], source.defaultMode, pod, host), pod, host);
  },
  tearDown: removeVolume,
});

/** Writes the files into a memory file system at `dir`, which is made when it is not there. */
export async function writeInMemory(
  dir: string,
  payloads: readonly Payload[],
  pod: Pod,
  host: VolumeHost,
): Promise<void> {
  const { files, allocatable, written } = host;
  if (await written.has(dir, payloads)) return;
  if (!(await files.isOwnFileSystem(dir))) {
    await files.makeDir(dir, 0o777);
    await files.mount(dir, {
      type: 'tmpfs',
      options: ['mode=0777', `size=${memorySize(undefined, pod, allocatable)}`],
    });
  }
  await writeAndKeep(dir, payloads, pod, host);
}

async function write(dir: string, payloads: readonly Payload[], pod: Pod, host: VolumeHost): Promise<void> {
  if (!(await host.written.has(dir, payloads))) await writeAndKeep(dir, payloads, pod, host);
}

async function writeAndKeep(dir: string, payloads: readonly Payload[], pod: Pod, host: VolumeHost): Promise<void> {
  const target = await writeAtomically(dir, payloads, host, fsGroupOf(pod));
  host.written.keep(pod.metadata.uid, dir, target, payloads);
}
