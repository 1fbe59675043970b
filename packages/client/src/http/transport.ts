import { joinedBytes } from '@navarch/base';

/** One exchange with the server. TLS, credentials, connections and their reuse are the adapter's. */
export interface HttpTransport {
  /** Rejects only where no answer came: connection refused, reset, timed out, or the signal aborted. */
  send(request: HttpRequest, signal: AbortSignal): Promise<HttpResponse>;
}

export interface HttpRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'OPTIONS';
  /** With the query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** The answer goes on for as long as the server likes: no overall time limit. */
  readonly isStream?: boolean;
}

export interface HttpResponse {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Read to its end or returned from early; either lets go of the connection. */
  readonly body: AsyncIterable<Uint8Array>;
}

const decoder = new TextDecoder();

export async function readText(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return decoder.decode(joinedBytes(chunks));
}

/** The complete lines of each chunk, without their ends. A last line without an end was cut off and is not given. */
export async function* linesOf(body: AsyncIterable<Uint8Array>, bytesMax: number): AsyncGenerator<readonly string[]> {
  let rest: Uint8Array[] = [];
  let restBytes = 0;
  for await (const chunk of body) {
    const lines: string[] = [];
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      lines.push(decoder.decode(joinedBytes([...rest, chunk.subarray(start, end)])));
      rest = [];
      restBytes = 0;
      start = end + 1;
    }
    if (start < chunk.length) rest.push(chunk.subarray(start));
    restBytes += chunk.length - start;
    if (restBytes > bytesMax) throw new Error(`A line of the answer is longer than ${bytesMax} bytes`);
    if (lines.length > 0) yield lines;
  }
}

const NEWLINE = 0x0a;
