import { protobuf } from '@navarch/api';
import { seededRandom, silent } from '@navarch/base';
import { SimClock } from '@navarch/sim';
import { MemoryStore } from '@navarch/store';
import type { User } from '../auth/user.ts';
import type { ApiRequest, ApiResponse } from '../request.ts';
import { serve, type ServeOptions } from '../serve.ts';
import type { Server } from '../server.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly bytes: Uint8Array;
  readonly text: string;
  /** The value, from JSON or protobuf; undefined for what is neither. */
  readonly body: any;
}
export type Ask = (
  method: string,
  target: string,
  body?: unknown,
  headers?: Readonly<Record<string, string>>,
) => Promise<Answer>;

export interface Asked {
  readonly server: Server;
  readonly store: MemoryStore;
  readonly clock: SimClock;
  /** Ends what the server does by itself. */
  readonly stop: AbortController;
  readonly ask: Ask;
  /** Opens a watch; what it has sent so far is in `frames`. `drained`: how fast its reader is. */
  watch(target: string, headers?: Readonly<Record<string, string>>, drained?: () => Promise<void>): Promise<OpenWatch>;
}

interface OpenWatch {
  readonly headers: Readonly<Record<string, string>>;
  readonly bytes: () => Uint8Array;
  /** The frames of a watch in JSON. */
  readonly frames: () => readonly any[];
  /** Resolves when the server ends the watch. */
  readonly ended: Promise<void>;
  close(): Promise<void>;
}

const users = new Map<string, User>([
  ['admin', { name: 'admin', groups: ['system:masters'] }],
  ['bob', { name: 'bob', groups: ['system:authenticated'] }],
]);

/** A server in memory with a namespace `d`, and ways to ask it as someone who may do everything. */
export async function asked(
  more: Pick<
    ServeOptions,
    | 'webhooks'
    | 'signatureProblem'
    | 'features'
    | 'runtimeConfig'
    | 'flags'
    | 'hostname'
    | 'metricPages'
    | 'views'
    | 'tuning'
  > = {},
): Promise<Asked> {
  const [store, clock] = [new MemoryStore(), new SimClock()];
  const { server, housekeep } = await serve(
    {
      store,
      clock,
      random: seededRandom(1),
      log: silent,
      tokens: { sign: async () => '', verify: async () => undefined, jwks: () => ({ keys: [] }) },
      issuer: 'https://issuer',
      staticTokens: users,
      serviceCidr: '10.96.0.0/16',
      nodePorts: [30_000, 32_767],
      advertiseAddress: '10.0.0.1',
      advertisePort: 6443,
      ...more,
    },
    new AbortController().signal,
  );
  const stop = new AbortController();
  void housekeep(stop.signal).catch(() => undefined);
  const send = (
    method: string,
    target: string,
    body: unknown,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<ApiResponse> => server.handle(requestOf(method, target, body, headers, signal));
  const ask: Ask = async (method, target, body, headers = {}) =>
    answerOf(await send(method, target, body, headers, new AbortController().signal));
  await ask('POST', '/api/v1/namespaces', { metadata: { name: 'd' } });
  const watch: Asked['watch'] = async (target, headers = {}, drained = async () => undefined) => {
    const end = new AbortController();
    const reply = await send('GET', target, undefined, headers, end.signal);
    if (reply.type !== 'stream') throw new Error(`No watch: ${answerOf(reply).text}`);
    const chunks: Uint8Array[] = [];
    const done = reply.run({ write: (sent) => chunks.push(sent) > 0, drained }, end.signal);
    const bytes = (): Uint8Array => Buffer.concat(chunks);
    return {
      headers: reply.warnings ? { ...reply.headers, warning: reply.warnings.join(', ') } : reply.headers,
      bytes,
      ended: done,
      frames: () =>
        Buffer.from(bytes())
          .toString()
          .split('\n')
          .filter(Boolean)
          .map((line) => JSON.parse(line) as unknown),
      async close() {
        end.abort();
        await done;
      },
    };
  };
  return { server, store, clock, stop, ask, watch };
}

/** What the server does of its own, in turns that follow a request, is done: definitions are judged and served, and the like. */
export async function settled(): Promise<void> {
  for (let i = 0; i < 300; i++) await Promise.resolve();
}

function requestOf(
  method: string,
  target: string,
  body: unknown,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): ApiRequest {
  const url = new URL(target, 'http://x');
  const all: Readonly<Record<string, string>> = {
    authorization: 'Bearer admin',
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    ...headers,
  };
  const bytes =
    body === undefined
      ? new Uint8Array()
      : body instanceof Uint8Array
        ? body
        : new TextEncoder().encode(typeof body === 'string' ? body : JSON.stringify(body));
  return {
    method,
    path: url.pathname,
    query: url.searchParams,
    header: (name) => all[name],
    headerNames: () => Object.keys(all),
    body: async () => bytes,
    remoteAddress: '',
    signal,
  };
}

function answerOf(reply: ApiResponse): Answer {
  if (reply.type !== 'bytes') throw new Error(`The answer is a ${reply.type}`);
  const bytes = Buffer.concat(reply.body);
  const text = bytes.toString();
  const type = reply.headers['content-type'] ?? '';
  let body: unknown = text.startsWith('{') ? JSON.parse(text) : undefined;
  const isMessage = type.startsWith('application/vnd.kubernetes.protobuf');
  const headers = reply.warnings ? { ...reply.headers, warning: reply.warnings.join(', ') } : reply.headers;
  return {
    status: reply.status,
    headers,
    bytes,
    text,
    // Not every message says what it is: it is read when somebody wants it read.
    get body() {
      return (body ??= isMessage ? protobuf.decode(bytes) : undefined);
    },
  };
}
