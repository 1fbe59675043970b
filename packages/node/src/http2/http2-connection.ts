import type { Duplex } from 'node:stream';
import { EMPTY_TABLE } from './hpack/encode-headers.ts';
import { HeaderBlockError, HeaderDecoder, TABLE_BYTES } from './hpack/header-decoder.ts';
import {
  Code,
  ConnectionFault,
  Flag,
  FRAME_BYTES_MAX,
  FRAME_HEAD_BYTES,
  type Frame,
  FrameReader,
  frameOf,
  FrameType,
  LOW_31_BITS,
  numbersFrame,
  writeFrameHead,
} from './frames.ts';
import { type HeaderBlock, HeaderCollector, unpadded } from './header-collector.ts';
import { HEADER_LIST_BYTES_MAX, RequestHeadReader } from './request-head.ts';
import { ResetBudget } from './reset-budget.ts';
import { ServerStream, type StreamOwner } from './server-stream.ts';
import { readSettings, settingsFrame } from './settings.ts';
import { Window } from './window.ts';
import { Wire, WINDOW_BYTES, WINDOW_BYTES_MAX } from './wire.ts';

/** What a client may send ahead of who reads it: on one stream, and on all of a connection. */
const STREAM_WINDOW_BYTES = 1024 * 1024;
const CONNECTION_WINDOW_BYTES = 16 * 1024 * 1024;
/** Frames that came in while the peer read none of our answers to them: then it is gone, or means harm. */
const UNREAD_BYTES_MAX = 4 * 1024 * 1024;

export interface Http2Limits {
  /** Streams of one connection at once; more are refused, to be tried again. */
  readonly streams: number;
  /** Bytes that all answers of a connection may hold in memory; new streams are refused while they do. */
  readonly heldBytes: number;
}

/** One connection of HTTP/2 (RFC 9113) from its first byte. Whatever the peer does ends at worst in its end. */
export class Http2Connection implements StreamOwner {
  readonly wire: Wire;
  readonly granted: Window;
  readonly #socket: Duplex;
  readonly #limits: Http2Limits;
  readonly #onStream: (stream: ServerStream) => void;
  readonly #reader = new FrameReader();
  readonly #collector = new HeaderCollector();
  readonly #decoder = new HeaderDecoder();
  readonly #streams = new Map<number, ServerStream>();
  readonly #resets = new ResetBudget();
  #lastId = 0;
  #hasSettings = false;
  #tableBytes = TABLE_BYTES;
  #mustEmptyTable = false;
  #isOver = false;

  constructor(socket: Duplex, limits: Http2Limits, onStream: (stream: ServerStream) => void) {
    this.#socket = socket;
    this.#limits = limits;
    this.#onStream = onStream;
    this.wire = new Wire(socket);
    this.granted = new Window(CONNECTION_WINDOW_BYTES, (bytes) => this.#grant(0, bytes));
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#closeStreams(new Error('The client has gone')));
    this.wire.push(
      settingsFrame({
        streams: limits.streams,
        windowBytes: STREAM_WINDOW_BYTES,
        headerListBytes: HEADER_LIST_BYTES_MAX,
      }),
    );
    this.#grant(0, CONNECTION_WINDOW_BYTES - WINDOW_BYTES);
  }

  /** Says which requests were not looked at, so that the client may send them elsewhere, and ends. */
  close(): void {
    this.#end(Code.noError);
  }

  sendHead(id: number, fields: string): void {
    const block = this.#mustEmptyTable ? EMPTY_TABLE + fields : fields;
    this.#mustEmptyTable = false;
    for (let at = 0; ; at += FRAME_BYTES_MAX) {
      const length = Math.min(block.length - at, FRAME_BYTES_MAX);
      const isLast = at + length === block.length;
      const frame = Buffer.allocUnsafe(FRAME_HEAD_BYTES + length);
      const type = at === 0 ? FrameType.headers : FrameType.continuation;
      writeFrameHead(frame, 0, { length, type, flags: isLast ? Flag.endHeaders : 0, streamId: id });
      frame.write(block.slice(at, at + length), FRAME_HEAD_BYTES, 'latin1');
      this.wire.push(frame);
      if (isLast) return;
    }
  }

  sendReset(id: number, code: Code): void {
    this.#resets.sent(id);
    this.wire.push(numbersFrame(FrameType.reset, id, code));
  }

  done({ id }: ServerStream): void {
    this.#streams.delete(id);
  }

  #grant(id: number, bytes: number): void {
    this.wire.push(numbersFrame(FrameType.windowUpdate, id, bytes));
  }

