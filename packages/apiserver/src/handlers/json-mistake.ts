/** Lists and objects within one another that upstream reads. */
const DEPTH_MAX = 10_000;
const SPACES: ReadonlySet<number> = new Set([0x20, 0x09, 0x0a, 0x0d]);
const [
  QUOTE,
  COMMA,
  COLON,
  BACKSLASH,
  OPEN_LIST,
  CLOSE_LIST,
  OPEN_OBJECT,
  CLOSE_OBJECT,
  MINUS,
  ZERO,
  NINE,
  POINT,
  PLUS,
] = Array.from('",:\\[]{}-09.+', (char) => char.charCodeAt(0)) as [
  number,
  number,
  number,
  number,
  number,
  number,
  number,
  number,
  number,
  number,
  number,
  number,
  number,
];

/** What Go's reader says of bytes that are no JSON; undefined: they are. */
export function jsonMistake(bytes: Uint8Array): string | undefined {
  try {
    new Reader(bytes).document();
    return undefined;
  } catch (error) {
    if (error instanceof Mistake) return error.message;
    throw error;
  }
}

class Mistake extends Error {}

class Reader {
  readonly #bytes: Uint8Array;
  #at = 0;
  /** Lists and objects that are open, as the byte each will end with. */
  readonly #open: number[] = [];

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  document(): void {
    this.#beginning('looking for beginning of value');
    while (this.#open.length > 0) this.#next();
    this.#spaces();
    if (this.#at < this.#bytes.length) this.#refuse('after top-level value');
  }

  /** What follows a value within a list or an object. */
  #next(): void {
    const end = this.#open.at(-1) as number;
    const byte = this.#peek();
    if (byte === end) this.#close();
    else if (byte !== COMMA) this.#refuse(end === CLOSE_LIST ? 'after array element' : 'after object key:value pair');
    else {
      this.#at += 1;
      if (end === CLOSE_OBJECT) this.#key();
      this.#beginning('looking for beginning of value');
    }
  }

  #close(): void {
    this.#open.pop();
    this.#at += 1;
  }

  #key(): void {
    if (this.#peek() !== QUOTE) this.#refuse('looking for beginning of object key string');
    this.#string();
    if (this.#peek() !== COLON) this.#refuse('after object key');
    this.#at += 1;
  }

  /** A whole value, or the beginning of a list or an object and of what is first in it. */
  #beginning(where: string): void {
    for (;;) {
      const byte = this.#peek();
      if (byte === OPEN_LIST || byte === OPEN_OBJECT) {
        if (this.#open.length >= DEPTH_MAX) this.#refuse('exceeded max depth');
        this.#open.push(byte + 2);
        this.#at += 1;
        if (this.#peek() === byte + 2) return this.#close();
        if (byte === OPEN_OBJECT) this.#key();
        continue;
      }
      if (byte === QUOTE) return this.#string();
      if (byte === MINUS || (byte >= ZERO && byte <= NINE)) return this.#number();
      for (const word of ['true', 'false', 'null']) if (byte === word.charCodeAt(0)) return this.#word(word);
      this.#refuse(where);
    }
  }

  #word(word: string): void {
    for (const [i, char] of Array.from(word).entries()) {
      if (this.#byte() !== char.charCodeAt(0)) this.#refuse(`in literal ${word} (expecting '${char}')`);
      this.#at += i < word.length ? 1 : 0;
    }
  }

  #string(): void {
    this.#at += 1;
    for (;;) {
      const byte = this.#byte();
      if (byte < 0x20) this.#refuse('in string literal');
      this.#at += 1;
      if (byte === QUOTE) return;
      if (byte === BACKSLASH) this.#escape();
    }
  }

  #escape(): void {
    const char = String.fromCharCode(this.#byte());
    if (!'"\\/bfnrtu'.includes(char)) this.#refuse('in string escape code');
    this.#at += 1;
    for (let i = 0; char === 'u' && i < 4; i += 1) {
      if (!/[0-9a-fA-F]/.test(String.fromCharCode(this.#byte()))) this.#refuse('in \\u hexadecimal character escape');
      this.#at += 1;
    }
  }

  #number(): void {
    if (this.#bytes[this.#at] === MINUS) this.#at += 1;
    if (this.#byte() === ZERO) this.#at += 1;
    else this.#digits('in numeric literal');
    if (this.#bytes[this.#at] === POINT) {
      this.#at += 1;
      this.#digits('after decimal point in numeric literal');
    }
    if ((this.#bytes[this.#at] ?? 0) === 0x65 || this.#bytes[this.#at] === 0x45) {
      this.#at += 1;
      if (this.#byte() === PLUS || this.#byte() === MINUS) this.#at += 1;
      this.#digits('in exponent of numeric literal');
    }
  }

  #digits(where: string): void {
    if (!isDigit(this.#byte())) this.#refuse(where);
    while (isDigit(this.#bytes[this.#at])) this.#at += 1;
  }

  #spaces(): void {
    while (SPACES.has(this.#bytes[this.#at] ?? 0)) this.#at += 1;
  }

  #peek(): number {
    this.#spaces();
    return this.#byte();
  }

  #byte(): number {
    const byte = this.#bytes[this.#at];
    if (byte === undefined) throw new Mistake('unexpected end of JSON input');
    return byte;
  }

  #refuse(where: string): never {
    throw new Mistake(`invalid character ${quoted(this.#bytes[this.#at] as number)} ${where}`);
  }
}

const isDigit = (byte: number | undefined): boolean => byte !== undefined && byte >= ZERO && byte <= NINE;

const SHORT: Readonly<Record<number, string>> = {
  0x07: '\\a',
  0x08: '\\b',
  0x09: '\\t',
  0x0a: '\\n',
  0x0b: '\\v',
  0x0c: '\\f',
  0x0d: '\\r',
  0x27: "\\'",
  0x5c: '\\\\',
};

/** A byte as Go quotes the character of that number. */
function quoted(byte: number): string {
  const isShown = (byte >= 0x20 && byte < 0x7f) || (byte > 0xa0 && byte !== 0xad);
  const text =
    SHORT[byte] ??
    (isShown
      ? String.fromCharCode(byte)
      : byte < 0x80
        ? `\\x${byte.toString(16).padStart(2, '0')}`
        : `\\u00${byte.toString(16)}`);
  return `'${text}'`;
}
