import type { Duplex } from 'node:stream';
import { takeLastWords } from '../last-words.ts';

/** What arrives on a socket, in order, one at a time. What came before an error is given out before it is thrown. */
export class Arrivals {
  readonly #socket: Duplex;
  readonly #chunks: Buffer[];
  #isOver = false;
  #error: Error | undefined;
  #wake: (() => void) | undefined;

  constructor(socket: Duplex, head: Buffer) {
    this.#socket = socket;
    this.#chunks = head.length > 0 ? [head] : [];
    socket.on('data', (chunk: Buffer) => {
      this.#chunks.push(chunk);
      socket.pause();
      this.#wake?.();
    });
    socket.on('error', (error) => this.#end(error));
    socket.on('end', () => this.#end());
    socket.on('close', () => this.#end());
    takeLastWords(socket, (chunk) => this.#chunks.push(chunk));
  }

  /** Undefined when the peer has ended. */
  async next(): Promise<Buffer | undefined> {
    for (;;) {
      const chunk = this.#chunks.shift();
      if (chunk) return chunk;
      if (this.#error) throw this.#error;
      if (this.#isOver) return undefined;
      this.#socket.resume();
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  #end(error?: Error): void {
    this.#isOver = true;
    this.#error ??= error;
    this.#wake?.();
  }
}
