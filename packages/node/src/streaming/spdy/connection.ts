import type { Duplex } from 'node:stream';
import { Arrivals } from './arrivals.ts';
import {
  dataHead,
  encodeControl,
  type Frame,
  PAYLOAD_BYTES_MAX,
  resetStatus,
  SpdyError,
  STREAM_ID_MAX,
} from './frame.ts';
import { FrameReader } from './frame-reader.ts';
import { HeaderDecoder, HeaderEncoder, type Headers } from './header-block.ts';
import { SpdyStream } from './stream.ts';

export interface SpdyOptions {
  /** Clients number their streams odd, servers even. */
  readonly role: 'client' | 'server';
  /** Called for each stream that the peer opens; absent: they are refused. */
  readonly onStream?: (stream: SpdyStream) => void;
}

/** Streams that may be open at a time; more are refused. kubectl port-forward opens two for each connection. */
const STREAMS_MAX = 4096;
/** How long a peer may take to close its side after we closed ours. */
const LINGER_MS = 2000;

/**
 * One SPDY/3.1 connection over a socket, as far as Kubernetes speaks it: streams with headers, data, half-close, reset,
 * ping. There is no flow control by windows, since peers keep none: a stream that is not read stops the connection.
 */
export class SpdyConnection {
  /** Resolves when the connection is over, however that came; never rejects. */
  readonly closed: Promise<void>;
  readonly #socket: Duplex;
  readonly #options: SpdyOptions;
  readonly #streams = new Map<number, SpdyStream>();
  readonly #encoder = new HeaderEncoder();
  readonly #decoder = new HeaderDecoder();
  #nextId: number;
  #lastPeerId = 0;
  #failure: Error | undefined;
  #isClosing = false;
  #isPeerLeaving = false;

  /** `head` is what came behind the upgrade already. */
  constructor(socket: Duplex, head: Buffer, options: SpdyOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#nextId = options.role === 'client' ? 1 : 2;
    this.closed = this.#run(new Arrivals(socket, head));
  }

