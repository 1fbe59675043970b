import type { RequestListener } from 'node:http';
import { TaskGroup } from '@navarch/base';
import { type CompleteConfiguration, notFound } from '@navarch/kubelet';
import { keepServing } from '../../http/keep-serving.ts';
import type { Exchange } from './exchange.ts';
import type { KubeletServerOptions } from './options.ts';

/** What the read-only port shows to everyone who reaches it. */
const READ_ONLY = ['healthz', 'pods', 'stats', 'metrics'];

/** The ports on which nobody is asked who they are: one that says that the kubelet runs, and one to read, which is off by default. */
export async function servePlainPorts(
  { healthzPort, healthzBindAddress, readOnlyPort = 0 }: CompleteConfiguration,
  options: KubeletServerOptions,
  answer: (exchange: Exchange) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  await using group = new TaskGroup(signal);
  const serve = (port: number, address: string, listener: RequestListener): void =>
    group.spawn((s) => keepServing({ port, address, what: 'the kubelet', log: options.log }, listener, s));
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
