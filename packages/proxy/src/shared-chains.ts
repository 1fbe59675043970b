import { ipFamilyOf } from '@navarch/api';
import { addressType, FAMILIES, type Family, type PodFamily } from './families.ts';
import { rememberingRules, rememberingSets } from './remembering.ts';
import {
  isRemembering,
  type Lookup,
  placeOf,
  type PlaceKind,
  type Pool,
  poolMap,
  type Protocol,
  type Shape,
} from './shape.ts';

// Where packets of a service go is told by elements of a few maps, not by a chain of its own: the kernel and nft take an
// element in a microsecond, and know nothing of the others while they do. What is left to chains is how a packet is led on
// (among how many endpoints, from whom), which is the same for thousands of services (ADR 16).

/** Packets that must look as if they came from this node. */
export const MASQUERADE_MARK = '0x4000';
const MASQUERADE = `meta mark set meta mark or ${MASQUERADE_MARK}`;
/** Nobody is there: a refusal is quicker than silence. */
export const REFUSE = 'refuse';

export const placeMap = (kind: PlaceKind, { mark }: Family): string =>
  `service-${kind === 'address' ? 'ips' : 'nodeports'}${mark}`;
/** Each endpoint beside itself. */
export const hairpinSet = ({ mark }: Family): string => `hairpins${mark}`;

const KINDS: readonly PlaceKind[] = ['address', 'nodePort'];
const POOLS: readonly Pool[] = ['endpoints', 'insiders'];
const PROTOCOLS: readonly Protocol[] = ['tcp', 'udp', 'sctp'];
const SERVED = 'meta l4proto . th dport';
const keyOf = (kind: PlaceKind, { protocol }: Family): string =>
  kind === 'address' ? `${protocol} daddr . ${SERVED}` : SERVED;
const numbered = (lookup: Omit<Lookup, 'pool'>, how: 'random' | 'inc'): string =>
  `${placeOf(lookup)} . numgen ${how} mod ${lookup.count}`;

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

export const shapeName = ({ family, kind, protocol, pool, count, masquerade, inside, seconds }: Shape): string =>
  [
    `${kind === 'address' ? 'to' : 'at'}${family.mark}`,
    protocol,
    pool,
    count,
    masquerade,
    ...(inside ? ['insiders', inside.count] : []),
    ...(seconds === undefined ? [] : ['remembering', seconds]),
  ].join('-');

export function shapeRules(shape: Shape): readonly string[] {
  const { family, count, masquerade, inside } = shape;
  const { fromOutside, fromInside } = sources(family);
  const led = (how: 'random' | 'inc', among: number): string =>
    `dnat ${family.protocol} to ${numbered({ ...shape, count: among }, how)} map @${poolMap(shape)}`;
  return [
    ...(inside ? fromInside.map((source) => `${source} goto ${shapeName(inside)}`) : []),
    ...(count === 0 || masquerade === 'never' ? [] : masquerade === 'always' ? [MASQUERADE] : fromOutside),
    ...(count === 0
      ? []
      : isRemembering(shape)
        ? rememberingRules(shape)
        : // Between the two look-ups a transaction may have taken the last of the endpoints: then the first, who is always there.
          [led('random', count), ...(count > 1 ? [led('inc', 1)] : [])]),
    'drop',
  ];
}

/** Who sends, as conditions; without a known range of pods only the node itself is inside, and nobody is outside for certain. */
function sources({
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

/** Maps that its chain reads beside those that are always there. */
export const shapeSets = (shape: Shape): ReadonlyMap<string, string> =>
  isRemembering(shape) ? rememberingSets(shape) : new Map();
