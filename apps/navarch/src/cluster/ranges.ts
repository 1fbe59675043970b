import { addressAt, addressRange, containsAddress } from '@navarch/api';
import { invariant } from '@navarch/base';
import { UserError } from '../user-error.ts';

/** The address that many after a range's first, 10.96.0.10 for 10.96.0.0/16 and 10; of two ranges with a comma between that of the first. */
export function nthAddress(ranges: string, n: number): string {
  const [first = ''] = ranges.split(',');
  const range = addressRange(first);
  invariant(range !== undefined, `${first} is a range of addresses`);
  return addressAt(range, n - 1);
}

/** Throws UserError, in one sentence, for two ranges that have an address in common: nobody could tell whose it is. */
export function refuseOverlaps(named: readonly (readonly [name: string, range: string])[]): void {
  for (const [i, [name, range]] of named.entries())
    for (const [otherName, other] of named.slice(i + 1))
      if (overlap(range, other)) throw new UserError(`${name} ${range} overlaps ${otherName} ${other}`);
}

const overlap = (one: string, other: string): boolean =>
  containsAddress(one, other.split('/')[0] ?? '') || containsAddress(other, one.split('/')[0] ?? '');
