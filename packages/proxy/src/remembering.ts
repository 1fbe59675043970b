import type { Family } from './families.ts';
import { type Lookup, placeOf, poolMap, type Remembering } from './shape.ts';

// Services that remember their clients: who was led to an endpoint once is led there again, until it has not come for some
// time or the endpoint is gone. One map has all of this memory, from the number of a service's port and the client to that of the
// endpoint; so a service that remembers is elements of maps, as all others are (ADR 16).
//
// A rule can hand a value to the next one only by the packet. Here it does by the packet's priority, which nothing reads before
// the packet leaves (its mark decides where it is routed to), and which is taken away again there.

/** Numbers of endpoints, by place and slot. */
export const slotMap = (lookup: Omit<Lookup, 'count'>): string => poolMap(lookup, 'slots-of-');
/** Endpoints, by place and number. */
export const numberMap = (lookup: Omit<Lookup, 'count'>): string => poolMap(lookup, 'numbered-');

/**
 * Most clients that are remembered, of all services: as many as the kernel follows connections where nobody says otherwise, and
 * 4 MB of it. Who comes while there are as many is led anywhere each time.
 */
const CLIENTS_MAX = 262_144;
const memory = ({ mark }: Family): string => `remembered${mark}`;
/** The service's port alone: whichever of its places a client comes by, it is led to the same endpoint. */
const PORT = 'meta priority and ffff:0';

/** Rules for packets that leave: what was handed on by the priority is no matter of anybody's queues. */
export const FORGET_NUMBER = `${PORT} != 0:0 ct status dnat meta priority set 0:0`;

/** Maps that the chain reads, with their declarations: only where a service remembers are they there. */
export function rememberingSets(shape: Remembering): ReadonlyMap<string, string> {
  const { family, protocol } = shape;
  const place = placeOf(shape);
  return new Map([
    [
      memory(family),
      `typeof meta priority . ${family.protocol} saddr : meta priority ; size ${CLIENTS_MAX} ; flags dynamic,timeout`,
    ],
    [slotMap(shape), `typeof ${place} . numgen inc mod 2 : meta priority`],
    [numberMap(shape), `typeof ${place} . meta priority : ${family.protocol} daddr . ${protocol} dport`],
  ]);
}

export function rememberingRules(shape: Remembering): readonly string[] {
  const { family, count, seconds } = shape;
  const place = placeOf(shape);
  const client = `${PORT} . ${family.protocol} saddr`;
  const chosen = (how: 'random' | 'inc', among: number): string =>
    `meta priority set ${place} . numgen ${how} mod ${among} map @${slotMap(shape)}`;
  // Renews what is there, and does not change where it leads.
  const remember = `update @${memory(family)} { ${client} timeout ${seconds}s : meta priority }`;
  const lead = `dnat ${family.protocol} to ${place} . meta priority map @${numberMap(shape)}`;
  return [
    chosen('inc', 1),
    `meta priority set ${PORT}`,
    `meta priority set ${client} map @${memory(family)}`,
    `meta priority and 0:ffff != 0:0 ${remember}`,
    lead,
    // Whoever is still here is new, or its endpoint went.
    `delete @${memory(family)} { ${client} : meta priority }`,
    chosen('random', count),
    remember,
    lead,
    // Between two look-ups a transaction may have taken the endpoint: then the first, who is always there.
    ...(count > 1 ? [chosen('inc', 1), lead] : []),
  ];
}
