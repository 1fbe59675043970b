import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { gunzipSync } from 'node:zlib';
import { cborNotation } from './cbor-notation.ts';

export interface Asked {
  readonly method: string;
  /** As it goes over the wire: nothing is made of it. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

export interface Answered {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Every Warning header by itself: together they could not be told apart. */
  readonly warnings: readonly string[];
  readonly bytes: Buffer;
}

/** An answer whose body goes on coming. */
export interface Streaming {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** What has come when it contains so many lines, or ended, or after so many milliseconds. */
  lines(count: number, withinMs: number): Promise<string>;
  close(): void;
}

export interface Server {
  readonly url: string;
  readonly token: string;
}

/** What has not been answered by then never is. */
const PATIENCE_MS = 15_000;

const agent = new Agent({ keepAlive: true, rejectUnauthorized: false });

export async function exchange(server: Server, asked: Asked): Promise<Answered> {
  const answer = await begun(server, asked, AbortSignal.timeout(PATIENCE_MS));
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks);
  return {
    status: answer.statusCode ?? 0,
    headers: answer.headers,
    warnings: answer.headersDistinct['warning'] ?? [],
    bytes: answer.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body,
  };
}

export async function stream(server: Server, asked: Asked): Promise<Streaming> {
  const answer = await begun(server, asked);
  const chunks: Buffer[] = [];
  let isEnded = false;
  let wake: () => void = () => undefined;
  answer.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    wake();
  });
  answer.on('close', () => {
    isEnded = true;
    wake();
  });
  answer.on('error', () => undefined); // It is closed, by us or by the server: what came is what counts.
  return {
    status: answer.statusCode ?? 0,
    headers: answer.headers,
    async lines(count, withinMs) {
      const end = performance.now() + withinMs;
      const text = (): string => shownBytes(answer.headers, Buffer.concat(chunks));
      while (!isEnded && text().split('\n').length <= count && performance.now() < end) {
        const { promise, resolve } = Promise.withResolvers<void>();
        wake = resolve;
        const timer = setTimeout(() => resolve(), Math.max(1, end - performance.now()));
        await promise;
        clearTimeout(timer);
      }
      return text();
    },
    close: () => void answer.destroy(),
  };
}

/** A body as text: what is CBOR in the notation for people. */
export const shownBytes = (headers: IncomingHttpHeaders, bytes: Buffer): string =>
  headers['content-type']?.startsWith('application/cbor') ? cborNotation(bytes) : bytes.toString();

function begun(
  { url, token }: Server,
  { method, path, headers = {}, body }: Asked,
  signal?: AbortSignal,
): Promise<IncomingMessage> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        hostname,
        port,
        agent,
        method,
        path,
        ...(signal ? { signal } : {}),
        headers: {
          authorization: `Bearer ${token}`,
          ...(body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }),
          ...headers,
        },
      },
      resolve,
    );
    sent.on('error', (error) => reject(new Error(`${url}: ${method} ${path}: ${error.message}`, { cause: error })));
    sent.end(body);
  });
}
