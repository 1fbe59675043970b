import { Memo, onePiece } from '@navarch/base';
import { durationError } from '../duration.ts';
import { canonicalQuantity, QUANTITY_SYNTAX_ERROR } from '../quantity/quantity.ts';
import type { ScalarSchema } from '../schema.ts';
import { DecodeError, type Decoder } from './decode-state.ts';

/** The decoder of a value without parts. Null is Go's zero of the type, where it has one. */
export function scalarDecoder(schema: ScalarSchema): Decoder {
  switch (schema.type) {
    case 'string':
      return (value, state) =>
        typeof value === 'string' ? value : value === null ? '' : state.refuse(value, 'string');
    case 'boolean':
      return (value, state) =>
        typeof value === 'boolean' ? value : value === null ? false : state.refuse(value, 'bool');
    case 'int32':
      return integerDecoder('int32', -(2 ** 31), 2 ** 31 - 1);
    case 'uint8':
      return integerDecoder('uint8', 0, 255);
    case 'int64':
      return longDecoder;
    case 'uint64':
      return integerDecoder('uint64', 0, 2 ** 64);
    case 'double':
      return (value, state) =>
        typeof value === 'number'
          ? value
          : value === null
            ? 0
            : typeof value === 'bigint'
              ? Number(value)
              : state.refuse(value, 'float64');
    case 'bytes':
      return bytesDecoder;
    case 'time':
      return timeDecoder(0, 'v1.Time');
    case 'microTime':
      return timeDecoder(6, 'v1.MicroTime');
    case 'duration':
      return durationDecoder;
    case 'quantity':
      return quantityDecoder;
    case 'intOrString':
      return (value, state) =>
        typeof value === 'string' || Number.isInteger(value)
          ? value
          : value === null
            ? 0
            : state.refuse(value, 'intstr.IntOrString');
    case 'any':
      return (value) => value;
  }
}

function integerDecoder(goType: string, min: number, max: number): Decoder {
  return (value, state) => {
    if (value === null) return 0;
    if (typeof value !== 'number') return state.refuse(value, goType);
    if (!Number.isInteger(value) || value < min || value > max || !isWhole(state.literal))
      return state.refuse(value, goType);
    return value;
  };
}

/** Whole numbers that a double cannot hold come as bigints: those that do not are floats. */
const longDecoder: Decoder = (value, state) => {
  if (value === null) return 0;
  const isLong = Number.isSafeInteger(value) || typeof value === 'bigint';
  return isLong && isWhole(state.literal) ? value : state.refuse(value, 'int64');
};

/** Null is an empty text to Go, and no duration. */
const durationDecoder: Decoder = (value, state) => {
  if (typeof value !== 'string' && value !== null) return state.refuse(value, 'string');
  const wrong = durationError(value ?? '');
  if (wrong !== undefined) throw new DecodeError(wrong);
  return value;
};

const isWhole = (literal: string | undefined): boolean => literal === undefined || /^-?\d+$/.test(literal);

const bytesDecoder: Decoder = (value, state) => {
  if (value === null) return '';
  if (typeof value !== 'string') return state.refuse(value, '[]uint8');
  const text = value.includes('\n') || value.includes('\r') ? value.replace(/[\r\n]/g, '') : value;
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) {
    throw new DecodeError(`illegal base64 data at input byte ${Math.max(0, text.search(/[^A-Za-z0-9+/]/))}`);
  }
  return text;
};

const quantityDecoder: Decoder = (value, state) => {
  if (value === null) return '0';
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'bigint')
    return state.refuse(value, 'resource.Quantity');
  const canonical = canonicalQuantity(typeof value === 'string' ? value : (state.literal ?? value));
  if (canonical === undefined) throw new DecodeError(QUANTITY_SYNTAX_ERROR);
  return canonical;
};

/** Objects say the same few seconds again and again, each of them in many places: they share one text. */
const plainTimes = new Memo<string | undefined>(1000, 20);
const PLAIN_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;
const RFC3339 = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)$/;

const plainTime = (value: string): string | undefined => (PLAIN_TIME.test(value) ? onePiece(value) : undefined);

/** As an item of a list or map, null is the zero time, which is printed as null. */
function timeDecoder(digits: 0 | 6, goType: string): Decoder {
  return (value, state) => {
    if (value === null) return null;
    if (typeof value !== 'string') return state.refuse(value, goType);
    const plain = digits === 0 ? plainTimes.get(value, plainTime) : undefined;
    if (plain !== undefined) return plain;
    const match = RFC3339.exec(value);
    const seconds = match ? Date.parse(`${match[1]}${match[3]}`) : Number.NaN;
    if (!match || Number.isNaN(seconds)) {
      throw new DecodeError(
        `parsing time ${JSON.stringify(value)} as "2006-01-02T15:04:05Z07:00": cannot parse ${JSON.stringify(value)} as "2006"`,
      );
    }
    const whole = new Date(seconds).toISOString().slice(0, 19);
    return onePiece(digits === 0 ? `${whole}Z` : `${whole}.${(match[2] ?? '').slice(0, 6).padEnd(6, '0')}Z`);
  };
}
