import type { Duplex } from 'node:stream';

/** Windows that both sides begin with (RFC 9113, section 6.9.2). */
export const WINDOW_BYTES = 65_535;
export const WINDOW_BYTES_MAX = 0x7fff_ffff;
/** Bytes that wait for the system to take them; more stays with the streams, which take turns. */
const PENDING_BYTES_MAX = 512 * 1024;
/** How much one stream sends before it is another's turn. */
const TURN_BYTES = 64 * 1024;

/** Something that has more to send than could be sent. */
export interface Sender {
  /** Sends about so many bytes, less where a window or the wire is full. Whether nothing is left to send. */
  send(bytes: number): boolean;
}

/**
 * What goes out on a connection: frames of one turn of the event loop leave in one write, since each write is a TLS
 * record and a system call.
 */
export class Wire {
  /** What the peer takes beyond what was sent, over all streams. */
  window = WINDOW_BYTES;
  /** The window that new streams begin with, as the peer set it. */
  streamWindow = WINDOW_BYTES;
  /** What all streams have to send and could not yet. */
  heldBytes = 0;
  readonly #socket: Duplex;
  readonly #waiting = new Set<Sender>();
  #pieces: Uint8Array[] = [];
  #bytes = 0;

  constructor(socket: Duplex) {
    this.#socket = socket;
    socket.on('drain', () => this.resume());
  }

  get isFull(): boolean {
    return this.pendingBytes >= PENDING_BYTES_MAX;
  }

  get pendingBytes(): number {
    return this.#bytes + this.#socket.writableLength;
  }

  push(piece: Uint8Array): void {
    if (this.#pieces.push(piece) === 1) flushSoon(this);
    this.#bytes += piece.length;
  }

  flush(): void {
    const pieces = this.#pieces;
    if (pieces.length === 0) return;
    const bytes = pieces.length === 1 ? (pieces[0] as Uint8Array) : Buffer.concat(pieces, this.#bytes);
    this.#pieces = [];
    this.#bytes = 0;
    if (this.#socket.writable) this.#socket.write(bytes);
    if (this.#waiting.size > 0) this.resume();
  }

  /** Is asked to send again when there is room. */
  wait(sender: Sender): void {
    this.#waiting.add(sender);
  }

  leave(sender: Sender): void {
    this.#waiting.delete(sender);
  }

  /** Those that wait send in turns, until nobody can. */
  resume(): void {
    for (let left = -1; this.#waiting.size > 0 && !this.isFull && this.#bytes !== left;) {
      left = this.#bytes;
      const turn = [...this.#waiting];
      for (const sender of turn) {
        if (this.isFull) return;
        this.#waiting.delete(sender);
        if (!sender.send(TURN_BYTES)) this.#waiting.add(sender);
      }
    }
  }
}

let unflushed: Wire[] = [];

function flushSoon(wire: Wire): void {
  if (unflushed.push(wire) === 1) process.nextTick(flushAll);
}

function flushAll(): void {
  const wires = unflushed;
  unflushed = [];
  for (const wire of wires) wire.flush();
}
