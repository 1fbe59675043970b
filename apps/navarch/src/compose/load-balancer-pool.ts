import { addressPool, type LoadBalancers } from '@navarch/controllers';
import { addressRangesOf } from '../cluster/address-ranges.ts';

/** What makes load balancers of the addresses in a flag, commas apart; nothing where there are none. Throws UserError for what is no address. */
export function loadBalancerPool(flags: readonly string[]): LoadBalancers | undefined {
  const ranges = addressRangesOf(flags);
  return ranges.length === 0 ? undefined : addressPool(ranges);
}
