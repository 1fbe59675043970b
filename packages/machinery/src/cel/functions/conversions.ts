import { formatDouble } from '../../go-values.ts';
import { parseNanoseconds } from '../../duration.ts';
import { RFC3339 } from '../../time.ts';
import { type CostOf, scaled, TRAVERSAL } from '../cost.ts';
import { declare, declareFor, type Overload } from '../declare.ts';
import {
  CelError,
  Duration,
  formatSeconds,
  formatTimestamp,
  Timestamp,
  TypeName,
  typeOf,
  type Uint,
} from '../values.ts';
import { toInt, toTimestamp, toUint } from './operators.ts';

const failed = (value: unknown, to: string): CelError =>
  new CelError(`type conversion error from '${typeOf(value)}' to '${to}'`);
const SECOND = 1_000_000_000n;

function wholeOf(value: number, to: (whole: bigint) => unknown, limits: readonly [min: number, end: number]): unknown {
  if (!(value > limits[0] && value < limits[1]))
    throw new CelError(limits[0] < -1 ? 'integer overflow' : 'unsigned integer overflow');
  return to(BigInt(Math.trunc(value)));
}

function textToInt(text: string): bigint {
  const value = /^[+-]?\d+$/.test(text) ? BigInt(text.replace('+', '')) : undefined;
  if (value === undefined || BigInt.asIntN(64, value) !== value) throw failed(text, 'int');
  return value;
}

function textToUint(text: string): Uint {
  const value = /^\d+$/.test(text) ? BigInt(text) : undefined;
  if (value === undefined || BigInt.asUintN(64, value) !== value) throw failed(text, 'uint');
  return toUint(value);
}

const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const SPECIAL = /^([+-]?)(inf|infinity|nan)$/i;

function textToDouble(text: string): number {
  const [, sign, word] = SPECIAL.exec(text) ?? [];
  if (word !== undefined) return /^nan$/i.test(word) ? Number.NaN : sign === '-' ? -Infinity : Infinity;
  const value = DECIMAL.test(text) ? Number(text) : Number.NaN;
  if (!Number.isFinite(value)) throw failed(text, 'double');
  return value;
}

function textToBool(text: string): boolean {
  if (['true', 'TRUE', 'True', 't', '1'].includes(text)) return true;
  if (['false', 'FALSE', 'False', 'f', '0'].includes(text)) return false;
  throw new CelError("type conversion error from 'string' to 'bool'");
}

function bytesToText(value: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(value);
  } catch {
    throw new CelError('invalid UTF-8 in bytes, cannot convert to string');
  }
}

/** RFC 3339; undefined where it is no time. */
export function parseTimestamp(text: string): Timestamp | undefined {
  const found = RFC3339.exec(text);
  if (!found) return undefined;
  const [year, month, day, hour, minute, second] = found.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day || hour > 23 || minute > 59 || second > 59)
    return undefined;
  const [, , , , , , , fraction = '', sign, zoneHours = '0', zoneMinutes = '0'] = found;
  if (Number(zoneHours) > 23 || Number(zoneMinutes) > 59) return undefined;
  const zone = (Number(zoneHours) * 60 + Number(zoneMinutes)) * 60 * (sign === '-' ? -1 : 1);
  const seconds = BigInt(date.getTime() / 1000 + hour * 3600 + minute * 60 + second - zone);
  return new Timestamp(seconds * SECOND + BigInt(fraction.slice(0, 9).padEnd(9, '0')), zone / 60);
}

function textToTimestamp(text: string): Timestamp {
  const found = parseTimestamp(text);
  if (!found) throw failed(text, 'google.protobuf.Timestamp');
  return toTimestamp(found.ns, found.zoneMinutes);
}

function textToDuration(text: string): Duration {
  const ns = parseNanoseconds(text);
  if (ns === undefined) throw failed(text, 'google.protobuf.Duration');
  return new Duration(ns);
}

const same = (value: unknown): unknown => value;
const floorDivided = (a: bigint, b: bigint): bigint => (a >= 0n || a % b === 0n ? a / b : a / b - 1n);
const bytesSized: CostOf = ({ size }) => ({
  cost: scaled(size, TRAVERSAL),
  size: { min: size.min, max: size.max * 4 },
});
const textSized: CostOf = ({ size }) => ({
  cost: scaled(size, TRAVERSAL),
  size: { min: Math.floor(size.min / 4), max: size.max },
});

/** From one type to another, by the name of the other. */
export const conversions: readonly Overload[] = [
  declare('type(A) -> type(A)', (value: unknown) => new TypeName(typeOf(value))),
  declare('dyn(A) -> dyn', same),
  ...['bool', 'bytes', 'double', 'duration', 'int', 'string', 'timestamp', 'uint'].map((type) =>
    declare(`${type}(${type}) -> ${type}`, same),
  ),
  declare('bool(string) -> bool', textToBool),
  declare('bytes(string) -> bytes', (text: string) => new TextEncoder().encode(text), bytesSized),
  declare('double(int) -> double', Number),
  declare('double(string) -> double', textToDouble),
  declare('double(uint) -> double', ({ value }: Uint) => Number(value)),
  declare('duration(string) -> duration', textToDuration),
  declare('int(double) -> int', (value: number) => wholeOf(value, toInt, [-(2 ** 63), 2 ** 63])),
  declare('int(duration) -> int', ({ ns }: Duration) => ns),
  declare('int(string) -> int', textToInt),
  declare('int(timestamp) -> int', ({ ns }: Timestamp) => floorDivided(ns, SECOND)),
  declare('int(uint) -> int', ({ value }: Uint) => toInt(value)),
  ...declareFor(['bool', 'int'], 'string(<>) -> string', String),
  declare('string(bytes) -> string', bytesToText, textSized),
  declare('string(double) -> string', formatDouble),
  declare('string(duration) -> string', formatSeconds),
  declare('string(timestamp) -> string', formatTimestamp),
  declare('string(uint) -> string', ({ value }: Uint) => String(value)),
  declare('timestamp(int) -> timestamp', (value: bigint) => toTimestamp(value * SECOND, 0)),
  declare('timestamp(string) -> timestamp', textToTimestamp),
  declare('uint(double) -> uint', (value: number) => wholeOf(value, toUint, [-Number.MIN_VALUE, 2 ** 64])),
  declare('uint(int) -> uint', toUint),
  declare('uint(string) -> uint', textToUint),
];
