import { ipFamilyOf } from '@navarch/api';
import { addressType, FAMILIES, type Family, type PodFamily } from './families.ts';

// Where packets of a service go is told by elements of a few maps, not by a chain of its own: the kernel and nft take an
// element in a microsecond, and know nothing of the others while they do. What is left to chains is how a packet is led on
// (among how many endpoints, from whom), which is the same for thousands of services (ADR 16).

/** What is looked up: where a packet is for, or where on this node. */
export type PlaceKind = 'address' | 'nodePort';
/** Endpoints of places by number; or those for whoever is inside, where they are others. */
type Pool = 'endpoints' | 'insiders';
export type Protocol = 'tcp' | 'udp' | 'sctp';

interface Lookup {
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
}

/** Packets that must look as if they came from this node. */
export const MASQUERADE_MARK = '0x4000';
export const MASQUERADE = `meta mark set meta mark or ${MASQUERADE_MARK}`;
/** Nobody is there: a refusal is quicker than silence. */
export const REFUSE = 'refuse';

export const placeMap = (kind: PlaceKind, { mark }: Family): string =>
  `service-${kind === 'address' ? 'ips' : 'nodeports'}${mark}`;
export const poolMap = ({ kind, protocol, pool, family: { mark } }: Omit<Lookup, 'count'>): string =>
  `${protocol}-${kind === 'address' ? pool : `nodeport-${pool}`}${mark}`;
/** Each endpoint beside itself. */
export const hairpinSet = ({ mark }: Family): string => `hairpins${mark}`;

const KINDS: readonly PlaceKind[] = ['address', 'nodePort'];
const POOLS: readonly Pool[] = ['endpoints', 'insiders'];
const PROTOCOLS: readonly Protocol[] = ['tcp', 'udp', 'sctp'];
const SERVED = 'meta l4proto . th dport';
const keyOf = (kind: PlaceKind, { protocol }: Family): string =>
  kind === 'address' ? `${protocol} daddr . ${SERVED}` : SERVED;
/** A map has one protocol: nft can say what kind of number its values are by the field of a protocol's header alone. */
const numbered = ({ family, kind, protocol, count }: Omit<Lookup, 'pool'>, how: 'random' | 'inc'): string =>
  `${kind === 'address' ? `${family.protocol} daddr . ` : ''}${protocol} dport . numgen ${how} mod ${count}`;

/** Maps and sets that are always there, with their declarations. */
export const serviceSets: ReadonlyMap<string, string> = new Map(
  FAMILIES.flatMap((family) => [
    ...KINDS.flatMap((kind) => [
      [
        placeMap(kind, family),
        `type ${kind === 'address' ? `${addressType(family)} . ` : ''}inet_proto . inet_service : verdict`,
      ] as const,
      ...PROTOCOLS.flatMap((protocol) =>
        POOLS.map(
          (pool) =>
            [
              poolMap({ kind, protocol, pool, family }),
              `typeof ${numbered({ family, kind, protocol, count: 2 }, 'random')} : ${family.protocol} daddr . ${protocol} dport`,
            ] as const,
        ),
      ),
    ]),
    [hairpinSet(family), `type ${addressType(family)} . ${addressType(family)}`] as const,
  ]),
);

/** What every packet meets: is it for a service's address, or for a node port at one of these addresses of the node? */
export const lookups = (nodePortRanges: readonly string[]): readonly string[] => [
  ...FAMILIES.map((family) => `${keyOf('address', family)} vmap @${placeMap('address', family)}`),
  ...FAMILIES.flatMap((family) => {
    const ranges = nodePortRanges.filter((range) => ipFamilyOf(range) === family.name);
    const own = `meta nfproto ${family.name.toLowerCase()} fib daddr type local`;
    const places = ranges.length === 0 ? [own] : ranges.map((range) => `${own} ${family.protocol} daddr ${range}`);
    return places.map((place) => `${place} ${SERVED} vmap @${placeMap('nodePort', family)}`);
  }),
];

export const shapeName = ({ family, kind, protocol, pool, count, masquerade, inside }: Shape): string =>
  [
    `${kind === 'address' ? 'to' : 'at'}${family.mark}`,
    protocol,
    pool,
    count,
    masquerade,
    ...(inside ? ['insiders', inside.count] : []),
  ].join('-');

export function shapeRules(shape: Shape): readonly string[] {
  const { family, count, masquerade, inside } = shape;
  const { fromOutside, fromInside } = sources(family);
  const led = (how: 'random' | 'inc', among: number): string =>
    `dnat ${family.protocol} to ${numbered({ ...shape, count: among }, how)} map @${poolMap(shape)}`;
  return [
    ...(inside ? fromInside.map((source) => `${source} goto ${shapeName(inside)}`) : []),
    ...(count === 0 || masquerade === 'never' ? [] : masquerade === 'always' ? [MASQUERADE] : fromOutside),
    ...(count === 0 ? [] : [led('random', count)]),
    // Between the two look-ups a transaction may have taken the last of the endpoints: then the first, who is always there.
    ...(count > 1 ? [led('inc', 1)] : []),
    'drop',
  ];
}

/** Who sends, as conditions; without a known range of pods only the node itself is inside, and nobody is outside for certain. */
export function sources({
  protocol,
  clusterCidr,
}: PodFamily): Readonly<Record<'fromOutside' | 'fromInside', readonly string[]>> {
  const isLocal = 'fib saddr type local';
  return clusterCidr === undefined
    ? { fromOutside: [], fromInside: [isLocal] }
    : {
        fromOutside: [`${protocol} saddr != ${clusterCidr} ${MASQUERADE}`],
        fromInside: [`${protocol} saddr ${clusterCidr}`, isLocal],
      };
}
