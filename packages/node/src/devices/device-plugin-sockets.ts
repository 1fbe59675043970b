import { lstat, readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { DevicePlugin, DevicePluginSockets, RegisterRequest } from '@navarch/kubelet';
import { GrpcChannel, serveGrpc } from '../grpc/index.ts';
import { protocol } from './generated/description.ts';

/** As upstream's kubelet waits for a plugin that has registered, and for it to ready its devices for a container. */
const CONNECT_MS = 10_000;
const PRE_START_MS = 30_000;
/** Pods are admitted one after the other: a plugin that never answers must not hold up all of them for ever. */
const ALLOCATE_MS = 120_000;

type Message = Readonly<Record<string, unknown>>;

/** Device plugins over gRPC on unix sockets. */
export const nodeDevicePluginSockets: DevicePluginSockets = {
  async connect(path) {
    const channel = new GrpcChannel(path, protocol);
    try {
      await channel.ready(CONNECT_MS);
    } catch (error) {
      channel[Symbol.dispose]();
      throw error;
    }
    const call =
      (method: keyof typeof protocol.methods, timeoutMs: number) =>
      (request: object, signal: AbortSignal): Promise<Message> =>
        channel.call(method, { ...request }, timeoutMs, signal);
    const plugin = {
      getDevicePluginOptions: call('getDevicePluginOptions', CONNECT_MS),
      listAndWatch: (request: object, signal: AbortSignal) => channel.stream('listAndWatch', { ...request }, signal),
      getPreferredAllocation: call('getPreferredAllocation', ALLOCATE_MS),
      allocate: call('allocate', ALLOCATE_MS),
      preStartContainer: call('preStartContainer', PRE_START_MS),
      [Symbol.dispose]: () => channel[Symbol.dispose](),
    };
    // The shapes follow from the same facts as the types; the codec checks them at each call.
    return plugin as unknown as DevicePlugin & Disposable;
  },
  async listen(path, register) {
    await removeSockets(dirname(path));
    return serveGrpc(path, [
      {
        protocol,
        answers: {
          async register(request: RegisterRequest) {
            await register(request);
            return {};
          },
        },
      },
    ]);
  },
};

async function removeSockets(dir: string): Promise<void> {
  for (const name of await readdir(dir)) {
    const path = join(dir, name);
    if ((await lstat(path)).isSocket()) await rm(path, { force: true });
  }
}
