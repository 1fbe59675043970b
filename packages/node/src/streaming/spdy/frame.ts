/** The peer does not speak SPDY/3.1, or more of it than the bounds allow: the connection cannot go on. */
export class SpdyError extends Error {
  override readonly name = 'SpdyError';
}

/** Frames by what they mean; those that only HTTP's use of SPDY has (CREDENTIAL and the like) are `unknown`. */
export type Frame =
  | { readonly type: 'data'; readonly streamId: number; readonly bytes: Buffer; readonly isLast: boolean }
  | {
      readonly type: 'open';
      readonly streamId: number;
      readonly block: Buffer;
      readonly isLast: boolean;
      readonly isOneWay: boolean;
    }
  | { readonly type: 'reply' | 'headers'; readonly streamId: number; readonly block: Buffer; readonly isLast: boolean }
  | { readonly type: 'reset'; readonly streamId: number; readonly status: number }
  | { readonly type: 'ping'; readonly id: number }
  | { readonly type: 'goAway'; readonly lastStreamId: number; readonly status: number }
  /** Peers of Kubernetes have no flow control (moby/spdystream neither sends nor keeps windows): settings and windows are read over. */
  | { readonly type: 'ignored'; readonly kind: number };

/** Status codes of RST_STREAM (SPDY/3.1 draft, section 2.6.3). */
export const resetStatus = {
  protocolError: 1,
  invalidStream: 2,
  refusedStream: 3,
  cancel: 5,
  internalError: 6,
} as const;

export const frameKind = {
  open: 1,
  reply: 2,
  reset: 3,
  settings: 4,
  ping: 6,
  goAway: 7,
  headers: 8,
  windowUpdate: 9,
} as const;
export const VERSION = 3;
export const FLAG_LAST = 0x01;
export const FLAG_ONE_WAY = 0x02;
export const HEAD_BYTES = 8;
/** A frame's length has 24 bits. */
export const PAYLOAD_BYTES_MAX = 0xffffff;
/** Stream identifiers have 31 bits. */
export const STREAM_ID_MAX = 0x7fffffff;

/** The head of a data frame; the bytes follow by themselves, so that they are not copied. */
export function dataHead(streamId: number, length: number, isLast: boolean): Buffer {
  const head = Buffer.allocUnsafe(HEAD_BYTES);
  head.writeUInt32BE(streamId, 0);
  head.writeUInt32BE((((isLast ? FLAG_LAST : 0) << 24) | length) >>> 0, 4);
  return head;
}

/** A whole control frame. Its header block, where it has one, is compressed already: that depends on all blocks before. */
export function encodeControl(frame: Exclude<Frame, { type: 'data' | 'ignored' }>): Buffer {
  switch (frame.type) {
    case 'open': {
      const flags = (frame.isLast ? FLAG_LAST : 0) | (frame.isOneWay ? FLAG_ONE_WAY : 0);
      // Associated stream, priority and slot are all zero: none of them is used.
      return control(frameKind.open, flags, Buffer.concat([words(frame.streamId, 0), Buffer.alloc(2), frame.block]));
    }
    case 'reply':
      return control(
        frameKind.reply,
        frame.isLast ? FLAG_LAST : 0,
        Buffer.concat([words(frame.streamId), frame.block]),
      );
    case 'headers':
      return control(
        frameKind.headers,
        frame.isLast ? FLAG_LAST : 0,
        Buffer.concat([words(frame.streamId), frame.block]),
      );
    case 'reset':
      return control(frameKind.reset, 0, words(frame.streamId, frame.status));
    case 'ping':
      return control(frameKind.ping, 0, words(frame.id));
    case 'goAway':
      return control(frameKind.goAway, 0, words(frame.lastStreamId, frame.status));
  }
}

function control(kind: number, flags: number, payload: Buffer): Buffer {
  if (payload.length > PAYLOAD_BYTES_MAX)
    throw new SpdyError(`a frame of ${payload.length} bytes is longer than SPDY can say`);
  const head = Buffer.allocUnsafe(HEAD_BYTES);
  head.writeUInt16BE(0x8000 | VERSION, 0);
  head.writeUInt16BE(kind, 2);
  head.writeUInt32BE(((flags << 24) | payload.length) >>> 0, 4);
  return Buffer.concat([head, payload]);
}

function words(...values: readonly number[]): Buffer {
  const bytes = Buffer.allocUnsafe(values.length * 4);
  values.forEach((value, i) => bytes.writeUInt32BE(value, i * 4));
  return bytes;
}
