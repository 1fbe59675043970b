import type { Dirent, Stats } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { FoundSocket, PluginInfo, PluginSockets } from '@navarch/kubelet';
import { GrpcChannel } from '../grpc/index.ts';
import { protocol } from './generated/description.ts';

/** As upstream's kubelet gives them. */
const CONNECT_MS = 10_000;
const INFO_MS = 10_000;
const NOTIFY_MS = 5_000;
/** Folders within folders: deeper ones are nobody's. */
const DEPTH_MAX = 8;

/** The sockets that plugins make on this machine. */
export const nodePluginSockets: PluginSockets = {
  list: (dir) => socketsIn(dir, DEPTH_MAX),
  async info(path, signal) {
    using channel = new GrpcChannel(path, protocol);
    await channel.ready(CONNECT_MS);
    return (await channel.call('getInfo', {}, INFO_MS, signal)) as unknown as PluginInfo;
  },
  async notify(path, status, signal) {
    using channel = new GrpcChannel(path, protocol);
    await channel.call('notifyRegistrationStatus', { ...status }, NOTIFY_MS, signal);
  },
};

/** Names that begin with a dot are none of plugins, as upstream has it. */
async function socketsIn(dir: string, depth: number): Promise<readonly FoundSocket[]> {
  const found: FoundSocket[] = [];
  for (const entry of await orNothing<readonly Dirent[]>(readdir(dir, { withFileTypes: true }), [])) {
    if (entry.name.startsWith('.')) continue;
    const path = join(dir, entry.name);
    if (entry.isDirectory() && depth > 0) found.push(...(await socketsIn(path, depth - 1)));
    if (!entry.isSocket()) continue;
    const stats = await orNothing<Stats | undefined>(lstat(path), undefined);
    // A number of a file may be given again at once: the time tells them apart.
    if (stats) found.push({ path, identity: `${stats.ino} ${stats.ctimeMs}` });
  }
  return found;
}

async function orNothing<T>(work: Promise<T>, nothing: T): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return nothing;
    throw error;
  }
}
