import { Uint } from './values.ts';
import { CelSyntaxError } from './syntax.ts';

export interface Token {
  readonly is: 'name' | 'literal' | 'operator' | 'end';
  readonly text: string;
  readonly value?: unknown;
  readonly at: number;
}

const SPACE = /(?:\s|\/\/[^\n]*)+/y;
const NAME = /[A-Za-z_][A-Za-z0-9_]*|`[A-Za-z0-9_.\-/ ]+`/y;
const NUMBER = /0[xX][0-9a-fA-F]+[uU]?|(?:\d+\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+|\.\d+(?:[eE][+-]?\d+)?)|\d+[uU]?/y;
const STRING =
  /([rRbB]{0,2})("""[\s\S]*?(?<!(?<!\\)(?:\\\\)*\\)"""|'''[\s\S]*?(?<!(?<!\\)(?:\\\\)*\\)'''|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')/y;
const RAW = /([rR][bB]?|[bB][rR])("""[\s\S]*?"""|'''[\s\S]*?'''|"[^"\n]*"|'[^'\n]*')/y;
const OPERATOR = /&&|\|\||==|!=|<=|>=|[-+*/%<>!?:.,()[\]{}=]/y;
const WORDS: Readonly<Record<string, unknown>> = { true: true, false: false, null: null };

/** The tokens of an expression, `end` last. Throws CelSyntaxError. */
export function tokensOf(text: string): readonly Token[] {
  const tokens: Token[] = [];
  let at = 0;
  const match = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    return pattern.exec(text);
  };
  while (at < text.length) {
    const space = match(SPACE);
    if (space) {
      at += space[0].length;
      continue;
    }
    const token =
      stringToken(match(RAW), at, true) ??
      stringToken(match(STRING), at, false) ??
      numberToken(match(NUMBER), at) ??
      nameToken(match(NAME), at) ??
      operatorToken(match(OPERATOR), at);
    if (!token) throw new CelSyntaxError(`Syntax error: token recognition error at: '${text[at] ?? ''}'`);
    tokens.push(token);
    at += token.text.length;
  }
  return [...tokens, { is: 'end', text: '<EOF>', at }];
}

function nameToken(found: RegExpExecArray | null, at: number): Token | undefined {
  if (!found) return undefined;
  const [text] = found;
  return Object.hasOwn(WORDS, text) ? { is: 'literal', text, value: WORDS[text], at } : { is: 'name', text, at };
}

const operatorToken = (found: RegExpExecArray | null, at: number): Token | undefined =>
  found ? { is: 'operator', text: found[0], at } : undefined;

function numberToken(found: RegExpExecArray | null, at: number): Token | undefined {
  if (!found) return undefined;
  const [text] = found;
  const isUint = /[uU]$/.test(text);
  const digits = isUint ? text.slice(0, -1) : text;
  if (!/^0[xX]/.test(text) && /[.eE]/.test(text)) return { is: 'literal', text, value: Number(text), at };
  const value = BigInt(digits);
  // One more than fits: it may follow a minus sign.
  if (value > 2n ** (isUint ? 64n : 63n)) throw new CelSyntaxError(`Syntax error: invalid int literal: ${text}`);
  return { is: 'literal', text, value: isUint ? new Uint(value) : value, at };
}

function stringToken(found: RegExpExecArray | null, at: number, isRaw: boolean): Token | undefined {
  if (!found) return undefined;
  const [text, prefix = '', quotes = ''] = found;
  const isBytes = /b/i.test(prefix);
  const length = quotes.startsWith('"""') || quotes.startsWith("'''") ? 3 : 1;
  const inner = quotes.slice(length, -length);
  const value = isRaw ? inner : unescaped(inner, isBytes);
  return { is: 'literal', text, value: isBytes ? bytesOf(value, isRaw) : value, at };
}

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

function unescaped(text: string, isBytes: boolean): string {
  return text.replace(
    /\\(u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[xX][0-9a-fA-F]{2}|[0-3][0-7]{2}|[\s\S])/g,
    (whole, code: string) => {
      const simple = ESCAPES[code];
      if (simple !== undefined) return simple;
      const number = /^[0-3]/.test(code) ? Number.parseInt(code, 8) : Number.parseInt(code.slice(1), 16);
      if (Number.isNaN(number) || number > 0x10ffff || (isBytes && /^u/i.test(code)))
        throw new CelSyntaxError(`Syntax error: invalid escape ${whole}`);
      return String.fromCodePoint(number);
    },
  );
}

/** Escapes in bytes stand for bytes, all other characters for their UTF-8. */
const bytesOf = (text: string, isRaw: boolean): Uint8Array =>
  !isRaw && Array.from(text).every((c) => c <= '\u00ff') && Array.from(text).some((c) => c >= '\u0080')
    ? Uint8Array.from(text, (c) => c.charCodeAt(0))
    : new TextEncoder().encode(text);
