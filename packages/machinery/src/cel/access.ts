import type { Step } from './step.ts';
import { CelError, inside, isMap, keyOfValue, lookUp, Optional, typeOf } from './values.ts';

/** Throws CelError when there is none. */
export function fieldOf(held: unknown, name: string): unknown {
  const found = fieldIn(held, name);
  if (found === undefined) throw noKey(name);
  return found;
}

/** Undefined: there is none. Lists have no names at all. */
function fieldIn(held: unknown, name: string): unknown {
  if (Array.isArray(held)) throw unsupportedIndex(name);
  return isMap(held) ? lookUp(held, name) : undefined;
}

const unsupportedIndex = (place: unknown): CelError =>
  new CelError(`unsupported index type '${typeOf(place)}' in list`);

const noKey = (name: unknown): CelError => new CelError(`no such key: ${String(name)}`);

/** What is taken from something optional is optional itself. */
export function optionalField(held: Optional, name: string): Optional {
  if (!held.has) return held;
  const found = fieldIn(held.value, name);
  return new Optional(found !== undefined, found);
}

/** `has(value.name)`. */
export function isThere(value: unknown, name: string): boolean {
  const held = value instanceof Optional ? value.value : value;
  if (value instanceof Optional && !value.has) return false;
  return fieldIn(held, name) !== undefined;
}

/** `of[at]`. */
export const indexed =
  (of: Step, at: Step): Step =>
  (frame) => {
    const held = of(frame);
    if (held instanceof Optional && !held.has) return held;
    const place = at(frame);
    frame.budget.spend(1);
    if (held instanceof Optional) return optionalElement(held, place);
    const found = element(held, place);
    if (found !== undefined) return found;
    throw Array.isArray(held) ? new CelError(`index out of bounds: ${shownKey(place)}`) : noKey(shownKey(place));
  };

const shownKey = (place: unknown): string => String(typeof place === 'number' ? place : keyOfValue(place));

/** `of[?at]`: as of something optional, whether it is or not. */
export const optionallyIndexed = (of: Step, at: Step): Step =>
  indexed((frame) => {
    const held = of(frame);
    return held instanceof Optional ? held : new Optional(true, held);
  }, at);

function optionalElement(held: Optional, place: unknown): Optional {
  const found = element(held.value, place);
  return new Optional(found !== undefined, found);
}

function element(value: unknown, place: unknown): unknown {
  if (place === null) throw new CelError('invalid qualifier type: types.Null');
  if (Array.isArray(value)) {
    const number = keyOfValue(place);
    if (typeof number === 'number') throw new CelError(`unsupported index value ${number} in list`);
    if (typeof number !== 'bigint') throw unsupportedIndex(place);
    return number >= 0n && number < BigInt(value.length) ? (inside(value, value[Number(number)]) ?? null) : undefined;
  }
  return isMap(value) ? lookUp(value, keyOfValue(place)) : undefined;
}
