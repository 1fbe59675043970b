import { randomBytes } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { connect } from 'node:net';
import type { Exchange, Upstream } from '@navarch/dns';
import { withLength } from './length.ts';

/** Sockets to one server: the more there are, the more ports a forger has to guess among. */
const PATHS_PER_UPSTREAM = 4;
/** After as many questions a socket gives way to one with another port. */
const USES_MAX = 512;
const LIFE_MS = 10_000;
/** Servers with sockets; a configuration names a handful. */
const UPSTREAMS_MAX = 64;
const ID_TRIES = 16;

/** Asks other DNS servers over UDP and TCP. Disposing it closes every socket. */
export function dnsExchange(resolvers: () => readonly string[]): Exchange & Disposable {
  const paths = new Map<string, UdpPath[]>();
  const pathTo = (upstream: Upstream): UdpPath => {
    const key = `${upstream.address} ${upstream.port}`;
    let list = paths.get(key);
    if (!list) {
      if (paths.size >= UPSTREAMS_MAX) {
        for (const path of [...paths.values()].flat()) path.retire();
        paths.clear();
      }
      paths.set(key, (list = []));
    }
    const i = ids.next() % PATHS_PER_UPSTREAM;
    const known = list[i];
    if (known?.isFresh()) return known;
    known?.retire();
    return (list[i] = new UdpPath(upstream));
  };
  return {
    resolvers,
    async ask(to, message, { isTcp, timeoutMs }, signal) {
      const stop = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
      return isTcp ? askTcp(to, message, stop) : pathTo(to).ask(message, stop);
    },
    [Symbol.dispose]() {
      for (const path of [...paths.values()].flat()) path.close();
      paths.clear();
    },
  };
}

/** Numbers that nobody can guess, drawn many at a time. */
const ids = {
  pool: Buffer.alloc(0),
  at: 0,
  next(): number {
    if (this.at + 2 > this.pool.length) {
      this.pool = randomBytes(4096);
      this.at = 0;
    }
    this.at += 2;
    return this.pool.readUInt16BE(this.at - 2);
  },
};

/** One socket, connected: the kernel passes on only what comes from the server, and says at once where nobody is there. */
class UdpPath {
  readonly #socket: Socket;
  readonly #waiting = new Map<number, (answer: Uint8Array | undefined) => void>();
  readonly #connected: Promise<boolean>;
  readonly #born = performance.now();
  #uses = 0;
  #isRetired = false;

  constructor({ address, port }: Upstream) {
    const family = address.includes(':') ? 6 : 4;
    this.#socket = createSocket({
      type: family === 6 ? 'udp6' : 'udp4',
      lookup: (host, _options, found) => found(null, host, family),
    });
    this.#socket.unref();
    this.#connected = new Promise((resolve) => {
      this.#socket.on('error', () => {
        resolve(false);
        this.#failAll();
      });
      // Node calls it where there is no way to the server, too.
      this.#socket.connect(port, address, (error?: Error) => resolve(!error));
    });
    this.#socket.on('message', (message) => {
      if (message.length < 12) return;
      const id = message.readUInt16BE(0);
      const waiting = this.#waiting.get(id);
      if (!waiting) return;
      this.#waiting.delete(id);
      waiting(message);
    });
  }

  isFresh(): boolean {
    return !this.#isRetired && this.#uses < USES_MAX && performance.now() - this.#born < LIFE_MS;
  }

  /** Takes no more questions; closes with the last answer. */
  retire(): void {
    this.#isRetired = true;
    if (this.#waiting.size === 0) this.close();
  }

  close(): void {
    this.#isRetired = true;
    this.#failAll();
    try {
      this.#socket.close();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ERR_SOCKET_DGRAM_NOT_RUNNING') throw error;
    }
  }

  async ask(message: Uint8Array, signal: AbortSignal): Promise<Uint8Array | undefined> {
    this.#uses += 1;
    const id = this.#freeId();
    if (id === undefined) return undefined;
    const answer = new Promise<Uint8Array | undefined>((resolve) => this.#waiting.set(id, resolve));
    const stop = (): void => this.#waiting.get(id)?.(undefined);
    signal.addEventListener('abort', stop, { once: true });
    try {
      if (signal.aborted || !(await this.#connected)) return undefined;
      const bytes = Buffer.from(message);
      bytes.writeUInt16BE(id);
      this.#socket.send(bytes, (error) => error && stop());
      return await answer;
    } finally {
      signal.removeEventListener('abort', stop);
      this.#waiting.delete(id);
      if (this.#isRetired && this.#waiting.size === 0) this.close();
    }
  }

  #freeId(): number | undefined {
    for (let i = 0; i < ID_TRIES; i++) {
      const id = ids.next();
      if (!this.#waiting.has(id)) return id;
    }
    return undefined;
  }

  #failAll(): void {
    for (const resolve of this.#waiting.values()) resolve(undefined);
    this.#waiting.clear();
  }
}

function askTcp(
  { address, port }: Upstream,
  message: Uint8Array,
  signal: AbortSignal,
): Promise<Uint8Array | undefined> {
  return new Promise((resolve) => {
    const question = Buffer.from(message);
    const id = ids.next();
    question.writeUInt16BE(id);
    const socket = connect({ host: address, port, signal });
    const chunks: Buffer[] = [];
    socket.on('connect', () => socket.write(withLength(question)));
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      const all = Buffer.concat(chunks);
      if (all.length < 2 || all.length < 2 + all.readUInt16BE(0)) return;
      const answer = all.subarray(2, 2 + all.readUInt16BE(0));
      resolve(answer.length >= 12 && answer.readUInt16BE(0) === id ? answer : undefined);
      socket.destroy();
    });
    socket.on('error', () => resolve(undefined));
    socket.on('close', () => resolve(undefined));
  });
}
