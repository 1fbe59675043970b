/** Where the body of a request goes. */
export interface BodySink {
  /** Whether more may come now; if not, the reader asks for it with `resume`. */
  take(chunk: Buffer): boolean;
  end(): void;
  fail(error: Error): void;
}

/**
 * The body of a request as it comes. What nobody has taken yet counts against the window of its stream, so that a client
 * sends no more than that ahead.
 */
export class IncomingBody {
  readonly #credit: (bytes: number) => void;
  readonly #lengthSaid: number | undefined;
  #sink: BodySink | undefined;
  #held: Buffer[] = [];
  #isPaused = false;
  #length = 0;
  #hasEnded = false;
  #error: Error | undefined;

  /** `credit` lets the client send so many bytes more. */
  constructor(lengthSaid: number | undefined, credit: (bytes: number) => void) {
    this.#lengthSaid = lengthSaid;
    this.#credit = credit;
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Whether it has, or will have, the length that the client said it has. */
  receive(chunk: Buffer): boolean {
    this.#length += chunk.length;
    this.#held.push(chunk);
    this.#pass();
    return this.#lengthSaid === undefined || this.#length <= this.#lengthSaid;
  }

  /** Whether it has the length that the client said it has. */
  finish(): boolean {
    if (this.#lengthSaid !== undefined && this.#length !== this.#lengthSaid) return false;
    this.#hasEnded = true;
    this.#pass();
    return true;
  }

  /** Nobody asks for the rest; whoever waits for it is told why it does not come. */
  close(error: Error): void {
    for (const chunk of this.#held) this.#credit(chunk.length);
    this.#held = [];
    if (this.#hasEnded || this.#error) return;
    this.#error = error;
    this.#sink?.fail(error);
  }

  /** Once. */
  read(sink: BodySink): void {
    this.#sink = sink;
    if (this.#error) sink.fail(this.#error);
    else this.#pass();
  }

  resume(): void {
    this.#isPaused = false;
    this.#pass();
  }

  #pass(): void {
    if (!this.#sink) return;
    while (!this.#isPaused && this.#held.length > 0) {
      const chunk = this.#held.shift() as Buffer;
      this.#credit(chunk.length);
      if (!this.#sink.take(chunk)) this.#isPaused = true;
    }
    if (!this.#hasEnded || this.#held.length > 0) return;
    const sink = this.#sink;
    this.#sink = undefined;
    sink.end();
  }
}
