import { addressAt, addressRange } from '@navarch/api';
import { invariant } from '@navarch/base';

/** The address that many after a range's first, 10.96.0.10 for 10.96.0.0/16 and 10; of two ranges with a comma between that of the first. */
export function nthAddress(ranges: string, n: number): string {
  const [first = ''] = ranges.split(',');
  const range = addressRange(first);
  invariant(range !== undefined, `${first} is a range of addresses`);
  return addressAt(range, n - 1);
}
