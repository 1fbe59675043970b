import { createInflate, constants, type Inflate } from 'node:zlib';
import { dictionary } from './dictionary.ts';
import { SpdyError } from './frame.ts';

/** Names in lower case; several values of a name are one text, joined by NUL. */
export type Headers = Readonly<Record<string, string>>;

const HEADERS_MAX = 256;
/** A small block can inflate to a thousand times its size. */
const PLAIN_BYTES_MAX = 256 * 1024;
/** The longest stored block of deflate (RFC 1951, section 3.2.4). */
const STORED_BYTES_MAX = 0xffff;
const ZLIB_METHOD = 0x78;
/** An empty stored block: what is before it is whole. Go's inflater hands nothing out until it sees one (zlib's Z_SYNC_FLUSH). */
const FLUSH = Buffer.from('000000ffff', 'hex');

/**
 * Writes header blocks of one direction of a connection. They are stored, not squeezed: a stream has three short headers,
 * and stored blocks are a pure function of them, without a compressor to keep and to close.
 */
export class HeaderEncoder {
  #isFirst = true;

  encode(headers: Headers): Buffer {
    const plain = encodePlain(headers);
    const parts: Buffer[] = this.#isFirst ? [zlibHead()] : [];
    this.#isFirst = false;
    for (let at = 0; at < plain.length; at += STORED_BYTES_MAX) {
      const piece = plain.subarray(at, at + STORED_BYTES_MAX);
      const head = Buffer.alloc(5); // Not the last block: the stream of all headers never ends.
      head.writeUInt16LE(piece.length, 1);
      head.writeUInt16LE(~piece.length & 0xffff, 3);
      parts.push(head, piece);
    }
    return Buffer.concat([...parts, FLUSH]);
  }
}

/** The two bytes of zlib's head with the flag of a preset dictionary, and which one it is (RFC 1950, section 2.2). */
function zlibHead(): Buffer {
  const head = Buffer.alloc(6);
  const flags = 0x20;
  const check = 31 - (((ZLIB_METHOD << 8) | flags) % 31);
  head.writeUInt8(ZLIB_METHOD, 0);
  head.writeUInt8(flags | check, 1);
  head.writeUInt32BE(adler32(dictionary), 2);
  return head;
}

function adler32(bytes: Buffer): number {
  let [a, b] = [1, 0];
  for (const byte of bytes) {
    a = (a + byte) % 65_521;
    b = (b + a) % 65_521;
  }
  return b * 65_536 + a;
}

function encodePlain(headers: Headers): Buffer {
  const texts = Object.entries(headers).flatMap(([name, value]) => [name.toLowerCase(), value]);
  return Buffer.concat([
    length32(texts.length / 2),
    ...texts.flatMap((text) => [length32(Buffer.byteLength(text)), Buffer.from(text)]),
  ]);
}

function length32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** Reads header blocks of one direction of a connection, in the order in which they were sent. */
export class HeaderDecoder {
  readonly #inflate: Inflate = createInflate({ dictionary, flush: constants.Z_SYNC_FLUSH });
  #plain: Buffer[] = [];
  #bytes = 0;
  #failure: Error | undefined;

  constructor() {
    this.#inflate.on('data', (chunk: Buffer) => {
      this.#bytes += chunk.length;
      if (this.#bytes <= PLAIN_BYTES_MAX) this.#plain.push(chunk);
      else this.#inflate.destroy(new SpdyError(`headers of more than ${PLAIN_BYTES_MAX} bytes`));
    });
    this.#inflate.on('error', (error) => {
      this.#failure =
        error instanceof SpdyError
          ? error
          : new SpdyError(`headers that cannot be inflated: ${error.message}`, { cause: error });
    });
  }

  /** One call at a time. Throws SpdyError; the decoder is of no use afterwards. */
  async decode(block: Buffer): Promise<Headers> {
    [this.#plain, this.#bytes] = [[], 0];
    // `close` comes instead of the write's own call when the inflater ends on an error.
    await new Promise<void>((resolve) => {
      this.#inflate.once('close', resolve);
      this.#inflate.write(block, () => {
        this.#inflate.off('close', resolve);
        resolve();
      });
    });
    if (this.#failure) throw this.#failure;
    return decodePlain(Buffer.concat(this.#plain));
  }

  close(): void {
    this.#inflate.destroy();
  }
}

function decodePlain(bytes: Buffer): Headers {
  let at = 0;
  const word = (): number => {
    if (at + 4 > bytes.length) throw new SpdyError('headers that end too early');
    at += 4;
    return bytes.readUInt32BE(at - 4);
  };
  const text = (): string => {
    const length = word();
    if (at + length > bytes.length) throw new SpdyError('headers that end too early');
    at += length;
    return bytes.toString('utf8', at - length, at);
  };
  const count = word();
  if (count > HEADERS_MAX) throw new SpdyError(`${count} headers: at most ${HEADERS_MAX} are taken`);
  const headers = new Map<string, string>();
  for (let i = 0; i < count; i++) {
    const name = text().toLowerCase();
    if (name === '') throw new SpdyError('a header without a name');
    if (headers.has(name)) throw new SpdyError(`header ${JSON.stringify(name)} twice`);
    headers.set(name, text());
  }
  return Object.fromEntries(headers);
}
