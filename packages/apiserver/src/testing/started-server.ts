import { type Clock, seededRandom, silent } from '@navarch/base';
import { MemoryStore } from '@navarch/store';
import type { TokenClaims, TokenKeys } from '../auth/service-account-tokens.ts';
import type { User } from '../auth/user.ts';
import type { ClientCertificate, ProxyTarget } from '../request.ts';
import type { ServeOptions } from '../serve.ts';
import { serve, type Served } from '../serve.ts';

export const START = Date.UTC(2026, 0, 1);

export interface Answer {
  readonly status: number;
  /** Whatever JSON says: tests look into it as clients do. */
  readonly body: any;
  readonly text: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Where the request was sent on to. */
  readonly target?: ProxyTarget;
}

interface Asking {
  readonly headers?: Readonly<Record<string, string>>;
  /** A name that is a token of itself; `admin` may do everything. Absent: `admin`. '' is nobody. */
  readonly as?: string;
  readonly certificate?: ClientCertificate;
}

export interface StartedServer extends Served {
  ask(method: string, target: string, body?: unknown, asking?: Asking): Promise<Answer>;
  /** As `ask`, by admin, and throws what was refused. */
  make(path: string, body: object): Promise<any>;
  /** Moves the time on. */
  pass(ms: number): void;
}

/** Tokens that say what they are: signed by being in our own words. */
const tokens: TokenKeys = {
  sign: async (claims) => `signed.${btoa(JSON.stringify(claims))}`,
  verify: async (token) =>
    token.startsWith('signed.') ? (JSON.parse(atob(token.slice('signed.'.length))) as TokenClaims) : undefined,
  jwks: () => ({ keys: [] }),
};

export const user = (name: string, ...groups: readonly string[]): User => ({ name, groups });

/** A whole server in memory and a way to ask it as anybody; every user's token is the user's name. */
export async function startedServer(
  users: readonly User[] = [],
  options: Partial<ServeOptions> = {},
): Promise<StartedServer> {
  let now = START;
  const clock: Clock = {
    now: () => now,
    monotonic: () => now - START,
    sleep: (_ms, signal) =>
      new Promise((_, reject) =>
        signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true }),
      ),
  };
  const staticTokens = new Map([user('admin', 'system:masters'), ...users].map((u) => [u.name, u]));
  const served = await serve(
    {
      store: new MemoryStore(),
      clock,
      random: seededRandom(1),
      log: silent,
      tokens,
      issuer: 'https://issuer',
      staticTokens,
      serviceCidr: '10.96.0.0/16',
      nodePorts: [30_000, 32_767],
      advertiseAddress: '10.0.0.1',
      advertisePort: 6443,
      parseYaml: (text) => JSON.parse(text) as unknown,
      ...options,
    },
    new AbortController().signal,
  );
  const ask: StartedServer['ask'] = async (method, target, body, asking = {}) =>
    answered(served, method, target, body, asking);
  return {
    ...served,
    ask,
    pass: (ms) => {
      now += ms;
    },
    async make(path, body) {
      const answer = await ask('POST', path, body);
      if (answer.status !== 201) throw new Error(`POST ${path}: ${answer.status} ${answer.text}`);
      return answer.body;
    },
  };
}

async function answered(
  { server }: Served,
  method: string,
  target: string,
  body: unknown,
  { headers = {}, as = 'admin', certificate }: Asking,
): Promise<Answer> {
  const [path = '', query = ''] = target.split('?');
  const sent: Readonly<Record<string, string>> = {
    ...(as === '' ? {} : { authorization: `Bearer ${as}` }),
    'content-type': 'application/json',
    ...headers,
  };
  const bytes =
    body instanceof Uint8Array
      ? body
      : new TextEncoder().encode(body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body));
  const reply = await server.handle({
    method,
    path,
    query: new URLSearchParams(query),
    header: (name) => sent[name],
    headerNames: () => Object.keys(sent),
    body: async () => bytes,
    remoteAddress: '',
    signal: new AbortController().signal,
    ...(certificate ? { certificate } : {}),
  });
  if (reply.type === 'proxy') return { status: 0, body: undefined, text: '', headers: {}, target: reply.target };
  const text = reply.type === 'bytes' ? reply.body.map((chunk) => new TextDecoder().decode(chunk)).join('') : '';
  return {
    status: reply.status,
    text,
    body: text.startsWith('{') ? JSON.parse(text) : undefined,
    headers: reply.warnings ? { ...reply.headers, warning: reply.warnings.join(', ') } : reply.headers,
  };
}
