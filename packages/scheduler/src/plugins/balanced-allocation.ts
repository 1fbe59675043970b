import { definePlugin, type SchedulerPlugin } from '../plugin.ts';
import type { NodeInfo } from '../snapshot/node-info.ts';
import type { Amounts } from '../snapshot/template.ts';
import { type DevicesOn, isScalar, type ResourceWeight, type ScoredPod } from './allocation-score.ts';
import { scoredByResources } from './device-scores.ts';

export interface BalancedAllocationArgs {
  readonly resources: readonly ResourceWeight[];
}

const NAME = 'NodeResourcesBalancedAllocation';

/** Prefers nodes whose resources would be used up more evenly with the pod than they are without it (since 1.36). */
export const balancedAllocationBy = (args: BalancedAllocationArgs): SchedulerPlugin<undefined, ScoredPod> =>
  definePlugin<undefined, ScoredPod>({ name: NAME, scope: 'node', wakesOn: [], ...scoresBy(args).own });

/** What it says of pods that devices do for. */
export const deviceBalanceBy = (args: BalancedAllocationArgs): ReturnType<typeof scoresBy>['beside'] =>
  scoresBy(args).beside;

function scoresBy({ resources }: BalancedAllocationArgs): ReturnType<typeof scoredByResources> {
  const names = resources.map(({ name }) => name);
  return scoredByResources({
    name: NAME,
    resources,
    /** A pod that asks for none of them changes no balance. */
    weigh(pod, snapshot) {
      const template = snapshot.templateOf(pod);
      return names.some((name) => (template.requests.get(name) ?? 0) > 0) ? { template } : undefined;
    },
    score(info, { template: { requests }, devicesOn }) {
      const counted = names.filter((name) => (requests.get(name) ?? 0) > 0 || !isScalar(name));
      const evennessWith = (more: Amounts): number => evenness(counted, more, { info, devicesOn });
      const gain = evennessWith(requests) - evennessWith(NOTHING);
      // Neither better nor worse is 75; half of all that could be gained or lost counts.
      return 50 + Math.floor((50 + gain) / 2);
    },
  });
}

const NOTHING: Amounts = new Map();

interface Stock {
  readonly info: NodeInfo;
  readonly devicesOn: DevicesOn | undefined;
}

/** 50 to 100: how evenly the resources that the node has would be in use if so much more were. */
function evenness(names: readonly string[], more: Amounts, { info, devicesOn }: Stock): number {
  const shares: number[] = [];
  for (const name of names) {
    let capacity = info.allocatable.get(name) ?? 0;
    let used = info.requested.get(name) ?? 0;
    if (capacity === 0 && devicesOn) ({ capacity, used } = devicesOn(name, info));
    if (capacity > 0) shares.push(Math.min(1, (used + (more.get(name) ?? 0)) / capacity));
  }
  return Math.floor((1 - deviation(shares)) * 100);
}

/** Of a single share there is none; of two it is half their distance. */
function deviation(shares: readonly number[]): number {
  if (shares.length < 2) return 0;
  if (shares.length === 2) return Math.abs((shares[0] as number) - (shares[1] as number)) / 2;
  const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length;
  return Math.sqrt(shares.reduce((sum, share) => sum + (share - mean) ** 2, 0) / shares.length);
}
