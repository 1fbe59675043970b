import { definePlugin, type SchedulerPlugin } from '../plugin.ts';
import type { NodeInfo } from '../snapshot/node-info.ts';
import type { Template } from '../snapshot/template.ts';
import { isScalar, type ResourceWeight } from './allocation-score.ts';

export interface BalancedAllocationArgs {
  readonly resources: readonly ResourceWeight[];
}

/** Prefers nodes whose resources would be used up evenly. */
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
    score: (_pod, info, template) => Math.floor((1 - deviation(sharesOf(names, info, template))) * 100),
  });
}

/** How much of each resource that the node has would be in use. */
function sharesOf(names: readonly string[], { allocatable, requested }: NodeInfo, template: Template): number[] {
  const shares: number[] = [];
  for (const name of names) {
    const capacity = allocatable.get(name) ?? 0;
    const asked = template.requests.get(name) ?? 0;
    if (capacity === 0 || (asked === 0 && isScalar(name))) continue;
    shares.push(Math.min(1, ((requested.get(name) ?? 0) + asked) / capacity));
  }
  return shares;
}

/** Of a single share there is none; of two it is half their distance. */
function deviation(shares: readonly number[]): number {
  if (shares.length < 2) return 0;
  if (shares.length === 2) return Math.abs((shares[0] as number) - (shares[1] as number)) / 2;
  const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length;
  return Math.sqrt(shares.reduce((sum, share) => sum + (share - mean) ** 2, 0) / shares.length);
}
