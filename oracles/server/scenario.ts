import { type Answered, type Asked, exchange, shownBytes, stream } from './http.ts';
import { cborNotation } from './cbor-notation.ts';
import { Names } from './normal.ts';
import type { Side } from './sides.ts';
import { readJson, writeJson } from '@navarch/machinery';

/** What is asked of either server: what it answers to `ask` and `watch` must be the same. */
export interface Scenario {
  readonly name: string;
  run(client: Client): Promise<void>;
}

/** A difference that stays, and why. */
export interface Known {
  readonly why: string;
  is(step: Step, theirs: Step): boolean;
}

/** One thing asked, and what came back, without what no two servers have in common. */
export interface Step {
  readonly asked: string;
  readonly answered: string;
}

export interface AskOptions {
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as it is when it is text or bytes, else as JSON. */
  readonly body?: unknown;
  /** The name of what is sent. Absent: JSON, when there is a body. */
  readonly type?: string;
  /** What is answered is another thing for either server: only how is compared. */
  readonly isBodyOpen?: boolean;
}

export interface Reply {
  readonly status: number;
  readonly headers: Answered['headers'];
  readonly text: string;
  /** Whatever JSON says; undefined of what is none. */
  readonly json: any;
}

export interface Watching {
  /** Records what has come once these are so many events, or after so many milliseconds. */
  events(count: number, withinMs?: number): Promise<readonly any[]>;
  close(): void;
}

export interface Client {
  /** A namespace that the scenario has to itself. */
  readonly namespace: string;
  /** Which server it is, for what must be asked differently. */
  readonly side: Side;
  /** Asks, and what is answered is compared. */
  ask(method: string, path: string, options?: AskOptions): Promise<Reply>;
  /** Asks, and nobody looks at the answer but the scenario. */
  quietly(method: string, path: string, options?: AskOptions): Promise<Reply>;
  /** Asks by GET until the answer is as wanted, for at most ten seconds. */
  until(path: string, isSo: (reply: Reply) => boolean): Promise<Reply>;
  watch(path: string, headers?: Readonly<Record<string, string>>): Promise<Watching>;
}

/** The server has closed the connection without an answer, as upstream does where its code breaks. */
const BROKEN_OFF: Answered = { status: 0, headers: {}, warnings: [], bytes: Buffer.alloc(0) };
const UNTIL_MS = 10_000;
const EVENTS_MS = 3_000;

/** What a server answers through one scenario. */
export async function transcript(side: Side, scenario: Scenario, namespace: string): Promise<readonly Step[]> {
  const steps: Step[] = [];
  /** A step has its place from when it is asked on: several may be asked at once. */
  const placed = (asked: string): ((answered: readonly string[], names: Names) => void) => {
    const place = steps.push({ asked, answered: '' }) - 1;
    return (answered, names) => void (steps[place] = { asked, answered: names.text(answered.join('\n')) });
  };
  const quietly: Client['quietly'] = async (method, path, options = {}) =>
    replyOf(await exchange(side, askedOf(method, path, options)));
  await quietly('POST', '/api/v1/namespaces', { body: { metadata: { name: namespace } } });
  await scenario.run({
    namespace,
    side,
    quietly,
    async ask(method, path, options = {}) {
      const asked = askedOf(method, path, options);
      const record = placed(shownAsked(asked));
      const answered = await exchange(side, asked).catch(() => BROKEN_OFF);
      const reply = replyOf(answered);
      const names = new Names();
      record(
        [
          String(answered.status),
          ...names.headers(answered.headers, answered.warnings),
          options.isBodyOpen ? '' : reply.text,
        ],
        names,
      );
      return reply;
    },
    async until(path, isSo) {
      const end = performance.now() + UNTIL_MS;
      for (;;) {
        const reply = await quietly('GET', path);
        if (isSo(reply)) return reply;
        if (performance.now() > end)
          throw new Error(`${side.name}: GET ${path} is not as it should be after ${UNTIL_MS} ms: ${reply.text}`);
        await new Promise((resolve) => {
          setTimeout(resolve, 20);
        });
      }
    },
    async watch(path, headers = {}) {
      const asked = { method: 'GET', path, headers };
      const streaming = await stream(side, asked);
      return {
        async events(count, withinMs = EVENTS_MS) {
          const text = await streaming.lines(count, withinMs);
          const names = new Names();
          placed(shownAsked(asked))([String(streaming.status), ...names.headers(streaming.headers, []), text], names);
          return text.split('\n').filter(Boolean).map(jsonOf);
        },
        close: () => streaming.close(),
      };
    },
  });
  return steps;
}

function askedOf(method: string, path: string, { headers = {}, body, type = 'application/json' }: AskOptions): Asked {
  if (body === undefined) return { method, path, headers };
  const sent = typeof body === 'string' || body instanceof Uint8Array ? body : writeJson(body);
  return { method, path, headers: { 'content-type': type, ...headers }, body: sent };
}

function replyOf({ status, headers, bytes }: Answered): Reply {
  const text = shownBytes(headers, bytes);
  return { status, headers, text, json: jsonOf(text) };
}

function jsonOf(text: string): unknown {
  try {
    return readJson(text);
  } catch {
    return undefined;
  }
}

const SHOWN_BODY_MAX = 300;

function shownAsked({ method, path, headers = {}, body }: Asked): string {
  const said = Object.entries(headers)
    .map(([name, value]) => ` ${name}: ${value}`)
    .join('');
  const text = typeof body === 'string' ? body : body && cborNotation(body).trim();
  return `${method} ${path}${said}${text ? ` ${text.length > SHOWN_BODY_MAX ? `${text.slice(0, SHOWN_BODY_MAX)}...` : text}` : ''}`;
}
