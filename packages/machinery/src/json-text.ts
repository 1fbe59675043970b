import { maybeMistaken, parseWithKeys } from './escaped-keys.ts';

/**
 * JSON as the API reads and writes it. Numbers are what upstream's decoder makes of them (sigs.k8s.io/json): digits that fit
 * 64 bits are an integer, all others a float. Here a number is a `number`, but for integers that it cannot hold (beyond
 * 2^53 - 1): those are a `bigint`, and only those. So equal integers are the same value, and whoever never meets a large
 * one pays nothing.
 */
export type Integer = number | bigint;

/** The JSON value of a text. Throws SyntaxError, and RangeError for a number that is too large even for a float. */
export function readJson(text: string): unknown {
  const value = parse(text);
  return maybeMistaken(text, value) ? parseWithKeys(text, parse) : value;
}

const parse = (text: string): unknown =>
  mayHaveLargeNumbers(text) || HUGE.test(text) ? JSON.parse(text, exact) : JSON.parse(text);

/** JSON as programs write it. `space`: columns that each level is indented by; absent: all on one line. */
export function writeJson(value: unknown, space?: number): string {
  try {
    return JSON.stringify(value, undefined, space);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    // What JSON.stringify() does not know is told by throwing: looking first would cost everybody.
    return JSON.stringify(value, digitForDigit, space);
  }
}

/**
 * JSON as upstream's servers write it: what means something in HTML, and the separators of lines and paragraphs, are
 * escaped within texts. `space`: columns that each level is indented by; absent: all on one line.
 */
export function jsonText(value: unknown, space?: number): string {
  const text = writeJson(value, space);
  // Nearly no text has any of them: looking for each is cheaper than for all at once.
  return text.includes('<') ||
    text.includes('>') ||
    text.includes('&') ||
    text.includes('\u2028') ||
    text.includes('\u2029')
    ? text.replace(SPECIAL, escaped)
    : text;
}

/** An integer of 64 bits as it is held. Undefined for what has more bits. */
export function integerOf(value: bigint): Integer | undefined {
  if (BigInt.asIntN(64, value) !== value) return undefined;
  const short = Number(value);
  return Number.isSafeInteger(short) ? short : value;
}

/** Whether a value is an integer, or a float without a fraction that an integer of 64 bits could be. */
export const isInteger = (value: unknown): value is Integer => typeof value === 'bigint' || Number.isInteger(value);

/** Numbers that no double holds end so; texts may as well. */
const HUGE = /\d[eE]\+?\d{3}/;
/** The integers that a double cannot tell from their neighbours have this many digits at least. */
const DIGITS_MIN = 16;
const [ZERO, NINE] = [0x30, 0x39];

/** Whether somewhere so many digits follow each other. One of so many chars is looked at: such a run cannot be missed. */
function mayHaveLargeNumbers(text: string): boolean {
  for (let at = DIGITS_MIN - 1; at < text.length; at += DIGITS_MIN) {
    if (!isDigit(text, at)) continue;
    let [start, end] = [at, at];
    while (start > 0 && isDigit(text, start - 1)) start -= 1;
    while (end + 1 < text.length && isDigit(text, end + 1)) end += 1;
    if (end - start + 1 >= DIGITS_MIN) return true;
    at = end;
  }
  return false;
}

function isDigit(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code >= ZERO && code <= NINE;
}

/** What tells a reviver more than the value does (ECMAScript, JSON.parse source text access). */
interface Literal {
  readonly source?: string;
}

const exact = ((_name: string, value: unknown, { source = '' }: Literal) => {
  if (typeof value !== 'number' || Number.isSafeInteger(value)) return value;
  if (!Number.isFinite(value)) throw new RangeError(source);
  return WHOLE.test(source) ? (integerOf(BigInt(source)) ?? value) : value;
}) as (name: string, value: unknown) => unknown;

const WHOLE = /^-?\d+$/;

/** As ECMAScript has it, and TypeScript not yet. */
const { rawJSON } = JSON as unknown as { rawJSON(text: string): unknown };

const digitForDigit = (_name: string, value: unknown): unknown =>
  typeof value === 'bigint' ? rawJSON(String(value)) : value;

const SPECIAL = /[<>&\u2028\u2029]/g;

const escaped = (char: string): string => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
