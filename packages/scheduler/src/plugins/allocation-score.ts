import type { DeviceTotals } from '../dynamic-resources/device-totals.ts';
import type { NodeInfo } from '../snapshot/node-info.ts';
import type { Template } from '../snapshot/template.ts';

export interface ResourceWeight {
  readonly name: string;
  readonly weight: number;
}

/** A score of 0 to 10 for some shares of use in a hundred, ascending; straight lines between them. */
export type Shape = readonly { readonly utilization: number; readonly score: number }[];

/** How full a node should be that is preferred (scoringStrategy of upstream's NodeResourcesFitArgs). */
export interface ScoringStrategy {
  /** The emptier the better, which spreads load; the fuller the better, which leaves whole nodes free; or by a shape. */
  readonly type: 'LeastAllocated' | 'MostAllocated' | 'RequestedToCapacityRatio';
  readonly resources: readonly ResourceWeight[];
  readonly requestedToCapacityRatio?: { readonly shape: Shape };
}

/** What a node has of a resource as devices, where it does not have it itself. */
export type DevicesOn = (resource: string, info: NodeInfo) => DeviceTotals;

/** A pod whose nodes are scored. */
export interface ScoredPod {
  readonly template: Template;
  /** Absent: it asks for no devices. */
  readonly devicesOn?: DevicesOn;
}

/** 0 to 100 for a node as it would be with the pod on it. Resources that the node has not, or the pod does not ask for, are left out. */
export function allocationScore(strategy: ScoringStrategy, info: NodeInfo, { template, devicesOn }: ScoredPod): number {
  const isByShape = strategy.type === 'RequestedToCapacityRatio';
  let sum = 0;
  let weights = 0;
  for (const { name, weight } of strategy.resources) {
    let capacity = info.allocatable.get(name) ?? 0;
    let used = usedAfter(name, info, template);
    if (used === undefined) continue;
    if (capacity === 0) {
      const devices = devicesOn?.(name, info);
      if (!devices || devices.capacity === 0) continue;
      capacity = devices.capacity;
      used = devices.used + (template.requests.get(name) ?? 0);
    }
    const score = scoreOf(strategy, used, capacity);
    // By a shape, what is worth nothing does not count at all.
    if (isByShape && score <= 0) continue;
    sum += weight * score;
    weights += weight;
  }
  if (weights === 0) return 0;
  return isByShape ? Math.round(sum / weights) : Math.floor(sum / weights);
}

/** Neither of the resources that every node has: it counts only for pods that ask for it. */
export const isScalar = (name: string): boolean => name !== 'cpu' && name !== 'memory' && name !== 'ephemeral-storage';

/** What every node has counts for every pod, also for one that asks for none. */
function usedAfter(name: string, info: NodeInfo, template: Template): number | undefined {
  if (name === 'cpu') return info.scoredCpu + template.scoredCpu;
  if (name === 'memory') return info.scoredMemory + template.scoredMemory;
  const asked = template.requests.get(name) ?? 0;
  return asked === 0 && isScalar(name) ? undefined : (info.requested.get(name) ?? 0) + asked;
}

function scoreOf(strategy: ScoringStrategy, used: number, capacity: number): number {
  switch (strategy.type) {
    case 'LeastAllocated':
      return used > capacity ? 0 : Math.floor(((capacity - used) * 100) / capacity);
    case 'MostAllocated':
      return Math.floor((Math.min(used, capacity) * 100) / capacity);
    case 'RequestedToCapacityRatio':
      return scoreByShape(strategy.requestedToCapacityRatio?.shape ?? [], used, capacity);
  }
}

/** 0 to 100 for what would be used of a capacity; where it is more than there is, as for all of it. */
export function scoreByShape(shape: Shape, used: number, capacity: number): number {
  const utilization = capacity === 0 || used > capacity ? 100 : Math.floor((used * 100) / capacity);
  let before = shape[0];
  if (!before || utilization <= before.utilization) return 10 * (before?.score ?? 0);
  for (const point of shape) {
    if (utilization <= point.utilization && point !== before) {
      const rise = 10 * (point.score - before.score) * (utilization - before.utilization);
      return 10 * before.score + Math.trunc(rise / (point.utilization - before.utilization));
    }
    before = point;
  }
  return 10 * before.score;
}