  #read(chunk: Buffer): void {
    if (this.#isOver) return;
    try {
      this.#reader.read(chunk, this.#takeNext);
    } catch (error) {
      if (error instanceof ConnectionFault) this.#end(error.code);
      else if (error instanceof HeaderBlockError) this.#end(Code.compressionError);
      else throw error;
    }
  }

  /** Whether more is wanted. */
  readonly #takeNext = (frame: Frame): boolean => {
    this.#take(frame);
    return !this.#isOver;
  };

  #end(code: Code): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.wire.push(numbersFrame(FrameType.goAway, 0, this.#lastId, code));
    this.wire.flush();
    this.#closeStreams(new Error('The connection is over'));
    this.#socket.end(() => this.#socket.destroy());
  }

  #closeStreams(error: Error): void {
    this.#isOver = true;
    for (const stream of this.#streams.values()) stream.close(error);
  }

  #take(frame: Frame): void {
    const { type, streamId } = frame;
    if (!this.#hasSettings && (type !== FrameType.settings || frame.flags & Flag.ack))
      throw new ConnectionFault(Code.protocolError, 'the first frame is not SETTINGS');
    if (this.#collector.awaited !== undefined && type !== FrameType.continuation)
      throw new ConnectionFault(Code.protocolError, 'a header block was not gone on with');
    if (this.wire.pendingBytes > UNREAD_BYTES_MAX)
      throw new ConnectionFault(Code.enhanceYourCalm, 'nobody reads what is answered');
    switch (type) {
      case FrameType.data:
        return this.#takeData(frame);
      case FrameType.headers:
        return this.#takeHeaders(this.#collector.begin(ofStream(frame)));
      case FrameType.continuation:
        return this.#takeHeaders(this.#collector.goOn(ofStream(frame)));
      case FrameType.priority:
        return this.#takePriority(ofStream(frame));
      case FrameType.reset:
        return this.#takeReset(sized(this.#known(ofStream(frame)), 4));
      case FrameType.settings:
        return this.#takeSettings(ofConnection(frame));
      case FrameType.pushPromise:
        throw new ConnectionFault(Code.protocolError, 'a client pushes nothing');
      case FrameType.ping:
        return this.#takePing(sized(ofConnection(frame), 8));
      case FrameType.goAway:
        return void ofConnection(frame);
      case FrameType.windowUpdate:
        return this.#takeWindow(sized(streamId === 0 ? frame : this.#known(frame), 4));
      default:
        return; // What is not known is passed over.
    }
  }

  /** The frame, of a stream that has begun. */
  #known(frame: Frame): Frame {
    if (frame.streamId > this.#lastId || frame.streamId % 2 === 0)
      throw new ConnectionFault(Code.protocolError, 'a frame of a stream that has not begun');
    return frame;
  }

  #takeHeaders(block: HeaderBlock | undefined): void {
    if (!block) return;
    const head = new RequestHeadReader();
    this.#decoder.decode(block.bytes, head.take);
    const { streamId, endsStream } = block;
    if (streamId <= this.#lastId) return this.#takeTrailers(block, head.areTrailers);
    if (streamId % 2 === 0) throw new ConnectionFault(Code.protocolError, 'a stream of the server’s numbers');
    this.#lastId = streamId;
    if (this.#isBusy()) return this.sendReset(streamId, Code.refusedStream);
    const request = block.isKnotted ? undefined : head.head();
    if (!request && !head.isTooLarge) return this.sendReset(streamId, Code.protocolError);
    const granted = new Window(STREAM_WINDOW_BYTES, (bytes) => this.#grant(streamId, bytes));
    const stream = new ServerStream(streamId, request ?? TOO_LARGE, granted, this);
    this.#streams.set(streamId, stream);
    if (endsStream) this.#finish(stream);
    if (head.isTooLarge) {
      stream.respond(431, { 'content-length': 0 });
      stream.end();
    } else if (!stream.isGone) this.#onStream(stream);
  }

  #isBusy(): boolean {
    return this.#streams.size >= this.#limits.streams || this.wire.heldBytes > this.#limits.heldBytes;
  }

  /** They end a body, and nobody asks for them. */
  #takeTrailers({ streamId, endsStream }: HeaderBlock, areTrailers: boolean): void {
    const stream = this.#streams.get(streamId);
    if (!stream) return this.#late(streamId);
    if (stream.body.hasEnded) stream.reset(Code.streamClosed);
    else if (!endsStream || !areTrailers) stream.reset(Code.protocolError);
    else this.#finish(stream);
  }

  #takeData(frame: Frame): void {
    const { streamId, flags, payload } = this.#known(ofStream(frame));
    if (!this.granted.take(payload.length)) throw new ConnectionFault(Code.flowControlError, 'more than was granted');
    const stream = this.#streams.get(streamId);
    const data = unpadded(frame);
    if (!stream || stream.body.hasEnded || !stream.granted.take(payload.length)) {
      this.granted.release(payload.length);
      if (!stream) this.#late(streamId);
      else stream.reset(stream.body.hasEnded ? Code.streamClosed : Code.flowControlError);
      return;
    }
    stream.granted.release(payload.length - data.length);
    this.granted.release(payload.length - data.length);
    if (data.length > 0 && !stream.body.receive(data)) stream.reset(Code.protocolError);
    else if (flags & Flag.endStream) this.#finish(stream);
  }

  #finish(stream: ServerStream): void {
    if (!stream.body.finish()) stream.reset(Code.protocolError);
  }

  /** A frame of a stream that is over: on its way when we ended it, or a mistake. */
  #late(id: number): void {
    if (!this.#resets.wasSent(id)) throw new ConnectionFault(Code.streamClosed, 'a frame of a stream that is over');
  }

  #takePriority(frame: Frame): void {
    const { streamId, payload } = frame;
    if (payload.length !== 5) this.#refuse(streamId, Code.frameSizeError);
    else if ((payload.readUInt32BE(0) & LOW_31_BITS) === streamId) this.#refuse(streamId, Code.protocolError);
  }

  #refuse(id: number, code: Code): void {
    const stream = this.#streams.get(id);
    if (stream) stream.reset(code);
    else this.sendReset(id, code);
  }

  #takeReset({ streamId }: Frame): void {
    const stream = this.#streams.get(streamId);
    if (!stream) return;
    if (!this.#resets.received()) throw new ConnectionFault(Code.enhanceYourCalm, 'requests are taken back at once');
    stream.close(new Error('The client has gone'));
  }

  #takeSettings({ flags, payload }: Frame): void {
    this.#hasSettings = true;
    if (flags & Flag.ack) {
      if (payload.length > 0) throw new ConnectionFault(Code.frameSizeError, 'an answer to settings says nothing');
      return;
    }
    const { windowBytes, headerTableBytes } = readSettings(payload);
    if (headerTableBytes !== undefined && headerTableBytes < this.#tableBytes) {
      this.#tableBytes = 0;
      this.#mustEmptyTable = true;
    }
    if (windowBytes !== undefined) {
      const more = windowBytes - this.wire.streamWindow;
      this.wire.streamWindow = windowBytes;
      for (const stream of this.#streams.values()) stream.window = within(stream.window + more);
    }
    this.wire.push(frameOf(FrameType.settings, Flag.ack, 0));
    this.wire.resume();
  }

  #takePing({ flags, payload }: Frame): void {
    if (!(flags & Flag.ack)) this.wire.push(frameOf(FrameType.ping, Flag.ack, 0, payload));
  }

  #takeWindow({ streamId, payload }: Frame): void {
    const more = payload.readUInt32BE(0) & LOW_31_BITS;
    if (streamId === 0) {
      if (more === 0) throw new ConnectionFault(Code.protocolError, 'a window that grows by nothing');
      this.wire.window = within(this.wire.window + more);
    } else {
      const stream = this.#streams.get(streamId);
      if (!stream) return;
      if (more === 0) return stream.reset(Code.protocolError);
      if (stream.window + more > WINDOW_BYTES_MAX) return stream.reset(Code.flowControlError);
      stream.window += more;
    }
    this.wire.resume();
  }
}

const TOO_LARGE = { method: '', path: '', headers: {}, contentLength: undefined };

function ofStream(frame: Frame): Frame {
  if (frame.streamId === 0) throw new ConnectionFault(Code.protocolError, 'a frame without its stream');
  return frame;
}

function ofConnection(frame: Frame): Frame {
  if (frame.streamId !== 0) throw new ConnectionFault(Code.protocolError, 'a frame of the connection with a stream');
  return frame;
}

function sized(frame: Frame, bytes: number): Frame {
  if (frame.payload.length !== bytes) throw new ConnectionFault(Code.frameSizeError, 'a frame of a wrong length');
  return frame;
}

function within(window: number): number {
  if (window > WINDOW_BYTES_MAX) throw new ConnectionFault(Code.flowControlError, 'a window too large');
  return window;
}
