import { notAllowedHere } from '../handlers/exchange.ts';
import type { ApiRequest, BytesResponse } from '../request.ts';
import { httpDate } from './dates.ts';

/** A document that changes seldom: its bytes and the name of that state of it. */
export interface Document {
  readonly bytes: Uint8Array;
  readonly hash: string;
  /** Milliseconds since the epoch. */
  readonly madeAt: number;
}

export const documentOf = (bytes: Uint8Array, madeAt: number): Document => ({ bytes, hash: hashOf(bytes), madeAt });

/** Some documents are read, and nothing else. Throws MethodNotAllowed. */
export function checkRead({ method }: ApiRequest): void {
  if (method !== 'GET') throw notAllowedHere();
}

/** The document, or 304 for a client that has it already (RFC 9110, section 13.1.2). */
export function documentAnswer(
  request: ApiRequest,
  { bytes, hash, madeAt }: Document,
  headers: Readonly<Record<string, string>>,
): BytesResponse {
  const tag = `"${hash}"`;
  const held = (request.header('if-none-match') ?? '').split(',').map((text) => text.trim().replace(/^W\//, ''));
  const { 'content-type': type = '', vary = 'Accept', ...own } = headers;
  const others = { ...(vary === '' ? {} : { vary }), ...own, etag: tag };
  return held.includes(tag) || held.includes('*')
    ? { type: 'bytes', status: 304, headers: others, body: [] }
    : {
        type: 'bytes',
        status: 200,
        headers: { ...others, 'content-type': type, 'last-modified': httpDate(madeAt) },
        body: [bytes],
      };
}

/** The state of the document that was asked for is over: where it is as it is now. */
export const movedTo = (location: string, { hash }: Document, type: string): BytesResponse => ({
  type: 'bytes',
  status: 301,
  headers: { 'content-type': type, vary: 'Accept', etag: `"${hash}"`, location },
  body: [],
});

/** Two FNV-1a hashes with different starts, as 16 hexadecimal digits: it tells states of a document apart, and hides nothing. */
function hashOf(bytes: Uint8Array): string {
  let [low, high] = [0x811c9dc5, 0x01000193];
  for (const byte of bytes) {
    low = Math.imul(low ^ byte, 0x01000193);
    high = Math.imul(high ^ byte, 0x5bd1e995);
  }
  return [low, high]
    .map((half) => (half >>> 0).toString(16).padStart(8, '0'))
    .join('')
    .toUpperCase();
}
