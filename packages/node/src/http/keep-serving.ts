import type { RequestListener } from 'node:http';
import { aborted, type Logger } from '@navarch/base';
import { createServer } from '../built-in/index.ts';
import { systemClock } from '../system/clock.ts';

/** Another node of this machine may have the port; it may end. */
const RETRY_MS = 5_000;

export interface PlainPort {
  readonly port: number;
  readonly address: string;
  /** Whose it is, in words. */
  readonly what: string;
  readonly log: Logger;
}

/** Answers without TLS on a port, as soon as it is to be had, until the signal aborts. */
export async function keepServing(
  { port, address, what, log }: PlainPort,
  listener: RequestListener,
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
      if (isFirst) log.info(`a port of ${what} is taken, will try again`, { port, error });
      await systemClock.sleep(RETRY_MS, signal).catch(() => undefined);
    }
  }
}
