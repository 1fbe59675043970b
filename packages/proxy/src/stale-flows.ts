import { type IpFamily, ipFamilyOf } from '@navarch/api';
import type { Ruleset } from './ruleset.ts';

/** Flows of datagrams that the kernel would go on sending to where they went first, whatever the rules say by now. */
export interface StaleFlows {
  readonly family: IpFamily;
  /** Where the client sends to; absent: any address of this node. */
  readonly address?: string;
  readonly port: number;
  /** `ADDRESS:PORT` that is no longer behind it. Absent: whatever the flow leads to, since before nothing was behind it. */
  readonly endpoint?: string;
}

/**
 * What has to be forgotten after `next` took the place of `previous`. Of UDP alone: a new TCP connection is a new flow,
 * but datagrams from a port that goes on sending stay one flow for ever.
 */
export function staleFlows(previous: Ruleset, next: Ruleset): readonly StaleFlows[] {
  const stale: StaleFlows[] = [];
  for (const [key, before] of previous.datagrams) {
    const after = next.datagrams.get(key);
    for (const endpoint of before) if (!after?.has(endpoint)) stale.push({ ...placeOf(key), endpoint });
  }
  // Without endpoints there was no rule that would have changed the packets: they may have gone anywhere.
  for (const [key, after] of next.datagrams)
    if (after.size > 0 && !previous.datagrams.get(key)?.size) stale.push(placeOf(key));
  return stale;
}

/** `ADDRESS . PROTOCOL . PORT` or `PROTOCOL . PORT`, as in the rules; `::` is any address of this node by IPv6. */
function placeOf(key: string): Pick<StaleFlows, 'family' | 'address' | 'port'> {
  const [port = '', , address] = key.split(' . ').toReversed();
  const family = ipFamilyOf(address ?? '');
  return { family, ...(address === undefined || address === '::' ? {} : { address }), port: Number(port) };
}
