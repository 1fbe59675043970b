import { Code, ConnectionFault, Flag, type Frame, LOW_31_BITS } from './frames.ts';
import { HEADER_LIST_BYTES_MAX } from './request-head.ts';

/** Frames that a block may be spread over: an empty one costs its sender nothing. */
const FRAMES_MAX = 64;

/** A header block that has come whole. */
export interface HeaderBlock {
  readonly streamId: number;
  readonly endsStream: boolean;
  /** The stream is said to depend on itself. */
  readonly isKnotted: boolean;
  readonly bytes: Buffer;
}

/** Puts together what HEADERS begins and CONTINUATION goes on with; nothing else may come between. */
export class HeaderCollector {
  #begun: Omit<HeaderBlock, 'bytes'> | undefined;
  #parts: Buffer[] = [];
  #bytes = 0;

  /** The stream whose block is not whole yet. */
  get awaited(): number | undefined {
    return this.#begun?.streamId;
  }

  /** The block, when this frame ends it. */
  begin(frame: Frame): HeaderBlock | undefined {
    const { streamId, flags } = frame;
    let payload = unpadded(frame);
    let isKnotted = false;
    if (flags & Flag.priority) {
      if (payload.length < 5) throw new ConnectionFault(Code.frameSizeError, 'HEADERS without its priority');
      isKnotted = (payload.readUInt32BE(0) & LOW_31_BITS) === streamId;
      payload = payload.subarray(5);
    }
    const endsStream = (flags & Flag.endStream) !== 0;
    // Nearly all are one frame; no frame is as long as a block may be.
    if (flags & Flag.endHeaders) return { streamId, endsStream, isKnotted, bytes: payload };
    this.#begun = { streamId, endsStream, isKnotted };
    return this.#add(payload, flags);
  }

  goOn({ streamId, flags, payload }: Frame): HeaderBlock | undefined {
    if (this.#begun?.streamId !== streamId) throw new ConnectionFault(Code.protocolError, 'CONTINUATION of nothing');
    return this.#add(payload, flags);
  }

  #add(payload: Buffer, flags: number): HeaderBlock | undefined {
    this.#parts.push(payload);
    this.#bytes += payload.length;
    if (this.#bytes > HEADER_LIST_BYTES_MAX || this.#parts.length > FRAMES_MAX)
      throw new ConnectionFault(Code.enhanceYourCalm, 'a header block without an end');
    if (!(flags & Flag.endHeaders) || !this.#begun) return undefined;
    const bytes = this.#parts.length === 1 ? payload : Buffer.concat(this.#parts);
    const block = { ...this.#begun, bytes };
    this.#begun = undefined;
    this.#parts = [];
    this.#bytes = 0;
    return block;
  }
}

/** The payload without what only hides its length. Throws ConnectionFault where there is more of that than payload. */
export function unpadded({ flags, payload }: Frame): Buffer {
  if (!(flags & Flag.padded)) return payload;
  const padding = payload[0];
  if (padding === undefined || padding >= payload.length)
    throw new ConnectionFault(Code.protocolError, 'more padding than payload');
  return payload.subarray(1, payload.length - padding);
}
