import { CelSyntaxError } from './issues.ts';
import { Uint } from './values.ts';

export interface Token {
  readonly is: 'name' | 'literal' | 'operator' | 'end';
  readonly text: string;
  readonly value?: unknown;
  readonly at: number;
}

const SPACE = /(?:[\t\n\f\r ]|\/\/[^\n]*)+/y;
const NAME = /[A-Za-z_][A-Za-z0-9_]*|`[A-Za-z0-9_.\-/ ]+`/y;
const NUMBER = /0x[0-9a-fA-F]+[uU]?|(?:\d+\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+|\.\d+(?:[eE][+-]?\d+)?)|\d+[uU]?/y;
const RAW = /([bB]?[rR])("""[\s\S]*?"""|'''[\s\S]*?'''|"[^"\n\r]*"|'[^'\n\r]*')/y;
const STRING =
  /([bB]?)("""(?:[^\\]|\\[\s\S])*?"""|'''(?:[^\\]|\\[\s\S])*?'''|"(?:[^"\\\n\r]|\\.)*"|'(?:[^'\\\n\r]|\\.)*')/y;
const OPERATOR = /&&|\|\||==|!=|<=|>=|[-+*/%<>!?:.,()[\]{}]/y;
const WORDS: Readonly<Record<string, unknown>> = { true: true, false: false, null: null };
/** No value: it is one more than fits, and may follow a minus sign. */
const INT_END = 2n ** 63n;
const UINT_END = 2n ** 64n;

/** The tokens of an expression, `end` last. Throws CelSyntaxError. */
export function tokensOf(source: string): readonly Token[] {
  return [...new Lexer(source).tokens()];
}

class Lexer {
  readonly #source: string;
  #at = 0;

  constructor(source: string) {
    this.#source = source;
  }

  *tokens(): Generator<Token> {
    for (;;) {
      this.#at += this.#match(SPACE)?.[0].length ?? 0;
      if (this.#at >= this.#source.length) break;
      const token =
        this.#string(RAW, true) ?? this.#string(STRING, false) ?? this.#number() ?? this.#name() ?? this.#operator();
      yield token;
      this.#at += token.text.length;
    }
    yield { is: 'end', text: '<EOF>', at: this.#source.length };
  }

  #match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#at;
    return pattern.exec(this.#source);
  }

  #fail(message: string): never {
    throw new CelSyntaxError(this.#source, [{ at: this.#at, message }]);
  }

  #name(): Token | undefined {
    const text = this.#match(NAME)?.[0];
    if (text === undefined) return undefined;
    const at = this.#at;
    return Object.hasOwn(WORDS, text) ? { is: 'literal', text, value: WORDS[text], at } : { is: 'name', text, at };
  }

  #operator(): Token {
    const text = this.#match(OPERATOR)?.[0];
    if (text === undefined) {
      const { '0': rest = '' } = /["'][^\n\r]*|[\s\S]/u.exec(this.#source.slice(this.#at)) ?? [];
      this.#fail(`Syntax error: token recognition error at: '${rest}'`);
    }
    return { is: 'operator', text, at: this.#at };
  }

  #number(): Token | undefined {
    const text = this.#match(NUMBER)?.[0];
    if (text === undefined) return undefined;
    const at = this.#at;
    const isUint = /[uU]$/.test(text);
    if (!text.startsWith('0x') && /[.eE]/.test(text)) {
      const value = Number(text);
      if (!Number.isFinite(value)) this.#fail('invalid double literal');
      return { is: 'literal', text, value, at };
    }
    const value = BigInt(isUint ? text.slice(0, -1) : text);
    if (isUint && value >= UINT_END) this.#fail('invalid uint literal');
    if (!isUint && value > INT_END) this.#fail('invalid int literal');
    return { is: 'literal', text, value: isUint ? new Uint(value) : value, at };
  }

  #string(pattern: RegExp, isRaw: boolean): Token | undefined {
    const found = this.#match(pattern);
    if (!found) return undefined;
    const [text, prefix = '', quoted = ''] = found;
    const length = /^("""|''')/.test(quoted) && quoted.length >= 6 ? 3 : 1;
    const inner = quoted.slice(length, -length).replace(/\r\n?/g, '\n');
    const isBytes = /b/i.test(prefix);
    const value = isBytes ? this.#bytes(inner, isRaw) : isRaw ? inner : this.#unescaped(inner);
    return { is: 'literal', text, value, at: this.#at };
  }

  #unescaped(text: string): string {
    return text.replace(ESCAPE, (whole, code: string) => {
      const simple = ESCAPES[code];
      if (simple !== undefined) return simple;
      const number = codeOf(code);
      if (Number.isNaN(number)) this.#fail(badEscape(whole));
      if (number > 0x10ffff || (number >= 0xd800 && number < 0xe000)) this.#fail('invalid unicode code point');
      return String.fromCodePoint(number);
    });
  }

  /** Escapes in bytes stand for bytes, all other characters for their UTF-8. */
  #bytes(text: string, isRaw: boolean): Uint8Array {
    const encoder = new TextEncoder();
    if (isRaw) return encoder.encode(text);
    const out: number[] = [];
    let end = 0;
    for (const found of text.matchAll(ESCAPE)) {
      const [whole, code = ''] = found;
      out.push(...encoder.encode(text.slice(end, found.index)));
      const simple = ESCAPES[code];
      const number = /^u/i.test(code) ? Number.NaN : (simple?.codePointAt(0) ?? codeOf(code));
      if (Number.isNaN(number) || number > 255) this.#fail(badEscape(whole));
      out.push(number);
      end = found.index + whole.length;
    }
    out.push(...encoder.encode(text.slice(end)));
    return Uint8Array.from(out);
  }
}

const ESCAPE = /\\(u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[xX][0-9a-fA-F]{2}|[0-3][0-7]{2}|[\s\S])/g;
const ESCAPES: Readonly<Record<string, string>> = {
  a: '\u0007',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
  '?': '?',
  '"': '"',
  "'": "'",
  '`': '`',
};

const codeOf = (code: string): number => {
  if (/^[0-3][0-7]{2}$/.test(code)) return Number.parseInt(code, 8);
  return /^[uUxX][0-9a-fA-F]+$/.test(code) ? Number.parseInt(code.slice(1), 16) : Number.NaN;
};

const badEscape = (text: string): string => `unable to unescape string: ${text}`;
