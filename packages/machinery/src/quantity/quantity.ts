import { Memo } from '@navarch/base';
import type { Integer } from '../json-text.ts';

/**
 * Kubernetes quantities (resource.Quantity): a decimal number with a suffix, exact to a thousand-millionth.
 * Held as whole nano-units, so that sums and comparisons are exact whatever the suffixes were.
 */
type Format = 'DecimalSI' | 'BinarySI' | 'DecimalExponent';

export interface Quantity {
  /** Value times 10^9, rounded away from zero. */
  readonly nano: bigint;
  readonly format: Format;
}

const NANO = 1_000_000_000n;
/** Upstream caps binary numbers at what 64 bits hold. */
const NANO_MAX = (2n ** 63n - 1n) * NANO;
const DECIMAL: readonly (readonly [suffix: string, exponent: number])[] = [
  ['E', 18],
  ['P', 15],
  ['T', 12],
  ['G', 9],
  ['M', 6],
  ['k', 3],
  ['', 0],
  ['m', -3],
  ['u', -6],
  ['n', -9],
];
const BINARY: readonly (readonly [suffix: string, bits: bigint])[] = [
  ['Ei', 60n],
  ['Pi', 50n],
  ['Ti', 40n],
  ['Gi', 30n],
  ['Mi', 20n],
  ['Ki', 10n],
];
// Digits may be missing altogether, as upstream reads it: `G` is zero.
const SYNTAX = /^(?=.)([+-]?)(\d*\.?\d*)(Ki|Mi|Gi|Ti|Pi|Ei|[numkMGTPE]|[eE][+-]?\d+)?$/;

/** What upstream says of a text that is no quantity. */
export const QUANTITY_SYNTAX_ERROR =
  "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";

/** undefined when the text is not a quantity. */
export const parseQuantity = (text: string): Quantity | undefined => parsed.get(text, parse);

/** A cluster says the same few sizes again and again. */
const parsed = new Memo<Quantity | undefined>(4096, 32);
const canonicals = new Memo<string | undefined>(4096, 32);

function parse(text: string): Quantity | undefined {
  const match = SYNTAX.exec(text.trim());
  if (!match) return undefined;
  const [, sign, digits = '', suffix = ''] = match;
  const [whole = '', fraction = ''] = digits.split('.');
  const mantissa = BigInt(whole + fraction || '0');
  const binary = BINARY.find(([s]) => s === suffix);
  // So large a unit is beyond upstream's fast way, and its slow one misses the digits.
  if (mantissa === 0n && whole + fraction === '' && binary && binary[1] >= 50n) return undefined;
  const format: Format = binary ? 'BinarySI' : /^[eE]\S/.test(suffix) ? 'DecimalExponent' : 'DecimalSI';
  const exponent = binary
    ? 0
    : format === 'DecimalExponent'
      ? Number(suffix.slice(1))
      : (DECIMAL.find(([s]) => s === suffix)?.[1] ?? 0);
  if (Math.abs(exponent) > 100) return undefined;
  const scaled = scale(mantissa * (binary ? 1n << binary[1] : 1n), exponent + 9 - fraction.length);
  const size = binary && scaled > NANO_MAX ? NANO_MAX : scaled;
  return { nano: sign === '-' ? -size : size, format };
}

/** value * 10^exponent, what is lost rounded up. */
function scale(value: bigint, exponent: number): bigint {
  if (exponent >= 0) return value * 10n ** BigInt(exponent);
  const divisor = 10n ** BigInt(-exponent);
  return (value + divisor - 1n) / divisor;
}

/** The canonical text: no fraction, the largest suffix that keeps it whole. */
export function formatQuantity({ nano, format }: Quantity): string {
  if (nano === 0n) return '0';
  const sign = nano < 0n ? '-' : '';
  const size = nano < 0n ? -nano : nano;
  // Binary suffixes cannot say fractions of one, and below 1024 upstream prints decimals.
  if (format === 'BinarySI' && size % NANO === 0n && size >= 1024n * NANO) return sign + formatBinary(size / NANO);
  for (const [suffix, exponent] of DECIMAL) {
    const unit = 10n ** BigInt(exponent + 9);
    if (size % unit !== 0n) continue;
    const tail = format === 'DecimalExponent' ? (exponent === 0 ? '' : `e${exponent}`) : suffix;
    return `${sign}${size / unit}${tail}`;
  }
  return `${sign}${size}n`;
}

