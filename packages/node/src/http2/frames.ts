/** Frames of HTTP/2 as they are on the wire (RFC 9113, section 4). */
export const FRAME_HEAD_BYTES = 9;
/** The largest payload that both sides take before they say otherwise, and that we never say otherwise of. */
export const FRAME_BYTES_MAX = 16_384;
/** What is left of four octets without the first bit, which means nothing: the number of a stream, or a window. */
export const LOW_31_BITS = 0x7fff_ffff;
export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

export const FrameType = {
  data: 0,
  headers: 1,
  priority: 2,
  reset: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goAway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

export const Flag = { endStream: 0x1, ack: 0x1, endHeaders: 0x4, padded: 0x8, priority: 0x20 } as const;

export const Code = {
  noError: 0,
  protocolError: 1,
  internalError: 2,
  flowControlError: 3,
  streamClosed: 5,
  frameSizeError: 6,
  refusedStream: 7,
  cancel: 8,
  compressionError: 9,
  enhanceYourCalm: 11,
} as const;
export type Code = (typeof Code)[keyof typeof Code];

/** A mistake of the peer's that ends the connection. */
export class ConnectionFault extends Error {
  readonly code: Code;

  constructor(code: Code, message: string) {
    super(message);
    this.code = code;
  }
}

export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly payload: Buffer;
}

export function writeFrameHead(
  to: Buffer,
  at: number,
  { length, type, flags, streamId }: { length: number; type: number; flags: number; streamId: number },
): void {
  to[at] = length >>> 16;
  to[at + 1] = length >>> 8;
  to[at + 2] = length;
  to[at + 3] = type;
  to[at + 4] = flags;
  to.writeUInt32BE(streamId, at + 5);
}

export function frameOf(type: number, flags: number, streamId: number, payload: Uint8Array = NOTHING): Buffer {
  const frame = Buffer.allocUnsafe(FRAME_HEAD_BYTES + payload.length);
  writeFrameHead(frame, 0, { length: payload.length, type, flags, streamId });
  frame.set(payload, FRAME_HEAD_BYTES);
  return frame;
}

const NOTHING = new Uint8Array();

/** The frame whose payload is these 32-bit numbers. */
export function numbersFrame(type: number, streamId: number, ...numbers: readonly number[]): Buffer {
  const payload = Buffer.allocUnsafe(4 * numbers.length);
  numbers.forEach((number, i) => payload.writeUInt32BE(number, 4 * i));
  return frameOf(type, 0, streamId, payload);
}

/** Cuts the bytes of a connection into frames. Throws ConnectionFault for what is no HTTP/2. */
export class FrameReader {
  #rest: Buffer | undefined;
  #hasBegun = false;

  /** Hands over frame after frame, until there is none or `take` says that it is enough. */
  read(chunk: Buffer, take: (frame: Frame) => boolean): void {
    const bytes = this.#rest ? Buffer.concat([this.#rest, chunk]) : chunk;
    this.#rest = undefined;
    let at = 0;
    if (!this.#hasBegun) {
      const shown = bytes.subarray(0, PREFACE.length);
      if (!shown.equals(PREFACE.subarray(0, shown.length)))
        throw new ConnectionFault(Code.protocolError, 'no preface of HTTP/2');
      if (shown.length === PREFACE.length) {
        this.#hasBegun = true;
        at = PREFACE.length;
      }
    }
    while (this.#hasBegun && bytes.length - at >= FRAME_HEAD_BYTES) {
      const length = bytes.readUIntBE(at, 3);
      if (length > FRAME_BYTES_MAX) throw new ConnectionFault(Code.frameSizeError, 'a frame larger than is taken');
      const end = at + FRAME_HEAD_BYTES + length;
      if (bytes.length < end) break;
      const frame = {
        type: bytes[at + 3] as number,
        flags: bytes[at + 4] as number,
        streamId: bytes.readUInt32BE(at + 5) & LOW_31_BITS,
        payload: bytes.subarray(at + FRAME_HEAD_BYTES, end),
      };
      at = end;
      if (!take(frame)) return;
    }
    if (at < bytes.length) this.#rest = bytes.subarray(at);
  }
}
