import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { finished } from 'node:stream/promises';
import { SpdyConnection } from '../spdy/connection.ts';
import type { SpdyStream } from '../spdy/stream.ts';

/** The streams that a client opened, by their type. */
type OpenStreams = Readonly<Record<string, SpdyStream>>;

export interface FakeRuntime extends AsyncDisposable {
  readonly port: number;
  /** Connections that are open. */
  readonly connections: ReadonlySet<SpdyConnection>;
  /** Headers of the last request for an upgrade. */
  lastHeaders(): Readonly<Record<string, string | string[] | undefined>>;
}

/** What a path does: the status it resolves to is the command's. Rejecting breaks the connection. */
export type Behaviour = (streams: OpenStreams, connection: SpdyConnection) => Promise<unknown>;

/**
 * A runtime's streaming server as far as clients see it: SPDY/3.1, protocols in X-Stream-Protocol-Version. Exec paths say
 * in `?streams=` how many streams to wait for; port-forward paths serve pairs of streams for ever.
 */
export async function startFakeRuntime(behaviours: Readonly<Record<string, Behaviour>>): Promise<FakeRuntime> {
  const connections = new Set<SpdyConnection>();
  let headers: Readonly<Record<string, string | string[] | undefined>> = {};
  const server = createServer((_request, response) =>
    response.writeHead(400).end('unable to upgrade: missing upgrade headers in request'),
  );
  server.on('upgrade', (request, socket, head) => {
    headers = request.headers;
    const url = new URL(request.url ?? '/', 'http://runtime');
    const behaviour = behaviours[url.pathname];
    if (!behaviour) return void socket.end('HTTP/1.1 404 Not Found\r\ncontent-length: 9\r\n\r\nno such x');
    const protocol = [request.headers['x-stream-protocol-version'] ?? []].flat()[0]?.split(',')[0] ?? '';
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: ${protocol}\r\n\r\n`,
    );
    serve(socket, head, {
      behaviour,
      count: Number(url.searchParams.get('streams') ?? 2),
      isForward: url.pathname.startsWith('/forward'),
      connections,
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    connections,
    lastHeaders: () => headers,
    async [Symbol.asyncDispose]() {
      for (const connection of connections) connection.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

interface Served {
  readonly behaviour: Behaviour;
  readonly count: number;
  readonly isForward: boolean;
  readonly connections: Set<SpdyConnection>;
}

function serve(socket: Duplex, head: Buffer, { behaviour, count, isForward, connections }: Served): void {
  let waiting: Record<string, SpdyStream> = {};
  const connection: SpdyConnection = new SpdyConnection(socket, head, {
    role: 'server',
    onStream(stream) {
      const type = stream.headers['streamtype'] ?? '';
      const key = isForward ? `${stream.headers['requestid']} ${type}` : type;
      waiting[key] = stream;
      if (isForward) {
        const id = stream.headers['requestid'];
        const [data, error] = [waiting[`${id} data`], waiting[`${id} error`]];
        if (data && error) void behaviour({ data, error }, connection).catch(() => connection.destroy());
      } else if (Object.keys(waiting).length === count) {
        void run(behaviour, waiting, connection);
        waiting = {};
      }
    },
  });
  connections.add(connection);
  void connection.closed.then(() => connections.delete(connection));
}

async function run(behaviour: Behaviour, streams: OpenStreams, connection: SpdyConnection): Promise<void> {
  try {
    const status = await behaviour(streams, connection);
    const { error } = streams;
    error?.end(typeof status === 'string' ? status : JSON.stringify(status));
    if (error) await finished(error, { readable: false });
    connection.close();
  } catch {
    connection.destroy();
  }
}

export const succeeded = { metadata: {}, status: 'Success' } as const;
export const exited = (code: number): unknown => ({
  metadata: {},
  status: 'Failure',
  reason: 'NonZeroExitCode',
  message: `command terminated with non-zero exit code: error executing command, exit code ${code}`,
  details: { causes: [{ reason: 'ExitCode', message: String(code) }] },
});

/** All that comes on a stream, as text; also when it is cut off. */
export const textOf = (stream: Duplex): Promise<string> =>
  new Promise((resolve) => {
    const parts: Buffer[] = [];
    const done = (): void => resolve(Buffer.concat(parts).toString());
    stream
      .on('data', (chunk: Buffer) => parts.push(chunk))
      .on('end', done)
      .on('close', done)
      .on('error', done);
  });
