import { type ClientHttp2Session, type ClientHttp2Stream, connect, type OutgoingHttpHeaders } from 'node:http2';
import type { Access } from '@navarch/node/client';
import { settleAll } from '@navarch/base';
import { AddedCount } from './added-count.ts';

/** Connections, and requests in flight on each: enough to keep a server busy, little enough to leave it the machine. */
const SESSIONS = 8;
const IN_FLIGHT_PER_SESSION = 16;
/**
 * What a server may send ahead of us, as client-go's transport lets it: with the 64 KiB of the protocol a watch gets no more
 * than that for each turn of a server that has much to do, and falls behind however fast it is read.
 */
const STREAM_WINDOW_BYTES = 4 * 1024 * 1024;
const CONNECTION_WINDOW_BYTES = 1024 * 1024 * 1024;

/** A client that only puts load on a server: bodies are made by the caller, answers are not parsed. */
export class ApiLoad implements Disposable {
  readonly #sessions: readonly ClientHttp2Session[];
  #next = 0;

  private constructor(sessions: readonly ClientHttp2Session[]) {
    this.#sessions = sessions;
  }

  static async connect({ server, authority, certificate, key, isInsecure = false }: Access): Promise<ApiLoad> {
    const sessions = await settleAll(
      Array.from(
        { length: SESSIONS },
        () =>
          new Promise<ClientHttp2Session>((resolve, reject) => {
            const session = connect(server, {
              ...(authority ? { ca: authority } : {}),
              ...(certificate ? { cert: certificate } : {}),
              ...(key ? { key } : {}),
              rejectUnauthorized: !isInsecure,
              settings: { initialWindowSize: STREAM_WINDOW_BYTES },
            });
            session.once('connect', () => {
              session.setLocalWindowSize(CONNECTION_WINDOW_BYTES);
              resolve(session);
            });
            session.once('error', reject);
          }),
      ),
    );
    return new ApiLoad(sessions);
  }

  /** POSTs every body, many at a time. Rejects on the first answer that is not a success, with its text. */
  createAll(path: string, count: number, bodyOf: (index: number) => string): Promise<void> {
    return this.sendAll(count, (index) => ({ path, body: bodyOf(index) }));
  }

  /** As `createAll`, each where it belongs. */
  async sendAll(count: number, of: (index: number) => { readonly path: string; readonly body: string }): Promise<void> {
    let next = 0;
    const worker = async (): Promise<void> => {
      while (next < count) {
        const { path, body } = of(next++);
        await this.request('POST', path, body);
      }
    };
    await settleAll(Array.from({ length: SESSIONS * IN_FLIGHT_PER_SESSION }, worker));
  }

  async request(method: string, path: string, body?: string, mediaType = 'application/json'): Promise<string> {
    const chunks: Buffer[] = [];
    const status = await this.#send(
      { ':method': method, ':path': path, ...(body === undefined ? {} : { 'content-type': mediaType }) },
      body,
      (chunk) => chunks.push(chunk),
    );
    const text = Buffer.concat(chunks).toString();
    if (status < 200 || status >= 300)
      throw new Error(`${method} ${path} was answered ${status}: ${text.slice(0, 300)}`);
    return text;
  }

  /** GETs without keeping what comes. Resolves to its bytes. */
  async read(path: string): Promise<number> {
    let bytes = 0;
    const status = await this.#send({ ':method': 'GET', ':path': path }, undefined, (chunk) => (bytes += chunk.length));
    if (status !== 200) throw new Error(`GET ${path} was answered ${status}`);
    return bytes;
  }

  #send(headers: OutgoingHttpHeaders, body: string | undefined, take: (chunk: Buffer) => void): Promise<number> {
    const session = this.#sessions[this.#next++ % this.#sessions.length] as ClientHttp2Session;
    return new Promise((resolve, reject) => {
      const stream = session.request(headers);
      let status = 0;
      stream.on('response', (answer) => (status = Number(answer[':status'])));
      stream.on('data', take);
      stream.on('error', reject);
      stream.on('end', () => resolve(status));
      stream.end(body);
    });
  }

  /**
   * Counts the objects that a watch shows for the first time, as they arrive, without reading them. A watch that the server
   * ends, as it may whenever its client is behind, goes on after what came last.
   */
  watch(path: string): AddedCount {
    const session = this.#sessions[0] as ClientHttp2Session;
    let stream: ClientHttp2Stream | undefined;
    const count = new AddedCount(() => stream?.close());
    const begin = (after: string | undefined): void => {
      const from = after ? `resourceVersion=${after}` : 'sendInitialEvents=true&resourceVersionMatch=NotOlderThan';
      stream = session.request({ ':method': 'GET', ':path': `${path}&allowWatchBookmarks=true&${from}` });
      stream.on('response', ({ ':status': status }) => {
        if (status !== 200) count.fail(new Error(`The watch ${path} was answered ${status}`));
      });
      stream.on('data', (chunk: Buffer) => count.add(chunk));
      stream.on('error', (error) => count.fail(error));
      stream.on('close', () => {
        const last = count.ended();
        if (session.closed || session.destroyed)
          count.fail(new Error('The server has ended the connection of the watch'));
        else if (!count.isOver) begin(last);
      });
    };
    begin(undefined);
    return count;
  }

  [Symbol.dispose](): void {
    for (const session of this.#sessions) session.destroy();
  }
}
