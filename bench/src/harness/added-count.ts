import { setTimeout as sleep } from 'node:timers/promises';

const NEWLINE = 0x0a;
const POLL_MS = 5;
/** Where the first letter of an event's type is on its line, and what it is where an object is new to the watch. */
const TYPE_AT = '{"type":"'.length;
const ADDED = 'A'.charCodeAt(0);
const BOOKMARK = 'B'.charCodeAt(0);
const ERROR = 'E'.charCodeAt(0);
const GONE = 410;
/** A watch that ends so often, one time after the other, without a word is not going to say any more. */
const SILENT_MAX = 10;

interface WatchEvent {
  readonly object: { readonly code?: number; readonly metadata: { readonly resourceVersion?: string } };
}

/** How many objects a watch has shown for the first time, over all streams that it took. */
export class AddedCount implements Disposable {
  readonly #close: () => void;
  #error: Error | undefined;
  #isClosed = false;
  /** The line that is being received: its pieces, its bytes, and the first letter of its event's type. */
  #pieces: Buffer[] = [];
  #column = 0;
  #type = 0;
  /** The last line that is whole; of this stream, or of one before. None before the bookmark that ends what was there. */
  #last: readonly Buffer[] = [];
  #isSilent = true;
  #silent = 0;
  #isForgotten = false;
  /** Since all objects were last counted from the first. */
  #counted = 0;
  #ends = 0;
  /** Where it had to count from the first again, what has gone meanwhile is not counted any more. */
  seen = 0;

  constructor(close: () => void) {
    this.#close = close;
  }

  /** Whether nothing more is wanted, or can come. */
  get isOver(): boolean {
    return this.#isClosed || this.#error !== undefined;
  }

  add(chunk: Buffer): void {
    for (let at = 0; at < chunk.length;) {
      const type = at + TYPE_AT - this.#column;
      const newline = chunk.indexOf(NEWLINE, at);
      const end = newline < 0 ? chunk.length : newline;
      if (type >= at && type < end) this.#type = chunk[type] as number;
      this.#pieces.push(chunk.subarray(at, end));
      this.#column += end - at;
      if (newline >= 0) this.#endLine();
      at = end + 1;
    }
  }

  #endLine(): void {
    const line = this.#pieces;
    this.#pieces = [];
    this.#column = 0;
    if (this.#type === ERROR) return this.#refused(Buffer.concat(line).toString());
    this.#isSilent = false;
    if (this.#type === BOOKMARK || this.#last.length > 0) this.#last = line;
    if (this.#type === ADDED) this.seen = Math.max(this.seen, ++this.#counted);
  }

  #refused(line: string): void {
    if ((JSON.parse(line) as WatchEvent).object.code === GONE) this.#isForgotten = true;
    else this.fail(new Error(`The watch has failed: ${line}`));
  }

  /**
   * The server has ended the stream, as it may when its client is behind. Returns the version that the next one begins after;
   * undefined: with everything that is there, where not all of it came yet or the server has forgotten what came afterwards.
   */
  ended(): string | undefined {
    this.#ends += 1;
    this.#silent = this.#isSilent ? this.#silent + 1 : 0;
    if (this.#silent > SILENT_MAX)
      this.fail(new Error(`The server ended the watch ${this.#ends} times, at last without a word`));
    if (this.#isForgotten) this.#last = [];
    const last = this.#last;
    this.#pieces = [];
    this.#column = 0;
    this.#isSilent = true;
    this.#isForgotten = false;
    if (last.length === 0) this.#counted = 0;
    return last.length === 0 ? undefined : versionOf(Buffer.concat(last).toString());
  }

  fail(error: Error): void {
    this.#error ??= error;
  }

  /** Resolves once that many have arrived; rejects when none has come for `quietMs`. */
  async reach(count: number, quietMs: number, signal: AbortSignal): Promise<void> {
    let [last, lastAt] = [this.seen, performance.now()];
    while (this.seen < count) {
      if (this.#error) throw this.#error;
      if (this.seen !== last) [last, lastAt] = [this.seen, performance.now()];
      if (performance.now() - lastAt > quietMs)
        throw new Error(
          `Only ${this.seen} of ${count} objects have come, and none for ${quietMs / 1000} s; the server ended the watch ${this.#ends} times`,
        );
      await sleep(POLL_MS, undefined, { signal });
    }
  }

  [Symbol.dispose](): void {
    this.#isClosed = true;
    this.#close();
  }
}

const versionOf = (line: string): string | undefined =>
  (JSON.parse(line) as WatchEvent).object.metadata.resourceVersion;
