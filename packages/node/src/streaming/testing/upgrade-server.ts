import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { FakeRuntime } from './fake-runtime.ts';

/** What a client asked to be upgraded. */
interface Upgrade {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
}

export interface UpgradeServer extends AsyncDisposable {
  readonly url: string;
  readonly abort: AbortController;
  /** One for each upgrade, in their order. */
  readonly sessions: readonly Promise<void>[];
}

/** A server before a fake runtime that answers upgrades and nothing else; the runtime ends with it. */
export async function upgradeServer(
  runtime: FakeRuntime,
  serve: (upgrade: Upgrade, signal: AbortSignal) => Promise<void>,
): Promise<UpgradeServer> {
  const abort = new AbortController();
  const sessions: Promise<void>[] = [];
  const server = createServer();
  server.on(
    'upgrade',
    (request, socket: Duplex, head: Buffer) => void sessions.push(serve({ request, socket, head }, abort.signal)),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    abort,
    sessions,
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    async [Symbol.asyncDispose]() {
      abort.abort();
      await Promise.allSettled(sessions);
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await runtime[Symbol.asyncDispose]();
    },
  };
}
