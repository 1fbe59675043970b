import type { RequestListener } from 'node:http';
import { aborted, TaskGroup } from '@navarch/base';
import { type CompleteConfiguration, notFound } from '@navarch/kubelet';
import { createServer } from '../../built-in/index.ts';
import { systemClock } from '../../system/clock.ts';
import type { Exchange } from './exchange.ts';
import type { KubeletServerOptions } from './options.ts';

/** What the read-only port shows to everyone who reaches it. */
const READ_ONLY = ['healthz', 'pods', 'stats', 'metrics'];
/** Another kubelet on this machine may have the port; it may end. */
const RETRY_MS = 5_000;

/** The ports on which nobody is asked who they are: one that says that the kubelet runs, and one to read, which is off by default. */
export async function servePlainPorts(
  { healthzPort, healthzBindAddress, readOnlyPort = 0 }: CompleteConfiguration,
  options: KubeletServerOptions,
  answer: (exchange: Exchange) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  await using group = new TaskGroup(signal);
  const serve = (port: number, address: string, listener: RequestListener): void =>
    group.spawn((s) => keepServing(port, address, listener, options, s));
  if (healthzPort !== 0)
    serve(healthzPort, healthzBindAddress, ({ url }, response) =>
      url === '/healthz' ? response.end('ok') : response.writeHead(404).end('404 page not found\n'),
    );
  if (readOnlyPort !== 0)
    serve(readOnlyPort, options.address, (request, response) => {
      const admit = async ({ url = '/' }: typeof request): Promise<void> => {
        if (!READ_ONLY.includes(url.split(/[/?]/)[1] ?? '')) throw notFound();
      };
      void answer({ request, response, admit });
    });
  await group.join();
}

async function keepServing(
  port: number,
  address: string,
  listener: RequestListener,
  { log }: Pick<KubeletServerOptions, 'log'>,
  signal: AbortSignal,
): Promise<void> {
  for (let isFirst = true; !signal.aborted; isFirst = false) {
    const server = createServer(listener);
    try {
      await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, address, resolve));
      await aborted(signal);
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    } catch (error) {
      if (isFirst) log.info('a port of the kubelet is taken, will try again', { port, error });
      await systemClock.sleep(RETRY_MS, signal).catch(() => undefined);
    }
  }
}
