import { Duplex } from 'node:stream';
import type { Headers } from './header-block.ts';

/** What a stream asks of the connection that it is part of. */
export interface StreamPort {
  /** Calls back when the bytes have left, so that a writer is no faster than the peer reads. */
  send(streamId: number, bytes: Buffer, isLast: boolean, callback: (error?: Error | null) => void): void;
  /** The stream ends before its time. */
  abandon(streamId: number): void;
}

/** Bytes that may wait for a reader before the whole connection waits. */
const WAITING_BYTES_MAX = 256 * 1024;

/** One stream of a connection. Its two directions end by themselves: `end()` closes ours, 'end' says that theirs is. */
export class SpdyStream extends Duplex {
  readonly streamId: number;
  readonly headers: Headers;
  readonly #port: StreamPort;
  #hasRoom: (() => void) | undefined;
  #isEnded = false;

  /** The peer has said that it sends no more. */
  get isRemoteEnded(): boolean {
    return this.#isEnded;
  }

  constructor(streamId: number, headers: Headers, port: StreamPort) {
    super({ allowHalfOpen: true, readableHighWaterMark: WAITING_BYTES_MAX, emitClose: true });
    this.streamId = streamId;
    this.headers = headers;
    this.#port = port;
  }

  /** Takes what the peer sent; resolves when there is room for more. What comes for a stream nobody reads is dropped. */
  async deliver(bytes: Buffer): Promise<void> {
    if (this.destroyed || this.#isEnded || bytes.length === 0) return;
    if (this.push(bytes)) return;
    await new Promise<void>((resolve) => {
      this.#hasRoom = resolve;
    });
  }

  /** The peer sends no more. */
  deliverEnd(): void {
    if (this.#isEnded || this.destroyed) return;
    this.#isEnded = true;
    this.push(null);
  }

  override _read(): void {
    this.#resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    this.#port.send(this.streamId, chunk, false, callback);
  }

  override _final(callback: (error?: Error | null) => void): void {
    this.#port.send(this.streamId, Buffer.alloc(0), true, callback);
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#resume();
    this.#port.abandon(this.streamId);
    callback(error);
  }

  #resume(): void {
    const resume = this.#hasRoom;
    this.#hasRoom = undefined;
    resume?.();
  }
}
