import { type AddressRange, poolRange } from '@navarch/api';
import { UserError } from '../user-error.ts';
import { listOf } from './flags.ts';

/** Addresses for load balancers, commas apart, in one flag or several. Throws UserError for what is no address. */
export const addressRangesOf = (flags: readonly string[]): readonly AddressRange[] =>
  listOf(flags).map((text) => {
    const range = poolRange(text);
    if (!range)
      throw new UserError(
        `--load-balancer-pool takes addresses such as 192.168.1.240-192.168.1.250 or 10.9.0.0/24, not ${JSON.stringify(text)}`,
      );
    return range;
  });
