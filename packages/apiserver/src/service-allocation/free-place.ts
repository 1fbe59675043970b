import { addressAt, type AddressRange } from '@navarch/api';
import type { Random } from '@navarch/base';

/** A band of a range is left to those who ask by number; it is used when the rest is full (KEP-3070, KEP-3668). */
export interface Band {
  readonly min: number;
  readonly max: number;
  /** One of so many is left. */
  readonly share: number;
}

export const reservedOf = (count: number, { min, max, share }: Band): number =>
  count > min ? Math.min(Math.max(min, Math.floor(count / share)), max) : 0;

const ADDRESS_BAND: Band = { min: 16, max: 256, share: 16 };
/** Places looked at in a range so large that it is never full. */
const COUNT_MAX = 2 ** 32;

/** An address of the range that is not taken, drawn at random; undefined when there is none. */
export function freeAddress(
  range: AddressRange,
  isTaken: (address: string) => boolean,
  random: Random,
): string | undefined {
  const count = range.count > BigInt(COUNT_MAX) ? COUNT_MAX : Number(range.count);
  const place = freePlace(count, reservedOf(count, ADDRESS_BAND), (at) => isTaken(addressAt(range, at)), random);
  return place === undefined ? undefined : addressAt(range, place);
}

/** A place of `count` that is not taken, drawn at random: among the first `reserved` only when all others are. */
export function freePlace(
  count: number,
  reserved: number,
  isTaken: (place: number) => boolean,
  random: Random,
): number | undefined {
  const bands = [
    [reserved, count - reserved],
    [0, reserved],
  ] as const;
  for (const [first, size] of bands) {
    const start = size > 0 ? random.uint32() % size : 0;
    for (let i = 0; i < size; i++) {
      const place = first + ((start + i) % size);
      if (!isTaken(place)) return place;
    }
  }
  return undefined;
}
