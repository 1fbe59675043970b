import { jsonText } from '@navarch/machinery';
import type { ExtensionServer, RemoteHeaders } from './aggregation/extension-servers.ts';

/** One HTTP request as the server core sees it: no sockets, no streams of the host. */
export interface ApiRequest {
  readonly method: string;
  /** Path without the query, still percent-encoded. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** Path and query as they came, where they are known to the letter. */
  readonly uri?: string;
  /** By the lower-case name; the values of a header that came several times are joined by commas. */
  header(name: string): string | undefined;
  /** Of all headers, in lower case. */
  headerNames(): readonly string[];
  /** The whole body; rejects with RequestEntityTooLarge beyond the limit. */
  body(): Promise<Uint8Array>;
  /** Who connected, as TLS knows: the subject of the client's certificate. */
  readonly certificate?: ClientCertificate;
  readonly remoteAddress: string;
  /** Aborts when the client has gone. */
  readonly signal: AbortSignal;
}

export interface ClientCertificate {
  readonly commonName: string;
  readonly organizations: readonly string[];
  /** What it says of the user's uid; a user has one. */
  readonly uids?: readonly string[];
  /** SHA-256 of the certificate, in hexadecimal. */
  readonly fingerprint?: string;
  /** Milliseconds since the epoch: connections outlive certificates. */
  readonly validUntil?: number;
  /** It was shown, but is none that the cluster's authority stands for. */
  readonly isRefused?: boolean;
}

export type ApiResponse = BytesResponse | StreamResponse | ProxyResponse;

interface Head {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Values of Warning headers, each of which is a header of its own. */
  readonly warnings?: readonly string[];
}
export interface BytesResponse extends Head {
  readonly type: 'bytes';
  /** Written one after the other; lists are concatenated from what is cached. */
  readonly body: readonly Uint8Array[];
}
export interface StreamResponse extends Head {
  readonly type: 'stream';
  /** Writes until it resolves, the signal aborts, or the sink is full. */
  run(sink: Sink, signal: AbortSignal): Promise<void>;
}
/** The request goes on to someone else, upgrades and all, byte for byte. */
export interface ProxyResponse {
  readonly type: 'proxy';
  readonly target: ProxyTarget;
}
export interface ProxyTarget {
  readonly scheme: 'http' | 'https';
  readonly host: string;
  readonly port: number;
  /** Path and query to ask for. */
  readonly path: string;
  /** The kubelet wants to know that it is the API server who asks. */
  readonly asKubeletClient: boolean;
  /** It is an extension API server: how its certificate is judged, and the headers that tell it who asks. */
  readonly extension?: { readonly server: ExtensionServer; readonly headers: RemoteHeaders };
}

export interface Sink {
  /** What it is sent through, where others share it: what goes out through one at a time costs less together. */
  readonly connection?: object | undefined;
  /** False when more is waiting to be sent than the bound allows: the reader is too slow and must begin again. */
  write(bytes: Uint8Array): boolean;
  /** Resolves when most of what was written has been sent, or nobody reads any more. */
  drained(): Promise<void>;
}

const encoder = new TextEncoder();
export const encode = (text: string): Uint8Array => encoder.encode(text);

export const json = (value: unknown, status = 200, headers: Readonly<Record<string, string>> = {}): BytesResponse => ({
  type: 'bytes',
  status,
  headers: { 'content-type': 'application/json', ...headers },
  body: [encode(`${jsonText(value)}\n`)],
});

export const plain = (text: string, status = 200): BytesResponse => ({
  type: 'bytes',
  status,
  headers: { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' },
  body: [encode(text)],
});

/** Where there is nothing at all. */
export const notFoundPage = (): BytesResponse => plain('404 page not found\n', 404);
