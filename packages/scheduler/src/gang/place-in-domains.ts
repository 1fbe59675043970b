import type { Random } from '@navarch/base';
import type { Unfit } from '../unfit.ts';
import { equalJson } from '@navarch/machinery';
import { definePlugin, type Profile, type SchedulerPlugin } from '../plugin.ts';
import type { NodeInfo } from '../snapshot/node-info.ts';
import { type GroupPlacement, type GroupRequest, placeGroup, type Rejected } from './place-group.ts';

/** Upstream's name for what keeps a group together. */
const TOPOLOGY = 'TopologyPlacementGenerator';

/** Another label of a node may make a domain of what was none. */
export const topologyPlacement: SchedulerPlugin = definePlugin({
  name: TOPOLOGY,
  scope: 'cluster',
  wakesOn: ['node-added', 'node-changed'],
  wakes: (_pod, event) =>
    event.type !== 'node-changed' || !equalJson(event.node.metadata.labels, event.previous.metadata.labels),
});

export interface Topology {
  /** The label of nodes whose values are the domains. */
  readonly key: string;
  /** The domain that pods of the group are in already. */
  readonly required: string | undefined;
}

/** Where a group goes that has to stay in one domain, and among how many domains that was sought. */
export interface DomainPlacement {
  readonly placement: GroupPlacement;
  readonly domains: number;
}

/**
 * All pods of the group in one domain: each is tried as if there were no other node. The one that takes most pods is the
 * best; others are evicted only where the group fits in no domain without, and in the domain that costs fewest pods.
 */
export function placeInDomains(request: GroupRequest, { key, required }: Topology): DomainPlacement {
  const labelled = request.snapshot.nodes.filter(({ labels }) => labels[key] !== undefined);
  const byDomain = Map.groupBy(labelled, ({ labels }) => labels[key] ?? '');
  const domains = [...byDomain].filter(([name]) => required === undefined || name === required).toSorted(byName);
  if (domains.length === 0) return { placement: nowhere(request, { key, required }), domains: 0 };
  const found = domains.map(([, nodes]) => within(nodes, request));
  return { placement: best(found, request.random), domains: domains.length };
}

const byName = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number => (a < b ? -1 : 1);

function within(nodes: readonly NodeInfo[], request: GroupRequest): GroupPlacement {
  const names = new Set(nodes.map(({ name }) => name));
  const placement = placeGroup({ ...request, profile: narrowed(request.profile, names) });
  const here = <R extends Rejected>(one: R): R => ({ ...one, nodes: nodes.length, unfit: ofDomain(one.unfit) });
  if (placement.outcome === 'fits') return { ...placement, rejected: placement.rejected.map(here) };
  return { ...placement, rejected: placement.rejected.map(here) };
}

/** The plugins say of nodes what they said before: what is known of nodes holds. */
function narrowed(profile: Profile, names: ReadonlySet<string>): Profile {
  const plugin = definePlugin({ ...topologyPlacement, narrow: () => names });
  return {
    ...profile,
    plugins: [{ plugin, weight: 0 }, ...profile.plugins],
    remembersAs: profile.remembersAs ?? profile,
  };
}

/** Nodes of other domains are no reason: there are none in this one's eyes. */
function ofDomain(unfit: Unfit): Unfit {
  const reasons = [...unfit.reasons].filter(([reason]) => !reason.includes(`[${TOPOLOGY}`));
  return { ...unfit, reasons: new Map(reasons) };
}

function best(found: readonly GroupPlacement[], random: Random): GroupPlacement {
  const fits = found.filter(({ outcome }) => outcome === 'fits');
  if (fits.length > 0) {
    const most = Math.max(...fits.map(({ homes }) => homes.length));
    const all = fits.filter(({ homes }) => homes.length === most);
    return all[all.length > 1 ? random.uint32() % all.length : 0] as GroupPlacement;
  }
  const costOf = (placement: GroupPlacement): number =>
    placement.outcome === 'makes room' ? placement.evictions.length : Infinity;
  // Where it fits nowhere the first domain speaks for all.
  return found.reduce((least, each) => (costOf(each) < costOf(least) ? each : least));
}

function nowhere({ pods }: GroupRequest, { key, required }: Topology): GroupPlacement {
  const refusal = `no node has the label ${key}${required === undefined ? '' : `=${required}`}, which the pods of the group must have in common`;
  const unfit = {
    node: undefined,
    looked: 0,
    reasons: new Map(),
    refusal,
    rejectedBy: new Set<string>(),
    resolvable: [],
  };
  return {
    outcome: 'waits',
    homes: [],
    rejected: pods.map((pod) => ({ pod, unfit, message: '' })),
    keepsPromises: false,
  };
}
