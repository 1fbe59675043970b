import { addressPool, type LoadBalancers, poolRange } from '@navarch/controllers';
import { listOf } from '../cluster/flags.ts';
import { UserError } from '../user-error.ts';

/** What makes load balancers of the addresses in a flag, commas apart; nothing where there are none. Throws UserError for what is no address. */
export function loadBalancerPool(flags: readonly string[]): LoadBalancers | undefined {
  const texts = listOf(flags);
  if (texts.length === 0) return undefined;
  return addressPool(
    texts.map((text) => {
      const range = poolRange(text);
      if (!range)
        throw new UserError(
          `--load-balancer-pool takes addresses such as 192.168.1.240-192.168.1.250 or 10.9.0.0/24, not ${JSON.stringify(text)}`,
        );
      return range;
    }),
  );
}
