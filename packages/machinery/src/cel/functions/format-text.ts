import type { CelType } from '../types.ts';
import {
  CelError,
  Duration,
  entriesOf,
  formatSeconds,
  formatTimestamp,
  inside,
  isMap,
  Timestamp,
  TypeName,
  typeOf,
  Uint,
} from '../values.ts';
import { formatDouble, QUOTED_ESCAPES } from '../../go-values.ts';

const PRECISION = 6;

/** `"%s has %d".format(["a", 2])` (cel-go, extension of strings). */
export function formatText(form: string, args: readonly unknown[]): string {
  let next = 0;
  let out = '';
  for (const part of partsOf(form, () => checkIndex(next, args.length))) {
    out += typeof part === 'string' ? part : formatted(part, inside(args, args[next++]));
  }
  return out;
}

function checkIndex(next: number, count: number): void {
  if (next >= count) throw new CelError(`index ${next} out of range`);
}

/** Texts and what stands for an argument. Throws CelError. */
function* partsOf(form: string, beforeClause: () => void): Generator<string | Clause> {
  for (let at = 0; at < form.length;) {
    const [text = ''] = /^[^%]*/.exec(form.slice(at)) ?? [];
    if (text !== '') yield text;
    at += text.length;
    if (at >= form.length) return;
    if (form[at + 1] === '%') {
      yield '%';
      at += 2;
      continue;
    }
    beforeClause();
    if (at + 1 >= form.length) throw new CelError('unexpected end of string');
    const [length, clause] = clauseAt(form.slice(at + 1));
    yield clause;
    at += 1 + length;
  }
}

/** What is wrong with a form for arguments of these types; `arg`: with which of them. Undefined: nothing. */
export function formatComplaint(
  form: string,
  types: readonly CelType[],
): { readonly arg?: number; readonly message: string } | undefined {
  let next = 0;
  try {
    for (const part of partsOf(form, () => undefined)) {
      if (typeof part === 'string') continue;
      checkIndex(next, types.length);
      const type = types[next++] as CelType;
      const words = WORDS[part.verb.toLowerCase()];
      const isFitting = type.kind === 'dyn' || type.kind === 'param' || words?.types.includes(type.name);
      if (words && !isFitting)
        return { arg: next - 1, message: wrong(`${words.told}, was given ${type.name}`).message };
    }
  } catch (error) {
    if (error instanceof CelError) return { message: error.message };
    throw error;
  }
  return next < types.length
    ? { message: `too many arguments supplied to string.format (expected ${next}, got ${types.length})` }
    : undefined;
}

const WHOLE = ['int', 'uint'];
const TIMES = ['google.protobuf.Duration', 'google.protobuf.Timestamp'];
/** What each verb takes. */
const WORDS: Readonly<Record<string, { readonly types: readonly string[]; readonly told: string }>> = {
  s: {
    types: [...WHOLE, ...TIMES, 'string', 'bool', 'bytes', 'double', 'map', 'list', 'type', 'null_type'],
    told: 'string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, durations, and timestamps',
  },
  d: { types: WHOLE, told: 'decimal clause can only be used on integers' },
  f: { types: ['double', 'string'], told: 'fixed-point clause can only be used on doubles' },
  e: { types: ['double', 'string'], told: 'scientific clause can only be used on doubles' },
  b: { types: [...WHOLE, 'bool'], told: 'only integers and bools can be formatted as binary' },
  o: { types: WHOLE, told: 'octal clause can only be used on integers' },
  x: { types: [...WHOLE, 'string', 'bytes'], told: 'only integers, byte buffers, and strings can be formatted as hex' },
};

const given = (verb: string, value: unknown): CelError => wrong(`${WORDS[verb]?.told}, was given ${typeOf(value)}`);

interface Clause {
  readonly verb: string;
  readonly precision: number;
}

function clauseAt(text: string): readonly [length: number, clause: Clause] {
  const [whole = '', digits] = /^(?:\.(\d*))?/.exec(text) ?? [];
  const verb = text[whole.length];
  if (verb === undefined) throw unread('error while parsing precision: could not find end of precision specifier');
  if (whole !== '' && digits === '')
    throw unread(
      'error while parsing precision: error while converting precision to integer: strconv.Atoi: parsing "": invalid syntax',
    );
  if (!'sdfebxXo'.includes(verb)) throw unread(`unrecognized formatting clause "${verb}"`);
  return [whole.length + 1, { verb, precision: digits ? Number(digits) : PRECISION }];
}

const unread = (why: string): CelError => new CelError(`could not parse formatting clause: ${why}`);
const wrong = (why: string): CelError => new CelError(`error during formatting: ${why}`);

