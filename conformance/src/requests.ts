import type { HttpRequest } from '@navarch/client';
import type { TestContext } from './conformance-test.ts';

export interface RawRequest {
  readonly method?: HttpRequest['method'];
  /** With the query. */
  readonly path: string;
  readonly accept?: string;
  readonly contentType?: string;
  /** Text goes as it is, anything else as JSON. */
  readonly body?: unknown;
}

export interface RawAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly bytes: Uint8Array;
  readonly text: string;
}

/** One request as it is written, and its answer whatever its status. */
export async function request({ transport, signal }: TestContext, raw: RawRequest): Promise<RawAnswer> {
  const { method = 'GET', path, accept = 'application/json', contentType = 'application/json', body } = raw;
  const sent = body === undefined ? undefined : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
  const headers = { accept, ...(sent ? { 'content-type': contentType } : {}) };
  const {
    status,
    headers: answered,
    body: chunks,
  } = await transport.send({ method, path, headers, ...(sent ? { body: sent } : {}) }, signal);
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(chunk);
  const bytes = Buffer.concat(all);
  return { status, headers: answered, bytes, text: bytes.toString() };
}

/** The JSON at a path; rejects with what was said instead. */
export async function getJson<T>(context: TestContext, path: string, accept = 'application/json'): Promise<T> {
  const { status, text } = await request(context, { path, accept });
  if (status !== 200) throw new Error(`GET ${path} was answered ${status}: ${text}`);
  return JSON.parse(text) as T;
}
