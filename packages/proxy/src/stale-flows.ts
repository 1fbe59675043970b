import type { IpFamily } from '@navarch/api';

/** Datagrams to one place, and the endpoints behind it as `ADDRESS:PORT`: the kernel remembers flows to them. */
export interface Flows {
  readonly family: IpFamily;
  /** Where the client sends to; absent: any address of this node. */
  readonly address?: string;
  readonly port: number;
  readonly endpoints: ReadonlySet<string>;
}

/** Flows of datagrams that the kernel would go on sending to where they went first, whatever the rules say by now. */
export interface StaleFlows extends Omit<Flows, 'endpoints'> {
  /** `ADDRESS:PORT` that is no longer behind it. Absent: whatever the flow leads to, since before nothing was behind it. */
  readonly endpoint?: string;
}

/** A flow of datagrams that the kernel knows: where its client sends to, and who answers, as `ADDRESS:PORT`. */
export type KnownFlow = Required<StaleFlows>;

/** What a flow to this place is to the rules of now: to be forgotten, when it leads to what is no endpoint of it. */
export function strayed(flow: KnownFlow, place: Flows): StaleFlows | undefined {
  const isLed = flow.endpoint !== `${flow.address}:${flow.port}`;
  if (place.endpoints.has(flow.endpoint) || (place.endpoints.size === 0 && !isLed)) return undefined;
  return { ...placeOf(place), endpoint: flow.endpoint };
}

/**
 * What has to be forgotten of a place after `next` took the place of `previous`. Of UDP alone: a new TCP connection is a
 * new flow, but datagrams from a port that goes on sending stay one flow for ever.
 */
export function staleFlows(previous: Flows | undefined, next: Flows | undefined): readonly StaleFlows[] {
  const stale: StaleFlows[] = [];
  for (const endpoint of previous?.endpoints ?? [])
    if (previous && !next?.endpoints.has(endpoint)) stale.push({ ...placeOf(previous), endpoint });
  // Without endpoints there was no rule that would have changed the packets: they may have gone anywhere.
  if (next && next.endpoints.size > 0 && !previous?.endpoints.size) stale.push(placeOf(next));
  return stale;
}

const placeOf = ({ family, address, port }: Flows): StaleFlows => ({
  family,
  ...(address === undefined ? {} : { address }),
  port,
});
