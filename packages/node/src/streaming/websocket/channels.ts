import type { Writable } from 'node:stream';
import type { RawData, WebSocket } from 'ws';
import { closeWhenIdle, send } from './accept.ts';
import type { ChannelProtocol } from './protocols.ts';

/** The channel of a message that ends another channel. */
const CLOSE_SIGNAL = 255;
const DIGIT_ZERO = 0x30;
/** RFC 6455, section 7.4.1. */
const NORMAL = 1000;
const PROTOCOL_ERROR = 1002;

/** A WebSocket whose messages belong to numbered channels. */
export class ChannelSocket {
  /** Resolves when the connection is over, from whichever side. */
  readonly closed: Promise<void>;
  readonly protocol: ChannelProtocol;
  readonly #webSocket: WebSocket;
  readonly #readers: ReadonlyMap<number, Writable>;
  readonly #onTraffic: () => void;
  #isClosing = false;

  /** What arrives on a channel is written to its reader; channels without one are read over. */
  constructor(webSocket: WebSocket, protocol: ChannelProtocol, readers: ReadonlyMap<number, Writable>, idleMs: number) {
    this.protocol = protocol;
    this.#webSocket = webSocket;
    this.#readers = readers;
    this.#onTraffic = closeWhenIdle(webSocket, idleMs);
    this.closed = new Promise((resolve) => webSocket.once('close', () => resolve()));
    webSocket.on('message', (data) => this.#take(data));
  }

  /** Resolves when the bytes have left. */
  async send(channel: number, bytes: Buffer): Promise<void> {
    this.#onTraffic();
    if (this.protocol.isBase64) await send(this.#webSocket, `${channel}${bytes.toString('base64')}`);
    else await send(this.#webSocket, Buffer.concat([Buffer.of(channel), bytes]));
  }

  close(): void {
    // A reader that is full has stopped the connection; the client's goodbye is behind what it sent, which nobody wants now.
    this.#isClosing = true;
    this.#webSocket.resume();
    this.#webSocket.close(NORMAL);
  }

  #take(data: RawData): void {
    this.#onTraffic();
    const message = data as Buffer;
    const [first] = message;
    if (first === undefined || this.#isClosing) return;
    if (this.protocol.hasHalfClose && first === CLOSE_SIGNAL) return this.#endChannel(message);
    const reader = this.#readers.get(this.protocol.isBase64 ? first - DIGIT_ZERO : first);
    if (!reader || reader.destroyed || reader.writableEnded) return;
    const bytes = this.protocol.isBase64 ? Buffer.from(message.toString('latin1', 1), 'base64') : message.subarray(1);
    if (bytes.length === 0 || reader.write(bytes)) return;
    this.#webSocket.pause();
    const goOn = (): void => {
      reader.off('drain', goOn).off('close', goOn);
      this.#webSocket.resume();
    };
    reader.on('drain', goOn).on('close', goOn);
  }

  #endChannel(message: Buffer): void {
    if (message.length !== 2) return this.#webSocket.close(PROTOCOL_ERROR, 'one channel follows the close signal');
    this.#readers.get(message[1] ?? 0)?.end();
  }
}
