import { renameSync, rmSync } from 'node:fs';
import {
  type ClientHttp2Session,
  connect,
  constants,
  createServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2';
import { createConnection } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '@navarch/base';
import { between, chance } from './world.ts';

/** What is done to calls, each by chance, and how often it was. */
interface Rates {
  /** Answered late. */
  readonly slow: number;
  /** Refused before anybody hears of them. */
  readonly refused: number;
  /** Done, and the answer is lost. */
  readonly lost: number;
  /** Done, and nothing is said for half a minute. */
  readonly hung: number;
}

const SLOW_MS = [50, 4_000] as const;
const HUNG_MS = [25_000, 40_000] as const;
const UNAVAILABLE = '14';

/** Where the runtime's own socket is while somebody stands before it. */
export const realSocket = (socket: string): string => `${socket}.real`;

/** Calls of the container runtime interface are what is slow: containerd's own are for others. */
const isCri = (path: string): boolean => path.startsWith('/runtime.v1.');

/**
 * Stands before the runtime's socket: who dials it from now on has calls that take long, are refused, or are done without an
 * answer. Disposed of, the socket is the runtime's again; connections through here end.
 */
export class SlowSocket implements AsyncDisposable {
  readonly counts = { calls: 0, slow: 0, refused: 0, lost: 0, hung: 0 };
  readonly #socket: string;
  readonly #random: Random;
  readonly #rates: Rates;
  readonly #server: Http2Server;
  readonly #sessions = new Set<{ destroy(): void }>();

  private constructor(socket: string, random: Random, rates: Rates) {
    this.#socket = socket;
    this.#random = random;
    this.#rates = rates;
    this.#server = createServer();
  }

  static async before(socket: string, random: Random, rates: Rates): Promise<SlowSocket> {
    const own = new SlowSocket(socket, random, rates);
    // A socket that is called otherwise is the same socket.
    renameSync(socket, own.#real);
    own.#server.on('session', (session) => {
      own.#keep(session);
      const to = connect('http://runtime', { createConnection: () => createConnection(own.#real) });
      own.#keep(to);
      to.on('error', () => session.destroy());
      session.on('error', () => to.destroy());
      session.on('close', () => to.destroy());
      session.on('stream', (stream, headers) => {
        stream.on('error', () => undefined); // Whoever asked has gone.
        void own.#pass(stream, headers, to).catch(() => stream.destroy());
      });
    });
    await new Promise<void>((resolve) => own.#server.listen(socket, resolve));
    return own;
  }

  get #real(): string {
    return realSocket(this.#socket);
  }

  #keep(session: { destroy(): void; once(name: 'close', then: () => void): unknown }): void {
    this.#sessions.add(session);
    session.once('close', () => this.#sessions.delete(session));
  }

  async #pass(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, to: ClientHttp2Session): Promise<void> {
    const path = String(headers[constants.HTTP2_HEADER_PATH]);
    const fate = isCri(path) ? this.#fate() : undefined;
    if (isCri(path)) this.counts.calls += 1;
    if (fate) this.counts[fate] += 1;
    if (fate === 'refused') return refuse(stream);
    if (fate === 'slow') await sleep(between(this.#random, ...SLOW_MS));
    const { [constants.HTTP2_HEADER_AUTHORITY]: _, ...rest } = headers;
    const call = to.request(rest);
    stream.pipe(call);
    stream.on('aborted', () => call.close(constants.NGHTTP2_CANCEL));
    call.on('error', () => stream.destroy());
    if (fate === 'lost' || fate === 'hung') {
      await new Promise((resolve) => call.resume().once('close', resolve));
      if (fate === 'hung') await sleep(between(this.#random, ...HUNG_MS));
      return stream.destroyed ? undefined : refuse(stream);
    }
    return answer(stream, call);
  }

  #fate(): keyof Rates | undefined {
    for (const name of ['hung', 'lost', 'refused', 'slow'] as const)
      if (chance(this.#random, this.#rates[name])) return name;
    return undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // The runtime may have been started again meanwhile, and made its socket anew.
    const closed = new Promise((resolve) => this.#server.close(resolve));
    renameSync(this.#real, this.#socket);
    for (const session of this.#sessions) session.destroy();
    await closed;
    rmSync(this.#real, { force: true });
  }
}

function refuse(stream: ServerHttp2Stream): void {
  const headers = {
    ':status': 200,
    'content-type': 'application/grpc',
    'grpc-status': UNAVAILABLE,
    'grpc-message': 'the test says no',
  };
  stream.respond(headers, { endStream: true });
}

function answer(stream: ServerHttp2Stream, call: ReturnType<ClientHttp2Session['request']>): void {
  let trailers: IncomingHttpHeaders = {};
  call.on('trailers', (found) => (trailers = found));
  call.on('response', (headers) => {
    if (stream.destroyed) return;
    if (headers['grpc-status'] !== undefined) {
      stream.respond(headers, { endStream: true });
      return;
    }
    stream.respond(headers, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers(trailers));
    call.pipe(stream);
  });
}
