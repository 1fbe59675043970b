import { join } from 'node:path';
import { Notifier } from '@navarch/base';
import { GrpcChannel, serveGrpc } from '../../grpc/index.ts';
import { protocol } from '../generated/description.ts';

interface TestDevice {
  readonly id: string;
  readonly isHealthy?: boolean;
}

/** A device plugin as others write them: it has a socket in the kubelet's folder, and registers on the kubelet's. */
export interface TestDevicePlugin extends AsyncDisposable {
  readonly asked: readonly string[];
  /** Tells the kubelet of other devices. */
  tell(devices: readonly TestDevice[]): void;
}

export interface TestDevicePluginOptions {
  /** The kubelet's folder of device plugins. */
  readonly dir: string;
  readonly resource: string;
  readonly devices: readonly TestDevice[];
  /** What a container gets with its devices. */
  answer(ids: readonly string[]): object;
}

export async function startDevicePlugin(options: TestDevicePluginOptions): Promise<TestDevicePlugin> {
  const { dir, resource, answer } = options;
  const endpoint = `${resource.replace('/', '-')}.sock`;
  const moved = new Notifier();
  const asked: string[] = [];
  let devices = options.devices;
  using channel = new GrpcChannel(join(dir, 'kubelet.sock'), protocol);
  // The kubelet may be starting; it removes every other socket before it listens.
  await channel.ready(30_000);
  const server = await serveGrpc(join(dir, endpoint), [
    {
      protocol,
      answers: {
        async *listAndWatch(_: never, signal: AbortSignal) {
          while (!signal.aborted) {
            yield {
              devices: devices.map(({ id, isHealthy = true }) => ({ id, health: isHealthy ? 'Healthy' : 'Unhealthy' })),
            };
            await moved.wait(signal).catch(() => undefined);
          }
        },
        async allocate({ containerRequests }: { readonly containerRequests: readonly { devicesIds: string[] }[] }) {
          const ids = containerRequests.flatMap(({ devicesIds }) => devicesIds);
          asked.push(`allocate ${ids.join(' ')}`);
          return { containerResponses: [answer(ids)] };
        },
        async preStartContainer({ devicesIds }: { readonly devicesIds: readonly string[] }) {
          asked.push(`start ${devicesIds.join(' ')}`);
          return {};
        },
      },
    },
  ]);
  const request = { version: 'v1beta1', endpoint, resourceName: resource, options: { preStartRequired: true } };
  await channel.call('register', request, 10_000, AbortSignal.timeout(10_000));
  return {
    asked,
    tell(next) {
      devices = next;
      moved.notify();
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}
