import { definePlugin, type SchedulerPlugin } from '../plugin.ts';
import type { NodeInfo } from '../snapshot/node-info.ts';
import type { Amounts, Template } from '../snapshot/template.ts';
import { isScalar, type ResourceWeight } from './allocation-score.ts';

export interface BalancedAllocationArgs {
  readonly resources: readonly ResourceWeight[];
}

/** Prefers nodes whose resources would be used up more evenly with the pod than they are without it (since 1.36). */
export function balancedAllocationBy({ resources }: BalancedAllocationArgs): SchedulerPlugin<undefined, Template> {
  const names = resources.map(({ name }) => name);
  return definePlugin<undefined, Template>({
    name: 'NodeResourcesBalancedAllocation',
    scope: 'node',
    wakesOn: [],
    /** A pod that asks for none of them changes no balance. */
    weigh(pod, snapshot) {
      const template = snapshot.templateOf(pod);
      return names.some((name) => (template.requests.get(name) ?? 0) > 0) ? template : undefined;
    },
    score(_pod, info, template) {
      const counted = names.filter((name) => (template.requests.get(name) ?? 0) > 0 || !isScalar(name));
      const gain = evenness(counted, info, template.requests) - evenness(counted, info, NOTHING);
      // Neither better nor worse is 75; half of all that could be gained or lost counts.
      return 50 + Math.floor((50 + gain) / 2);
    },
  });
}

const NOTHING: Amounts = new Map();

/** 50 to 100: how evenly the resources that the node has would be in use if so much more were. */
function evenness(names: readonly string[], { allocatable, requested }: NodeInfo, more: Amounts): number {
  const shares: number[] = [];
  for (const name of names) {
    const capacity = allocatable.get(name) ?? 0;
    if (capacity > 0) shares.push(Math.min(1, ((requested.get(name) ?? 0) + (more.get(name) ?? 0)) / capacity));
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
