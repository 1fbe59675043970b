import { node, type Node } from '@navarch/api';
import type { MetricFamily } from '@navarch/base';
import type { CacheReader } from '@navarch/client';
import { gauge, tally } from '../shared/measure.ts';
import { readyOf } from './health.ts';

// Upstream's limits: how fast pods leave nodes that are lost, by how much of the zone is lost with them.
const RATE = 0.1;
const SECONDARY_RATE = 0.01;
const LARGE_ZONE = 50;
const UNHEALTHY_SHARE = 0.55;
const UNHEALTHY_MIN = 3;

export const zoneOf = ({ metadata: { labels } }: Node): string =>
  `${labels?.['topology.kubernetes.io/region'] ?? ''}:${labels?.['topology.kubernetes.io/zone'] ?? ''}`;

export interface ZoneView {
  /** Nodes a second that may be marked for eviction; 0 stops it. */
  rateOf(zone: string): number;
  /** Nobody is ready anywhere: it is rather this side that cannot see them, and no pod is evicted. */
  readonly isBlind: boolean;
}

/** `isSilent`: of nodes that are not known to be lost yet. */
export function viewZones(nodes: readonly Node[], isSilent: (n: Node) => boolean): ZoneView {
  const zones = new Map<string, { total: number; lost: number }>();
  for (const n of nodes) {
    const zone = zones.get(zoneOf(n)) ?? { total: 0, lost: 0 };
    zones.set(zoneOf(n), zone);
    zone.total += 1;
    if (readyOf(n)?.status !== 'True' || isSilent(n)) zone.lost += 1;
  }
  const isBlind = zones.size > 0 && [...zones.values()].every(({ total, lost }) => lost === total);
  return {
    isBlind,
    rateOf(name) {
      const { total, lost } = zones.get(name) ?? { total: 0, lost: 0 };
      const isPartlyLost = lost < total && lost >= UNHEALTHY_MIN && lost / total >= UNHEALTHY_SHARE;
      if (!isPartlyLost) return RATE;
      return total > LARGE_ZONE ? SECONDARY_RATE : 0;
    },
  };
}

/** A zone as upstream calls it in metrics; none where a node says neither region nor zone. */
export function zoneLabel({ metadata: { labels } }: Node): string {
  const region = labels?.['topology.kubernetes.io/region'] ?? '';
  const zone = labels?.['topology.kubernetes.io/zone'] ?? '';
  return region === '' && zone === '' ? '' : `${region}:\u0000:${zone}`;
}

export function zoneGauges(cache: CacheReader): readonly MetricFamily[] {
  const nodes = cache.list(node);
  const labelsOf = (n: Node): { readonly zone: string } => ({ zone: zoneLabel(n) });
  const sizes = tally(nodes, labelsOf);
  const lost = tally(
    nodes.filter((n) => readyOf(n)?.status !== 'True'),
    labelsOf,
  );
  const lostIn = (zone: string | undefined): number => lost.find(({ labels }) => labels?.['zone'] === zone)?.value ?? 0;
  const each = (valueOf: (size: number, gone: number) => number): typeof sizes =>
    sizes.map(({ labels = {}, value }) => ({ labels, value: valueOf(value, lostIn(labels['zone'])) }));
  return [
    gauge('node_collector_zone_size', '[ALPHA] Number of registered nodes in each zone', sizes),
    gauge(
      'node_collector_zone_health',
      '[ALPHA] Percentage of healthy nodes in each zone',
      each((size, gone) => ((size - gone) * 100) / size),
    ),
    gauge(
      'node_collector_unhealthy_nodes_in_zone',
      '[ALPHA] Number of nodes in each zone that are not ready',
      each((_, gone) => gone),
    ),
  ];
}