function formatted({ verb, precision }: Clause, value: unknown): string {
  switch (verb) {
    case 's':
      return shown(value);
    case 'd':
      return decimal(value);
    case 'f':
      return real('f', value, (number) => fixed(number, precision));
    case 'e':
      return real('e', value, scientific);
    case 'b':
      return binary(value);
    case 'o':
      return octal(value);
    default:
      return hexadecimal(value, verb === 'X');
  }
}

const wholeOf = (value: unknown): bigint | undefined =>
  value instanceof Uint ? value.value : typeof value === 'bigint' ? value : undefined;

function decimal(value: unknown): string {
  const number = wholeOf(value);
  if (number === undefined) throw given('d', value);
  return String(number);
}

function real(verb: 'f' | 'e', value: unknown, format: (number: number) => string): string {
  const special = value === 'NaN' || value === 'Infinity' || value === '-Infinity' ? Number(value) : value;
  if (typeof special !== 'number') throw given(verb, value);
  if (Number.isFinite(special)) return format(special);
  return Number.isNaN(special) ? 'NaN' : special > 0 ? '∞' : '-∞';
}

/** What is just between two is rounded to the even one. */
function fixed(number: number, precision: number): string {
  const [, isTie] = /(?:[02468]\.?)(50{19})$/.exec(number.toFixed(Math.min(100, precision + 20))) ?? [];
  const text = number.toFixed(precision);
  if (isTie === undefined || precision > 80) return text;
  return number.toFixed(precision + 20).slice(0, precision === 0 ? -21 : -20);
}

/** Upstream heeds no precision here. */
const scientific = (number: number): string =>
  number
    .toExponential(PRECISION)
    .replace(
      /e([+-])(\d+)$/,
      (_, sign: string, digits: string) => `×10${exponent(sign === '-', digits.padStart(2, '0'))}`,
    );

const RAISED = '⁰¹²³⁴⁵⁶⁷⁸⁹';
const exponent = (isNegative: boolean, digits: string): string =>
  (isNegative ? '⁻' : '') + Array.from(digits, (digit) => RAISED[Number(digit)]).join('');

function binary(value: unknown): string {
  if (typeof value === 'boolean') return value ? '1' : '0';
  const number = wholeOf(value);
  if (number === undefined) throw given('b', value);
  return number.toString(2);
}

function octal(value: unknown): string {
  const number = wholeOf(value);
  if (number === undefined) throw given('o', value);
  return number.toString(8);
}

function hexadecimal(value: unknown, isUpper: boolean): string {
  const bytes =
    typeof value === 'string' ? new TextEncoder().encode(value) : value instanceof Uint8Array ? value : undefined;
  const text = bytes
    ? Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
    : wholeOf(value)?.toString(16);
  if (text === undefined) throw given('x', value);
  return isUpper ? text.toUpperCase() : text;
}

/** A value as `%s` shows it. */
function shown(value: unknown): string {
  if (typeof value === 'string') return value;
  if (value === null) return 'null';
  if (typeof value === 'number') return formatDouble(value);
  if (typeof value === 'boolean' || wholeOf(value) !== undefined) return String(wholeOf(value) ?? value);
  if (value instanceof Uint8Array) return new TextDecoder().decode(value);
  if (value instanceof Timestamp) return formatTimestamp(value);
  if (value instanceof Duration) return formatSeconds(value);
  if (value instanceof TypeName) return value.name;
  if (Array.isArray(value)) return `[${value.map((item) => literal(inside(value, item))).join(', ')}]`;
  if (isMap(value)) return shownMap(value);
  throw wrong(
    `string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, durations, and timestamps, was given ${typeOf(value)}`,
  );
}

function shownMap(value: Parameters<typeof entriesOf>[0]): string {
  const entries = entriesOf(value).map(([key, inner]) => [literal(key), literal(inner)] as const);
  return `{${entries
    .toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([key, inner]) => `${key}:${inner}`)
    .join(', ')}}`;
}

/** A value within another, as it would be written. */
function literal(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (value instanceof Uint8Array) return `b${JSON.stringify(shown(value))}`;
  if (typeof value === 'number')
    return Number.isFinite(value) ? value.toFixed(PRECISION) : JSON.stringify(formatDouble(value));
  if (value instanceof Timestamp) return `timestamp(${JSON.stringify(formatTimestamp(value))})`;
  if (value instanceof Duration) return `duration(${JSON.stringify(formatSeconds(value))})`;
  return shown(value);
}

/** In double quotes, with the escapes of the language. */
export const quoted = (text: string): string =>
  `"${Array.from(text.toWellFormed(), (character) => QUOTED_ESCAPES[character] ?? character).join('')}"`;
