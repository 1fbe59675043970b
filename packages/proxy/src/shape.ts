import type { Family, PodFamily } from './families.ts';

/** What is looked up: where a packet is for, or where on this node. */
export type PlaceKind = 'address' | 'nodePort';
/** Endpoints of places by number; or those for whoever is inside, where they are others. */
export type Pool = 'endpoints' | 'insiders';
export type Protocol = 'tcp' | 'udp' | 'sctp';

export interface Lookup {
  readonly family: Family;
  readonly kind: PlaceKind;
  readonly protocol: Protocol;
  readonly pool: Pool;
  /** How many endpoints there are to choose from; of none, packets are dropped. */
  readonly count: number;
}

/** Places whose packets are led on alike go by one chain. */
export interface Shape extends Lookup {
  readonly family: PodFamily;
  /** Whose packets must look as if they came from this node; `outside`: of those that come from no pod. */
  readonly masquerade: 'never' | 'always' | 'outside';
  /** How those are led on that are inside: a pod, or the node itself. */
  readonly inside?: Shape;
  /** How long clients are led to the endpoint that they were led to before; absent: not at all. */
  readonly seconds?: number;
}

export type Remembering = Shape & { readonly seconds: number };
export const isRemembering = (shape: Shape): shape is Remembering => shape.seconds !== undefined;

export const poolMap = ({ kind, protocol, pool, family: { mark } }: Omit<Lookup, 'count'>, of: string = ''): string =>
  `${of}${protocol}-${kind === 'address' ? pool : `nodeport-${pool}`}${mark}`;

/** A map has one protocol: nft can say what kind of number its values are by the field of a protocol's header alone. */
export const placeOf = ({ family, kind, protocol }: Pick<Lookup, 'family' | 'kind' | 'protocol'>): string =>
  `${kind === 'address' ? `${family.protocol} daddr . ` : ''}${protocol} dport`;
