import { type ClientHttp2Session, connect, type OutgoingHttpHeaders } from 'node:http2';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Access } from '@navarch/node/client';
import { settleAll } from '@navarch/base';

/** Connections, and requests in flight on each: enough to keep a server busy, little enough to leave it the machine. */
const SESSIONS = 8;
const IN_FLIGHT_PER_SESSION = 16;

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
            });
            session.once('connect', () => resolve(session)).once('error', reject);
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

  /** Counts the objects that a watch shows for the first time, as they arrive, without reading them. */
  watch(path: string): AddedCount {
    const stream = (this.#sessions[0] as ClientHttp2Session).request({ ':method': 'GET', ':path': path });
    const count = new AddedCount(() => stream.close());
    stream.on('data', (chunk: Buffer) => count.add(chunk));
    stream.on('error', (error) => count.fail(error));
    return count;
  }

  [Symbol.dispose](): void {
    for (const session of this.#sessions) session.destroy();
  }
}

const NEWLINE = 0x0a;
const POLL_MS = 5;

/** Where the first letter of an event's type is on its line, and what it is where an object is new to the watch. */
const TYPE_AT = '{"type":"'.length;
const ADDED = 'A'.charCodeAt(0);

export class AddedCount implements Disposable {
  readonly #close: () => void;
  #error: Error | undefined;
  /** How far the line has come that is being received. */
  #column = 0;
  seen = 0;

  constructor(close: () => void) {
    this.#close = close;
  }

  add(chunk: Buffer): void {
    for (let at = 0; at < chunk.length;) {
      const type = at + TYPE_AT - this.#column;
      const newline = chunk.indexOf(NEWLINE, at);
      const end = newline < 0 ? chunk.length : newline;
      if (type >= at && type < end && chunk[type] === ADDED) this.seen += 1;
      this.#column = newline < 0 ? this.#column + end - at : 0;
      at = end + 1;
    }
  }

  fail(error: Error): void {
    this.#error ??= error;
  }

  /** Resolves once that many have arrived; rejects when none has come for `quietMs`. */
  async reach(count: number, quietMs: number, signal: AbortSignal): Promise<void> {
    let [last, lastAt] = [this.seen, performance.now()];
    while (this.seen < count) {
      if (this.#error) throw this.#error;
      if (this.seen !== last) [last, lastAt] = [this.seen, performance.now()];
      if (performance.now() - lastAt > quietMs)
        throw new Error(`Only ${this.seen} of ${count} objects have come, and none for ${quietMs / 1000} s`);
      await sleep(POLL_MS, undefined, { signal });
    }
  }

  [Symbol.dispose](): void {
    this.#close();
  }
}
