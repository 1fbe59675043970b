import { type Endpoint, isNodeReady, type Node, type Service } from '@navarch/api';
import { quantityMilliValue } from '@navarch/machinery';

const ZONE = 'topology.kubernetes.io/zone';
/** Nodes that run no work of people. */
const EXCLUDED = ['node-role.kubernetes.io/control-plane', 'node-role.kubernetes.io/master'];
/** So much more than its share an endpoint may get: a share of the share. */
const OVERLOAD = 0.2;

/** Topology aware routing is asked for by annotation (KEP-2433); it goes before spec.trafficDistribution. */
export function wantsTopology({ metadata: { annotations = {} } }: Service): boolean {
  const mode =
    annotations['service.kubernetes.io/topology-mode'] ?? annotations['service.kubernetes.io/topology-aware-hints'];
  return mode === 'Auto' || mode === 'auto';
}

/** What of a node the shares of zones depend on. */
export const topologyFacts = (node: Node): readonly unknown[] => [
  zoneOf(node),
  node.status.allocatable?.['cpu'],
  isNodeReady(node),
  isExcluded(node),
];

const zoneOf = ({ metadata }: Node): string | undefined => metadata.labels?.[ZONE];
const isExcluded = ({ metadata }: Node): boolean => EXCLUDED.some((label) => metadata.labels?.[label] !== undefined);

/** The part of the CPU of all ready nodes that each zone has. Throws RangeError where it is not known, or of no use. */
function sharesOf(nodes: readonly Node[]): ReadonlyMap<string, number> {
  const cpu = new Map<string, number>();
  for (const node of nodes) {
    if (isExcluded(node) || !isNodeReady(node)) continue;
    const zone = zoneOf(node);
    const milli = quantityMilliValue(node.status.allocatable?.['cpu']);
    if (!zone || milli === 0)
      throw new RangeError('Insufficient Node information: allocatable CPU or zone not specified on one or more nodes');
    cpu.set(zone, (cpu.get(zone) ?? 0) + milli);
  }
  if (cpu.size === 0)
    throw new RangeError('Insufficient Node information: allocatable CPU or zone not specified on one or more nodes');
  if (cpu.size < 2) throw new RangeError('Nodes only ready in one zone');
  const all = [...cpu.values()].reduce((sum, milli) => sum + milli, 0);
  return new Map([...cpu].map(([zone, milli]) => [zone, milli / all]));
}

/**
 * For which zone each ready endpoint is: its own, but that no zone may have fewer than its part of the CPU calls for.
 * The same endpoints are always given away, so that slices rest. Throws RangeError, in upstream's words, where hints
 * would do harm.
 */
export function topologyHints(endpoints: readonly Endpoint[], nodes: readonly Node[]): ReadonlyMap<Endpoint, string> {
  const shares = sharesOf(nodes);
  const ready = endpoints.filter(({ conditions }) => conditions.ready === true);
  const size = `(${ready.length} endpoints, ${shares.size} zones)`;
  if (shares.size > ready.length) throw new RangeError(`Insufficient number of endpoints ${size}`);
  const minima = new Map(
    [...shares].map(([zone, share]) => [zone, Math.ceil((share * ready.length) / (1 + OVERLOAD))]),
  );
  const needed = [...minima.values()].reduce((sum, count) => sum + count, 0);
  if (needed > ready.length)
    throw new RangeError(
      `Unable to allocate minimum required endpoints to each zone without exceeding overload threshold ${size}`,
    );
  if (ready.some(({ zone }) => !zone)) throw new RangeError('One or more endpoints do not have a zone specified');
  return levelled(ready, minima);
}

function levelled(ready: readonly Endpoint[], minima: ReadonlyMap<string, number>): ReadonlyMap<Endpoint, string> {
  const byZone = new Map<string, Endpoint[]>([...minima.keys()].map((zone) => [zone, []]));
  const inOrder = [...ready].sort((a, b) => ((a.addresses[0] ?? '') < (b.addresses[0] ?? '') ? -1 : 1));
  for (const endpoint of inOrder) {
    const zone = endpoint.zone ?? '';
    const held = byZone.get(zone);
    if (held) held.push(endpoint);
    else byZone.set(zone, [endpoint]);
  }
  const spare = (zone: string): number => (byZone.get(zone)?.length ?? 0) - (minima.get(zone) ?? 0);
  for (const zone of [...minima.keys()].sort()) {
    while (spare(zone) < 0) {
      const giver = [...byZone.keys()].sort().reduce((best, next) => (spare(next) > spare(best) ? next : best));
      const given = byZone.get(giver)?.pop();
      if (!given) break;
      byZone.get(zone)?.push(given);
    }
  }
  return new Map([...byZone].flatMap(([zone, held]) => held.map((endpoint) => [endpoint, zone] as const)));
}