  /** What ended the connection; undefined while it lives and when the peer simply closed it. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /** Opens a stream. The peer's reply is not waited for: its refusal comes as an error on the stream. */
  open(headers: Headers): SpdyStream {
    if (this.#isClosing || this.#isPeerLeaving) throw new SpdyError('Cannot open a stream: the connection is closing');
    const streamId = this.#nextId;
    if (streamId > STREAM_ID_MAX) throw new SpdyError('Cannot open a stream: all numbers for streams have been used');
    this.#nextId += 2;
    const stream = this.#add(streamId, headers);
    this.#control({ type: 'open', streamId, block: this.#encoder.encode(headers), isLast: false, isOneWay: false });
    return stream;
  }

  /** Says goodbye, and closes the socket when all that was written has left. Streams that are still open are cut off. */
  close(): void {
    if (this.#isClosing) return;
    this.#isClosing = true;
    if (this.#socket.writable)
      this.#socket.end(encodeControl({ type: 'goAway', lastStreamId: this.#lastPeerId, status: 0 }));
    this.#cutStreams();
    // Closing a socket with bytes unread makes the kernel take back what was sent: the peer gets the time to close first.
    const linger = setTimeout(() => this.#socket.destroy(), LINGER_MS);
    void this.closed.then(() => clearTimeout(linger));
  }

  /** Ends at once, without a word. */
  destroy(): void {
    this.#isClosing = true;
    this.#cutStreams();
    this.#socket.destroy();
  }

  async #run(arrivals: Arrivals): Promise<void> {
    const reader = new FrameReader();
    try {
      for (let chunk = await arrivals.next(); chunk; chunk = await arrivals.next()) {
        for (const frame of reader.read(chunk)) await this.#take(frame);
      }
    } catch (error) {
      if (!this.#isClosing) this.#failure = error as Error;
    }
    this.#isClosing = true;
    this.#decoder.close();
    this.#endStreams();
    this.#socket.destroy();
  }

  async #take(frame: Frame): Promise<void> {
    switch (frame.type) {
      case 'data':
        return this.#takeData(frame);
      case 'open':
        return this.#takeOpen(frame);
      case 'reply':
      case 'headers': {
        // Every block must be read: the next ones are compressed with what it said.
        await this.#decoder.decode(frame.block);
        if (frame.isLast) this.#streams.get(frame.streamId)?.deliverEnd();
        return;
      }
      case 'reset':
        return this.#takeReset(frame);
      case 'ping': {
        const isOurs = (frame.id % 2 === 1) === (this.#options.role === 'client');
        if (!isOurs) this.#control(frame);
        return;
      }
      case 'goAway':
        this.#isPeerLeaving = true;
        return;
      case 'ignored':
        return;
    }
  }

  async #takeData({ streamId, bytes, isLast }: Extract<Frame, { type: 'data' }>): Promise<void> {
    const stream = this.#streams.get(streamId);
    // What was under way when the stream was abandoned.
    if (!stream) return;
    await stream.deliver(bytes);
    if (isLast) stream.deliverEnd();
  }

  async #takeOpen({ streamId, block, isLast }: Extract<Frame, { type: 'open' }>): Promise<void> {
    const headers = await this.#decoder.decode(block);
    const isPeers = (streamId % 2 === 1) === (this.#options.role === 'server');
    if (!isPeers || streamId <= this.#lastPeerId) throw new SpdyError(`stream ${streamId} opened out of order`);
    this.#lastPeerId = streamId;
    const { onStream } = this.#options;
    if (!onStream || this.#isClosing || this.#isPeerLeaving || this.#streams.size >= STREAMS_MAX) {
      this.#control({ type: 'reset', streamId, status: resetStatus.refusedStream });
      return;
    }
    const stream = this.#add(streamId, headers);
    this.#control({ type: 'reply', streamId, block: this.#encoder.encode({}), isLast: false });
    onStream(stream);
    if (isLast) stream.deliverEnd();
  }

  /** Peers reset streams also when all is well, when they close the connection: what was sent before is still read. */
  #takeReset({ streamId, status }: Extract<Frame, { type: 'reset' }>): void {
    const stream = this.#streams.get(streamId);
    if (!stream) return;
    this.#streams.delete(streamId);
    if (status === resetStatus.refusedStream) stream.destroy(new SpdyError('the peer refused the stream'));
    else stream.deliverEnd();
  }

  #add(streamId: number, headers: Headers): SpdyStream {
    const stream = new SpdyStream(streamId, headers, {
      send: (id, bytes, isLast, callback) => this.#send(id, bytes, isLast, callback),
      abandon: (id) => this.#abandon(id),
    });
    stream.on('error', () => undefined); // Whoever uses the stream sees it too; one that nobody uses must not end the process.
    this.#streams.set(streamId, stream);
    return stream;
  }

  #send(streamId: number, bytes: Buffer, isLast: boolean, callback: (error?: Error | null) => void): void {
    // A peer that reset the stream or went away does not read: that is no fault of the writer's.
    if (!this.#streams.has(streamId) || !this.#socket.writable) return callback();
    if (bytes.length <= PAYLOAD_BYTES_MAX) {
      this.#socket.cork();
      this.#socket.write(dataHead(streamId, bytes.length, isLast));
      this.#socket.write(bytes, () => callback()); // A failure ends the connection, and by that the stream.
      this.#socket.uncork();
      return;
    }
    this.#send(streamId, bytes.subarray(0, PAYLOAD_BYTES_MAX), false, (error) => {
      if (error) callback(error);
      else this.#send(streamId, bytes.subarray(PAYLOAD_BYTES_MAX), isLast, callback);
    });
  }

  /** Both sides are through with the stream, or ours is and does not wait for the other. */
  #abandon(streamId: number): void {
    const stream = this.#streams.get(streamId);
    if (!this.#streams.delete(streamId)) return;
    // A peer that sends no more is about to close: a word too many would meet a closed socket.
    if (!stream?.isRemoteEnded && !this.#isClosing)
      this.#control({ type: 'reset', streamId, status: resetStatus.cancel });
  }

  /** The socket is gone: what was read before is still to be read, and then comes the end. Why it went is in `failure`. */
  #endStreams(): void {
    for (const stream of this.#streams.values()) stream.deliverEnd();
    this.#streams.clear();
  }

  #cutStreams(): void {
    for (const stream of this.#streams.values()) stream.destroy();
    this.#streams.clear();
  }

  #control(frame: Parameters<typeof encodeControl>[0]): void {
    if (this.#socket.writable) this.#socket.write(encodeControl(frame));
  }
}
