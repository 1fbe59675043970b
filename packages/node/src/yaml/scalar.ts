import { type Integer, integerOf, readJson } from '@navarch/machinery';

/** What a scalar stands for. Integers beyond 53 bits are BigInts until they are shown as JSON. */
export type Scalar = string | number | bigint | boolean | null;

/** A floating-point number: as a key it is shown in another way than an integer of the same value. */
export class Float {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }
}

export const TAG = 'tag:yaml.org,2002:';
const RESOLVED_TAGS: ReadonlySet<string> = new Set(
  ['', 'str', 'bool', 'int', 'float', 'null', 'timestamp'].map((name) => (name === '' ? '' : TAG + name)),
);

const WORDS = new Map<string, boolean | null | Float>([
  ...words(true, 'y Y yes Yes YES true True TRUE on On ON'),
  ...words(false, 'n N no No NO false False FALSE off Off OFF'),
  ...words(null, '~ null Null NULL'),
  ['', null],
  ...words(new Float(Number.NaN), '.nan .NaN .NAN'),
  ...words(new Float(Number.POSITIVE_INFINITY), '.inf .Inf .INF +.inf +.Inf +.INF'),
  ...words(new Float(Number.NEGATIVE_INFINITY), '-.inf -.Inf -.INF'),
]);

function words<V>(value: V, texts: string): readonly (readonly [string, V])[] {
  return texts.split(' ').map((text) => [text, value] as const);
}

/**
 * What the text of a scalar stands for to upstream's reader (YAML 1.1 as Go's yaml.v2 has it): `yes` is true, `010` is
 * eight, and a time is text. `tag`: what the document says it is; '' where it says nothing. Throws where they differ.
 */
export function resolved(tag: string, text: string): Scalar | Float {
  if (tag === `${TAG}binary`) return decodedBinary(text);
  if (!RESOLVED_TAGS.has(tag) || tag === `${TAG}str`) return text;
  const value = implicit(text);
  const found = tagOf(value, text);
  if (tag === '' || tag === found) return value;
  if (tag === `${TAG}float` && found === `${TAG}int` && BigInt(value as number) <= INT64_MAX)
    return new Float(Number(value));
  throw new Error(`cannot decode !!${found.slice(TAG.length)} \`${text}\` as a !!${tag.slice(TAG.length)}`);
}

function implicit(text: string): Scalar | Float {
  const word = WORDS.get(text);
  if (word !== undefined) return word;
  const first = text.charCodeAt(0);
  if (first === DOT) return DOTTED.test(text) ? (finite(text) ?? text) : text;
  const isNumeric = (first >= ZERO && first <= NINE) || first === PLUS || first === MINUS;
  return isNumeric && !isTime(text) ? (number(text.replaceAll('_', '')) ?? text) : text;
}

const [DOT, ZERO, NINE, PLUS, MINUS] = Array.from('.09+-', (char) => char.charCodeAt(0)) as [
  number,
  number,
  number,
  number,
  number,
];
const DOTTED = /^\.[0-9]+(?:[eE][-+]?[0-9]+)?$/;
const FLOAT = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/;
/** As Go writes integers: with a base before them, a leading zero being one. */
const INTEGER =
  /^(?<sign>[-+]?)(?:0[xX](?<hex>[0-9a-fA-F]+)|0[bB](?<binary>[01]+)|0[oO]?(?<octal>[0-7]+)|(?<decimal>0|[1-9][0-9]*))$/;
const INT64_MAX = 2n ** 63n - 1n;
const UINT64_MAX = 2n ** 64n - 1n;

function number(plain: string): Scalar | Float | undefined {
  const integer = digitsOf(plain);
  if (integer !== undefined) return integer;
  if (FLOAT.test(plain)) return finite(plain);
  // A sign behind the base is an accident of upstream's reader.
  return /^0b[-+][01]{1,63}$/.test(plain)
    ? shortened(BigInt(`0b${plain.slice(3)}`) * (plain[2] === '-' ? -1n : 1n))
    : undefined;
}

