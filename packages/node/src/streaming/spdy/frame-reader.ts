import {
  FLAG_LAST,
  FLAG_ONE_WAY,
  type Frame,
  frameKind,
  HEAD_BYTES,
  SpdyError,
  STREAM_ID_MAX,
  VERSION,
} from './frame.ts';

/** The longest control frame taken: headers of streams are a few words. */
const CONTROL_BYTES_MAX = 64 * 1024;

interface Pending {
  readonly streamId: number;
  readonly isLast: boolean;
  bytesLeft: number;
}

/**
 * Cuts bytes into frames, however they arrive. Data is passed on as it comes, so a frame of 16 MB costs no memory: such a
 * frame is seen as several, and only the last of them can be the last of its stream. Holds at most one control frame.
 */
export class FrameReader {
  #held: Buffer = Buffer.alloc(0);
  #data: Pending | undefined;

  /** Throws SpdyError when the peer breaks the protocol; the reader is of no use afterwards. */
  *read(chunk: Buffer): Generator<Frame> {
    let rest = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    this.#held = Buffer.alloc(0);
    for (;;) {
      if (this.#data) {
        if (rest.length === 0) return;
        const bytes = rest.subarray(0, this.#data.bytesLeft);
        rest = rest.subarray(bytes.length);
        yield this.#piece(this.#data, bytes);
        continue;
      }
      if (rest.length < HEAD_BYTES) break;
      const length = rest.readUIntBE(5, 3);
      if ((rest.readUInt8(0) & 0x80) === 0) {
        const begun = this.#begin(rest, length);
        rest = rest.subarray(HEAD_BYTES);
        if (begun) yield begun;
        continue;
      }
      checkControl(rest, length);
      if (rest.length < HEAD_BYTES + length) break;
      yield decodeControl(rest.readUInt16BE(2), rest.readUInt8(4), rest.subarray(HEAD_BYTES, HEAD_BYTES + length));
      rest = rest.subarray(HEAD_BYTES + length);
    }
    // A copy: what is kept must not hold on to the whole chunk.
    this.#held = Buffer.from(rest);
  }

  /** Begins a data frame; one without bytes is over at once. */
  #begin(head: Buffer, length: number): Frame | undefined {
    const streamId = head.readUInt32BE(0) & STREAM_ID_MAX;
    if (streamId === 0) throw new SpdyError('data for stream 0, which there is none of');
    const isLast = (head.readUInt8(4) & FLAG_LAST) !== 0;
    if (length === 0) return { type: 'data', streamId, bytes: Buffer.alloc(0), isLast };
    this.#data = { streamId, isLast, bytesLeft: length };
    return undefined;
  }

  #piece(data: Pending, bytes: Buffer): Frame {
    data.bytesLeft -= bytes.length;
    const isOver = data.bytesLeft === 0;
    if (isOver) this.#data = undefined;
    return { type: 'data', streamId: data.streamId, bytes, isLast: isOver && data.isLast };
  }
}

function checkControl(head: Buffer, length: number): void {
  const version = head.readUInt16BE(0) & 0x7fff;
  if (version !== VERSION) throw new SpdyError(`version ${version} of SPDY instead of ${VERSION}`);
  if (length > CONTROL_BYTES_MAX)
    throw new SpdyError(`a control frame of ${length} bytes: at most ${CONTROL_BYTES_MAX} are taken`);
}

function decodeControl(kind: number, flags: number, payload: Buffer): Frame {
  const isLast = (flags & FLAG_LAST) !== 0;
  switch (kind) {
    case frameKind.open:
      atLeast(payload, 10, 'SYN_STREAM');
      return {
        type: 'open',
        streamId: streamIdAt(payload),
        isLast,
        isOneWay: (flags & FLAG_ONE_WAY) !== 0,
        block: Buffer.from(payload.subarray(10)),
      };
    case frameKind.reply:
      atLeast(payload, 4, 'SYN_REPLY');
      return { type: 'reply', streamId: streamIdAt(payload), isLast, block: Buffer.from(payload.subarray(4)) };
    case frameKind.headers:
      atLeast(payload, 4, 'HEADERS');
      return { type: 'headers', streamId: streamIdAt(payload), isLast, block: Buffer.from(payload.subarray(4)) };
    case frameKind.reset:
      atLeast(payload, 8, 'RST_STREAM');
      return { type: 'reset', streamId: streamIdAt(payload), status: payload.readUInt32BE(4) };
    case frameKind.ping:
      atLeast(payload, 4, 'PING');
      return { type: 'ping', id: payload.readUInt32BE(0) };
    case frameKind.goAway:
      atLeast(payload, 8, 'GOAWAY');
      return { type: 'goAway', lastStreamId: payload.readUInt32BE(0) & STREAM_ID_MAX, status: payload.readUInt32BE(4) };
    // "A recipient must ignore control frames that it does not know" (SPDY/3.1 draft, section 2.2.1).
    default:
      return { type: 'ignored', kind };
  }
}

function streamIdAt(payload: Buffer): number {
  const streamId = payload.readUInt32BE(0) & STREAM_ID_MAX;
  if (streamId === 0) throw new SpdyError('a control frame for stream 0, which there is none of');
  return streamId;
}

function atLeast(payload: Buffer, length: number, name: string): void {
  if (payload.length < length)
    throw new SpdyError(`a ${name} frame of ${payload.length} bytes: it has at least ${length}`);
}