function formatBinary(value: bigint): string {
  for (const [suffix, bits] of BINARY) {
    if (value % (1n << bits) === 0n) return `${value >> bits}${suffix}`;
  }
  return String(value);
}

const CANONICAL = /^(?:0|[1-9]\d*)$/;

/** Canonical text of a text or number from the wire; undefined when it is not a quantity. */
export function canonicalQuantity(value: string | Integer): string | undefined {
  const text = typeof value === 'string' ? value : String(value);
  // Most quantities are short whole numbers without trailing thousands: nothing to do for them.
  if (CANONICAL.test(text) && !text.endsWith('000') && text.length < 16) return text;
  return canonicals.get(text, canonicalOf);
}

function canonicalOf(text: string): string | undefined {
  const quantity = parseQuantity(text);
  return quantity && (isKeptAsWritten(text, quantity.format) ? text.trim() : formatQuantity(quantity));
}

/** Digits that upstream counts on a fast way, on which some texts pass for canonical that are not: they stay as they are. */
const FAST_DIGITS = 18;

function isKeptAsWritten(text: string, format: Format): boolean {
  const [, , digits = '', suffix = ''] = SYNTAX.exec(text.trim()) ?? [];
  const [whole = '', fraction = ''] = digits.replace(/^0+/, '').split('.');
  const shifted = (whole || '0') + fraction;
  if (format === 'BinarySI') {
    const bits = BINARY.find(([s]) => s === suffix)?.[1] ?? 0n;
    return (
      fraction === '' &&
      14 - (whole || '0').length - Math.trunc(Number(bits) * 0.3) >= 0 &&
      (BigInt(shifted) & 7n) !== 0n
    );
  }
  const exponent =
    format === 'DecimalExponent' ? Number(suffix.slice(1)) : (DECIMAL.find(([s]) => s === suffix)?.[1] ?? 0);
  const scaleOf = exponent - fraction.length;
  return (
    shifted.length <= FAST_DIGITS &&
    scaleOf >= -9 &&
    scaleOf % 3 === 0 &&
    !shifted.endsWith('000') &&
    !shifted.startsWith('0')
  );
}

const MILLI = 1_000_000n;

/** Amounts of resources are kept in thousandths: what is finer is rounded away from zero. Canonical text in and out. */
export function atMilliScale(canonical: string): string {
  if (!/[nu]$|e-/.test(canonical)) return canonical;
  const parsed = parseQuantity(canonical);
  if (!parsed || parsed.nano % MILLI === 0n) return canonical;
  const towards = parsed.nano > 0n ? MILLI : -MILLI;
  return formatQuantity({ ...parsed, nano: parsed.nano - (parsed.nano % MILLI) + towards });
}

/** Whole units, rounded up: bytes, cores, pods. 0 for absent or unreadable text. */
export function quantityValue(text: string | undefined): number {
  const parsed = text === undefined ? undefined : parseQuantity(text);
  return parsed ? Number(ceilDivide(parsed.nano, NANO)) : 0;
}

/** Thousandths, rounded up: milli-CPU. 0 for absent or unreadable text. */
export function quantityMilliValue(text: string | undefined): number {
  const parsed = text === undefined ? undefined : parseQuantity(text);
  return parsed ? Number(ceilDivide(parsed.nano, 1_000_000n)) : 0;
}

const ceilDivide = (value: bigint, by: bigint): bigint => (value > 0n ? (value + by - 1n) / by : value / by);

export const addQuantities = (a: Quantity, b: Quantity): Quantity => ({
  nano: a.nano + b.nano,
  format: a.nano === 0n ? b.format : a.format,
});
export const subtractQuantities = (a: Quantity, b: Quantity): Quantity => ({
  nano: a.nano - b.nano,
  format: a.nano === 0n ? b.format : a.format,
});
export const compareQuantities = (a: Quantity, b: Quantity): number => (a.nano < b.nano ? -1 : a.nano > b.nano ? 1 : 0);
