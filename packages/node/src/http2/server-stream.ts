import { headerBlock, type HeaderValue } from './hpack/encode-headers.ts';
import { Code, Flag, FRAME_BYTES_MAX, FRAME_HEAD_BYTES, FrameType, writeFrameHead } from './frames.ts';
import { IncomingBody } from './incoming-body.ts';
import type { RequestHead } from './request-head.ts';
import type { Window } from './window.ts';
import type { Sender, Wire } from './wire.ts';

/** What a stream needs of the connection that it belongs to. */
export interface StreamOwner {
  readonly wire: Wire;
  /** What the peer may still send, of all bodies. */
  readonly granted: Window;
  sendHead(id: number, block: string): void;
  sendReset(id: number, code: Code): void;
  /** The answer has gone, or never will. */
  done(stream: ServerStream): void;
}

/** Every exchange ends with it: made once, since the stack in an error costs as much as the exchange. */
const ANSWERED = new Error('The request was answered before its body had come');

/** One request and its answer. */
export class ServerStream implements Sender {
  readonly id: number;
  readonly head: RequestHead;
  readonly body: IncomingBody;
  /** What the peer may still send of the body. */
  readonly granted: Window;
  /** What the peer takes of this stream beyond what was sent; below zero after it made its windows smaller. */
  window: number;
  readonly #owner: StreamOwner;
  #queue: Uint8Array[] = [];
  #queuedBytes = 0;
  #isEnding = false;
  #hasSentEnd = false;
  #isGone = false;
  #closed: (() => void)[] = [];
  #drained: (() => void)[] = [];

  constructor(id: number, head: RequestHead, granted: Window, owner: StreamOwner) {
    this.id = id;
    this.head = head;
    this.granted = granted;
    this.body = new IncomingBody(head.contentLength, (bytes) => {
      granted.release(bytes);
      owner.granted.release(bytes);
    });
    this.window = owner.wire.streamWindow;
    this.#owner = owner;
  }

  /** Nothing that is sent from now on arrives. */
  get isGone(): boolean {
    return this.#isGone;
  }

  /** Bytes handed over and not yet on their way. */
  get backlogBytes(): number {
    return this.#queuedBytes;
  }

  respond(status: number, headers: Readonly<Record<string, HeaderValue | undefined>>): void {
    if (!this.#isGone) this.#owner.sendHead(this.id, headerBlock(status, headers));
  }

  write(bytes: Uint8Array): void {
    if (this.#isGone || this.#isEnding) return;
    this.#enqueue(bytes);
    this.#sendOrWait();
  }

  end(last: readonly Uint8Array[] = []): void {
    if (this.#isGone || this.#isEnding) return;
    for (const bytes of last) this.#enqueue(bytes);
    this.#isEnding = true;
    this.#sendOrWait();
  }

  reset(code: Code): void {
    if (this.#isGone) return;
    this.#owner.sendReset(this.id, code);
    this.close(new Error('The stream was reset'));
  }

  /** Resolves when all that was handed over is on its way, or never will be. */
  drained(): Promise<void> {
    if (this.#queuedBytes === 0 || this.#isGone) return Promise.resolve();
    return new Promise((resolve) => void this.#drained.push(resolve));
  }

  /** Calls the listener when the exchange is over, however it ended; at once when it is. */
  onClose(listener: () => void): void {
    if (this.#isGone) listener();
    else this.#closed.push(listener);
  }

  /** Nothing more comes or goes. */
  close(error: Error): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#queue = [];
    this.#hold(-this.#queuedBytes);
    this.#owner.wire.leave(this);
    this.#owner.done(this);
    this.body.close(error);
    const listeners = this.#closed;
    this.#closed = [];
    for (const listener of listeners) listener();
    this.#tellDrained();
  }

  /** See Sender. */
  send(bytes: number): boolean {
    const { wire } = this.#owner;
    for (let sent = 0; !this.#isGone && !this.#hasSentEnd;) {
      if (this.#queuedBytes === 0 && !this.#isEnding) break;
      const room = Math.max(0, Math.min(this.#queuedBytes, wire.window, this.window, FRAME_BYTES_MAX));
      if (sent >= bytes || wire.isFull || (room === 0 && this.#queuedBytes > 0)) return false;
      this.#sendData(room);
      sent += room;
    }
    this.#tellDrained();
    return true;
  }

  #enqueue(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#queue.push(bytes);
    this.#hold(bytes.length);
  }

  #hold(bytes: number): void {
    this.#queuedBytes += bytes;
    this.#owner.wire.heldBytes += bytes;
  }

  #sendOrWait(): void {
    if (!this.send(Number.POSITIVE_INFINITY)) this.#owner.wire.wait(this);
  }

  /** One frame of the first bytes that are queued. */
  #sendData(length: number): void {
    const { wire } = this.#owner;
    const isLast = this.#isEnding && length === this.#queuedBytes;
    const head = Buffer.allocUnsafe(FRAME_HEAD_BYTES);
    const flags = isLast ? Flag.endStream : 0;
    writeFrameHead(head, 0, { length, type: FrameType.data, flags, streamId: this.id });
    wire.push(head);
    for (let left = length; left > 0;) {
      const first = this.#queue[0] as Uint8Array;
      if (first.length <= left) {
        wire.push(first);
        this.#queue.shift();
        left -= first.length;
      } else {
        wire.push(first.subarray(0, left));
        this.#queue[0] = first.subarray(left);
        left = 0;
      }
    }
    this.#hold(-length);
    wire.window -= length;
    this.window -= length;
    if (isLast) this.#finish();
  }

  /** A client that still sends need not go on: it has its answer (RFC 9113, section 8.1). */
  #finish(): void {
    this.#hasSentEnd = true;
    if (!this.body.hasEnded) this.#owner.sendReset(this.id, Code.noError);
    this.close(ANSWERED);
  }

  #tellDrained(): void {
    const waiters = this.#drained;
    if (waiters.length === 0) return;
    this.#drained = [];
    for (const resolve of waiters) resolve();
  }
}