/** Undefined for what has more than 64 bits. */
function digitsOf(plain: string): number | bigint | undefined {
  const { sign = '', hex, binary, octal, decimal } = INTEGER.exec(plain)?.groups ?? {};
  const digits =
    hex !== undefined
      ? `0x${hex}`
      : binary !== undefined
        ? `0b${binary}`
        : octal !== undefined
          ? `0o${octal}`
          : decimal;
  if (digits === undefined) return undefined;
  const size = BigInt(digits);
  const max = sign === '-' ? INT64_MAX + 1n : sign === '+' ? INT64_MAX : UINT64_MAX;
  return size > max ? undefined : shortened(sign === '-' ? -size : size);
}

const shortened = (value: bigint): number | bigint => (BigInt.asIntN(54, value) === value ? Number(value) + 0 : value);

function finite(text: string): Float | undefined {
  const value = Number(text);
  return Number.isFinite(value) ? new Float(value) : undefined;
}

const DATE =
  /^(?<year>\d{4})-(?<month>\d{1,2})-(?<day>\d{1,2})(?:[Tt](?<time>.*?)(?<zone>Z|[-+]\d\d:\d\d)| (?<spaced>.*))?$/;
const TIME = /^(\d{1,2}):(\d{1,2}):(\d{1,2})(?:[.,]\d+)?$/;

/** Only what could be mistaken for a number otherwise: nothing that begins like a date can. */
const isTime = (text: string): boolean => {
  const date = DATE.exec(text)?.groups;
  if (!date) return false;
  const rest = date['time'] ?? date['spaced'];
  const [, hour = '0', minute = '0', second = '0'] =
    rest === undefined ? ['', '0', '0', '0'] : (TIME.exec(rest) ?? ['', '24']);
  const [year, month, day] = [Number(date['year']), Number(date['month']), Number(date['day'])];
  return (
    month >= 1 &&
    month <= 12 &&
    day >= 1 &&
    day <= new Date(Date.UTC(2000 + (year % 400), month, 0)).getUTCDate() &&
    Number(hour) < 24 &&
    Number(minute) < 60 &&
    Number(second) < 60
  );
};

function tagOf(value: Scalar | Float, text: string): string {
  const name =
    value === null
      ? 'null'
      : value instanceof Float
        ? 'float'
        : typeof value === 'boolean'
          ? 'bool'
          : typeof value === 'string'
            ? isTime(text)
              ? 'timestamp'
              : 'str'
            : 'int';
  return TAG + name;
}

const decoder = new TextDecoder();

function decodedBinary(text: string): string {
  const plain = text.replaceAll(/[\r\n]/g, '');
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(plain))
    throw new Error('!!binary value contains invalid base64 data');
  return decoder.decode(Buffer.from(plain, 'base64'));
}

/** A key as JSON has it. Throws for those that JSON cannot have. */
export function keyText(key: Scalar | Float): string {
  if (key instanceof Float) return floatKey(key.value);
  if (key === null || (typeof key === 'bigint' && key > INT64_MAX))
    throw new Error(`unsupported map key of type: ${key === null ? '%!s(<nil>)' : 'uint64'}`);
  return String(key);
}

/** In Go's shortest form of 32 bits (strconv, 'g'). */
function floatKey(value: number): string {
  if (Number.isNaN(value)) return '.nan';
  const short = Math.fround(value);
  if (!Number.isFinite(short)) return short > 0 ? '.inf' : '-.inf';
  if (short === 0) return Object.is(short, -0) ? '-0' : '0';
  let digits = 1;
  while (digits < 9 && Math.fround(Number(short.toExponential(digits - 1))) !== short) digits += 1;
  const text = short.toExponential(digits - 1);
  const exponent = Number(text.slice(text.indexOf('e') + 1));
  if (exponent < -4 || exponent >= 6) return text.replace(/e([-+])(\d)$/, 'e$10$2');
  return String(Number(text));
}

/** The value as JSON has it. Throws for numbers that JSON has not. */
export function jsonOf(value: Scalar | Float): string | Integer | boolean | null {
  if (typeof value === 'bigint') return integerOf(value) ?? Number(value);
  if (!(value instanceof Float)) return value;
  // Written as JSON a float may look like an integer, and is read as one.
  if (Number.isFinite(value.value)) return readJson(String(value.value)) as Integer;
  throw new Error(`json: unsupported value: ${Number.isNaN(value.value) ? 'NaN' : value.value > 0 ? '+Inf' : '-Inf'}`);
}

/** A key in the words of a strict reader (Go's %#v). */
export const shownKey = (key: Scalar | Float): string => (typeof key === 'string' ? JSON.stringify(key) : keyText(key));
