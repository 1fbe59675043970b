import type { Node } from '@navarch/api';
import { exponential, type MetricFamily, type Metrics } from '@navarch/base';
import type { Change } from '../controller.ts';
import { count, gauge, spread } from '../shared/measure.ts';
import type { BlockRange } from './cidr.ts';

// Upstream's names and words, with their slips: somebody's dashboard has them.

const SUBSYSTEM = 'node_ipam_controller';
const ALLOCATED = count(
  `${SUBSYSTEM}_cidrset_cidrs_allocations_total`,
  '[ALPHA] Counter measuring total number of CIDR allocations.',
);
const RELEASED = count(
  `${SUBSYSTEM}_cidrset_cidrs_releases_total`,
  '[ALPHA] Counter measuring total number of CIDR releases.',
);
/** Blocks that were looked at and taken already, before one was found. */
export const TRIES = spread(
  `${SUBSYSTEM}_cidrset_allocation_tries_per_request`,
  '[ALPHA] Number of endpoints added on each Service sync',
  exponential(1, 5, 5),
);

/** The n-th block of a node is of the n-th range. */
const blocksOf = (one: Node | undefined): readonly string[] => one?.spec.podCIDRs ?? [];

/** What nodes have when it begins counts as given to them, as it must not be given to others. */
export function countBlocks(
  { current, previous }: Change<Node>,
  ranges: readonly BlockRange[],
  metrics: Metrics,
): void {
  const [now, before] = [blocksOf(current), blocksOf(previous)];
  for (const [i, { cidr }] of ranges.entries()) {
    if (now[i] === before[i]) continue;
    if (now[i] !== undefined) ALLOCATED.add(metrics, { clusterCIDR: cidr });
    if (before[i] !== undefined) RELEASED.add(metrics, { clusterCIDR: cidr });
  }
}

/** `reserved`: ranges that no node may have anything of; their blocks count as taken. */
export function* blockGauges(
  ranges: readonly BlockRange[],
  nodes: readonly Node[],
  reserved: readonly string[],
): Iterable<MetricFamily> {
  const samples = (value: (range: BlockRange, i: number) => number) =>
    ranges.map((range, i) => ({ labels: { clusterCIDR: range.cidr }, value: value(range, i) }));
  const taken = (range: BlockRange, i: number): number =>
    nodes.filter((one) => blocksOf(one)[i] !== undefined).length + countIn(range, reserved);
  yield gauge(
    `${SUBSYSTEM}_cirdset_max_cidrs`,
    '[ALPHA] Maximum number of CIDRs that can be allocated.',
    samples((range) => range.count),
  );
  yield gauge(
    `${SUBSYSTEM}_cidrset_usage_cidrs`,
    '[ALPHA] Gauge measuring percentage of allocated CIDRs.',
    samples((range, i) => taken(range, i) / range.count),
  );
}

const countIn = (range: BlockRange, cidrs: readonly string[]): number =>
  cidrs.reduce((sum, cidr) => {
    const place = range.overlap(cidr);
    return place ? sum + place[1] - place[0] + 1 : sum;
  }, 0);
