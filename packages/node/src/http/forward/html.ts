import { Transform, type TransformCallback } from 'node:stream';

/** Attributes that hold addresses, by element (HTML, section "Attributes"). */
const addresses: Readonly<Record<string, readonly string[]>> = {
  a: ['href'],
  applet: ['codebase'],
  area: ['href'],
  audio: ['src'],
  base: ['href'],
  blockquote: ['cite'],
  body: ['background'],
  button: ['formaction'],
  command: ['icon'],
  del: ['cite'],
  embed: ['src'],
  form: ['action'],
  frame: ['longdesc', 'src'],
  head: ['profile'],
  html: ['manifest'],
  iframe: ['longdesc', 'src'],
  img: ['longdesc', 'src', 'usemap'],
  input: ['formaction', 'src', 'usemap'],
  ins: ['cite'],
  link: ['href'],
  object: ['classid', 'codebase', 'data', 'usemap'],
  q: ['cite'],
  script: ['src'],
  source: ['src'],
  video: ['poster', 'src'],
};

/** Elements whose content is text, whatever it looks like. */
const RAW = new Set(['script', 'style', 'textarea', 'title', 'xmp', 'iframe', 'noembed', 'noframes', 'plaintext']);
/** A tag or comment that is longer than this is passed on as it is. */
const PIECE_MAX = 64 * 1024;

/** Rewrites the addresses in a page as it streams through; everything else stays as it was, byte for byte. */
export class AddressRewriter extends Transform {
  readonly #rewrite: (address: string) => string;
  /** Latin-1 keeps every byte, and tags are ASCII in every encoding that pages have. */
  #held = '';
  /** What ends the text that we are in: a comment, or an element whose content is text. */
  #until: string | undefined;

  constructor(rewrite: (address: string) => string) {
    super();
    this.#rewrite = rewrite;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, callback: TransformCallback): void {
    this.#held += chunk.toString('latin1');
    let out = '';
    for (let piece = this.#next(); piece !== undefined; piece = this.#next()) out += piece;
    if (this.#held.length > PIECE_MAX) {
      out += this.#held;
      this.#held = '';
    }
    callback(null, Buffer.from(out, 'latin1'));
  }

  override _flush(callback: TransformCallback): void {
    callback(null, Buffer.from(this.#held, 'latin1'));
  }

  /** The next piece that is whole: text up to a tag, or a tag; undefined when more must come first. */
  #next(): string | undefined {
    if (this.#until !== undefined) return this.#skip(this.#until);
    const start = this.#held.indexOf('<');
    if (start !== 0) return this.#held === '' ? undefined : this.#cut(start < 0 ? this.#held.length : start);
    if (this.#held.startsWith('<!--')) {
      this.#until = '-->';
      return this.#cut(4);
    }
    if (this.#held.length < 4 && '<!--'.startsWith(this.#held)) return undefined;
    if (!/^<[a-z]/i.test(this.#held)) return this.#cut(1);
    const tag = /^<[a-z](?:[^"'>]|"[^"]*"|'[^']*')*>/i.exec(this.#held)?.[0];
    if (tag === undefined) return undefined;
    this.#cut(tag.length);
    return this.#tag(tag);
  }

  #tag(tag: string): string {
    const name = /^<([a-z][^\s/>]*)/i.exec(tag)?.[1]?.toLowerCase() ?? '';
    if (RAW.has(name) && !tag.endsWith('/>')) this.#until = `</${name}`;
    const attributes = addresses[name];
    if (!attributes) return tag;
    return tag.replace(
      /(\s)([a-z]+)(\s*=\s*)("[^"]*"|'[^']*'|[^\s"'>]+)/gi,
      (whole, space: string, attribute: string, equals: string, value: string) => {
        if (!attributes.includes(attribute.toLowerCase())) return whole;
        const quote = /^["']/.test(value) ? value.slice(0, 1) : '';
        return `${space}${attribute}${equals}${quote}${this.#rewrite(quote ? value.slice(1, -1) : value)}${quote}`;
      },
    );
  }

  #skip(until: string): string | undefined {
    const end = this.#held.toLowerCase().indexOf(until);
    // The end may be cut in two: its beginning is held back.
    if (end < 0) return this.#held.length < until.length ? undefined : this.#cut(this.#held.length - until.length + 1);
    this.#until = undefined;
    return this.#cut(end + until.length);
  }

  #cut(length: number): string {
    const piece = this.#held.slice(0, length);
    this.#held = this.#held.slice(length);
    return piece;
  }
}
