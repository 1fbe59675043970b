import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { Socket } from 'node:net';
import type { Readable, Writable } from 'node:stream';
import { programPath } from '../host/index.ts';

/** It reads a line character by character, and each longer one slower: for these it is 4 ms, for ten times as much 300. */
const SCRIPT_CHARS_MAX = 4096;
/** It remembers every line: about 4 MiB at most. */
const TRANSACTIONS_MAX = 500;
/** Then it ends, until there is something to do again. */
const IDLE_MS = 60_000;
/** The kernel takes milliseconds. */
const ANSWER_MAX_MS = 10_000;
/** Asks nobody, and is answered in one line, which says that all before it is done. */
const LAST_WORD = 'describe ip daddr';

/**
 * An nft that is kept open, a transaction a line: to start one takes several milliseconds, and one that ends waits until the
 * kernel has freed what it removed, when the rules are long there. It ends with this process, since its input does.
 */
export class OpenNft {
  readonly #netns: string | undefined;
  #session: Session | undefined;
  /** Some are built without it. */
  #isRefusing = false;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(netns?: string) {
    this.#netns = netns;
  }

  /**
   * Whether the kernel has these commands now, as one transaction. False: it refused them, or nobody can say, or they are not
   * for here; nft on its own will tell. Rejects when the signal aborts.
   */
  async attempt(script: string, signal: AbortSignal): Promise<boolean> {
    if (script.length > SCRIPT_CHARS_MAX) return false;
    return (await this.ask(script.trim().replaceAll('\n', '; '), signal)) === '';
  }

  /** What it answers to one line; undefined: nobody can say. Elements of sets are left out. Rejects when the signal aborts. */
  ask(line: string, signal: AbortSignal): Promise<string | undefined> {
    if (this.#isRefusing) return Promise.resolve(undefined);
    const turn = this.#turn.then(() => this.#ask(line, signal));
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  async #ask(line: string, signal: AbortSignal): Promise<string | undefined> {
    signal.throwIfAborted();
    const limit = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MAX_MS)]);
    if (!this.#session || this.#session.isOver) {
      this.#session = await Session.open(this.#netns, limit);
      if (!this.#session) {
        signal.throwIfAborted();
        this.#isRefusing = true;
        return undefined;
      }
    }
    const answer = await this.#session.ask(line, limit);
    signal.throwIfAborted();
    return answer;
  }
}

class Session {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #idle: NodeJS.Timeout;
  /** How it answers the last word; unknown until it first did. */
  #mark: string | undefined;
  #text = '';
  #asked = 0;
  #wake: () => void = () => undefined;
  isOver = false;

  private constructor(netns: string | undefined) {
    // Both by one pipe, so that what it complains of comes before the last word. Its history must not go into a home.
    const command = ['sh', '-c', 'exec nft --terse -i 2>&1'];
    const [program = '', ...args] = netns ? ['nsenter', `--net=${netns}`, '--', ...command] : command;
    this.#child = spawn(program, args, {
      stdio: ['pipe', 'pipe', 'ignore'],
      env: { ...process.env, PATH: programPath(), LC_ALL: 'C', HOME: '/dev/null' },
    });
    this.#idle = setTimeout(() => this.end(), IDLE_MS).unref();
    const onEnd = (): void => this.end();
    this.#child.on('error', onEnd).on('close', onEnd);
    this.#child.stdin.on('error', onEnd);
    this.#child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      this.#text += chunk;
      this.#wake();
    });
    // Nobody waits for it but who asks.
    for (const stream of [this.#child.stdin, this.#child.stdout]) if (stream instanceof Socket) stream.unref();
    this.#child.unref();
  }

  /** Undefined: there is none that can be talked to. */
  static async open(netns: string | undefined, signal: AbortSignal): Promise<Session | undefined> {
    const session = new Session(netns);
    return (await session.ask('', signal)) === undefined ? undefined : session;
  }

  /** What it says to a line, nothing where it was done; undefined: it ended, or the signal aborted, and nobody knows. */
  async ask(line: string, signal: AbortSignal): Promise<string | undefined> {
    const onAbort = (): void => this.end();
    signal.addEventListener('abort', onAbort, { once: true });
    this.#child.ref();
    this.#idle.refresh();
    this.#text = '';
    try {
      if (signal.aborted) this.end();
      else this.#child.stdin.write(`${line}\n${LAST_WORD}\n`);
      while (!this.isOver && !this.#text.endsWith(this.#mark ?? '\n'))
        await new Promise<void>((wake) => (this.#wake = wake));
      if (this.isOver) return undefined;
      this.#mark ??= this.#text;
      return this.#text.slice(0, -this.#mark.length);
    } finally {
      signal.removeEventListener('abort', onAbort);
      this.#child.unref();
      if (++this.#asked >= TRANSACTIONS_MAX) this.end();
    }
  }

  end(): void {
    if (this.isOver) return;
    this.isOver = true;
    clearTimeout(this.#idle);
    this.#child.kill('SIGKILL');
    this.#wake();
  }
}
