import type { Pod } from '@navarch/api';
import { invariant, type Random } from '@navarch/base';
import { keyOf } from '@navarch/machinery';
import { Cycle } from '../cycle.ts';
import { listed, type Unfit } from '../unfit.ts';
import { definePlugin, type PreemptionBounds, type Profile, type SchedulerPlugin } from '../plugin.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import { Memory } from '../verdicts.ts';
import type { NodeInfo } from '../snapshot/node-info.ts';
import type { CandidateMemory, Offer } from './candidate-memory.ts';
import { isMarked } from './evict.ts';
import { type Candidate, type EvictedWith, gentlest, NO_VICTIMS, priorityOf, victimsOn } from './victims.ts';
import type { Budget } from './budget.ts';

export type Preemption =
  | {
      readonly node: string;
      readonly victims: readonly Pod[];
      /** How many of them go against a budget. */
      readonly violations: number;
    }
  | {
      readonly node: undefined;
      /** The tail of the pod's message: why no eviction helps. */
      readonly message: string;
      /** The pod had its chance on the node it was promised: others may have that room. */
      readonly losesPromise: boolean;
    };

export interface PreemptionRequest {
  readonly pod: Pod;
  readonly unfit: Unfit;
  readonly snapshot: Snapshot;
  readonly profile: Profile;
  readonly budgets: readonly Budget[];
  readonly random: Random;
  readonly memory?: CandidateMemory;
}

/** The plugin that stands for preemption in a profile. Upstream's bounds: a tenth of the nodes, and at least a hundred. */
export const defaultPreemptionBy = (preemption: PreemptionBounds): SchedulerPlugin =>
  definePlugin({ name: 'DefaultPreemption', scope: 'cluster', wakesOn: [], preemption });

/** Whose eviction would make room for a pod that fits nowhere, and where; pure, like `place`. */
export function preempt(request: PreemptionRequest): Preemption {
  const found = candidatesFor(request);
  return 'message' in found ? found : chosen(found);
}

/** The gentlest of several; there is at least one. */
export function chosen(candidates: readonly Candidate[]): Preemption {
  const best = gentlest(candidates);
  invariant(best, 'there are candidates');
  const { node, victims, violations } = best;
  return { node: node.name, victims: victims.map(({ pod }) => pod), violations };
}

/** Nodes that would do, and who would have to go there; or why no eviction helps. */
export function candidatesFor(
  request: PreemptionRequest,
): readonly Candidate[] | Extract<Preemption, { readonly node: undefined }> {
  const {
    unfit: { resolvable },
    snapshot,
    profile,
  } = request;
  const bounds = profile.plugins.find(({ plugin }) => plugin.preemption)?.plugin.preemption;
  if (!bounds) return { node: undefined, message: '', losesPromise: true };
  const ineligible = ineligibility(request);
  if (ineligible) return { node: undefined, message: `preemption: ${ineligible}`, losesPromise: false };
  const reasons = new Map<string, number>();
  const add = (reason: string, count = 1): void => void reasons.set(reason, (reasons.get(reason) ?? 0) + count);
  const candidates = candidatesOf(request, bounds, add);
  if (candidates.length > 0) return candidates;
  const others = snapshot.nodes.length - resolvable.length;
  if (others > 0) add('Preemption is not helpful for scheduling', others);
  return {
    node: undefined,
    message: `preemption: 0/${snapshot.nodes.length} nodes are available: ${listed(reasons)}.`,
    losesPromise: true,
  };
}

function candidatesOf(
  { pod, unfit: { resolvable }, snapshot, profile, budgets, random, memory }: PreemptionRequest,
  { minCandidateNodesAbsolute, minCandidateNodesPercentage }: PreemptionBounds,
  add: (reason: string, count?: number) => void,
): readonly Candidate[] {
  if (resolvable.length === 0) return [];
  if (snapshot.lowestPriority >= priorityOf(pod)) {
    add(NO_VICTIMS, resolvable.length);
    return [];
  }
  const cycle = new Cycle(pod, snapshot, profile, { memory: new Memory() });
  const enough = Math.max(
    minCandidateNodesAbsolute,
    Math.floor((resolvable.length * minCandidateNodesPercentage) / 100),
  );
  const known = cycle.isLocal ? memory?.of(snapshot.templateOf(pod).shape, profile, budgets) : undefined;
  // What is known holds for every other pod of the shape.
  const own = snapshot.node(snapshot.nominatedNodeOf(keyOf(pod)) ?? '');
  const hasMates = profile.plugins.some(({ plugin }) => plugin.evictedWith);
  const evictedWith: EvictedWith = (placed) => {
    for (const { plugin } of profile.plugins) {
      const mates = plugin.evictedWith?.(placed, snapshot);
      if (mates) return mates;
    }
    return undefined;
  };
  const offerOn = (node: NodeInfo): Offer => {
    const find = (): Offer => victimsOn(node, cycle, budgets, evictedWith);
    // Who goes from here takes others along from elsewhere: that is no matter of this node alone.
    const isAlone = !hasMates || ![...node.pods.values()].some((placed) => evictedWith(placed));
    return known && isAlone && node !== own ? known.offerOf(node, find) : find();
  };
  const begin = random.uint32() % resolvable.length;
  const candidates: Candidate[] = [];
  const refused: (readonly string[])[] = [];
  // However many there are: one that keeps all budgets is looked for as long as there is none.
  let keepsBudgets = false;
  for (let i = 0; i < resolvable.length && !(keepsBudgets && candidates.length >= enough); i++) {
    const node = resolvable[(begin + i) % resolvable.length] as NodeInfo;
    const found = offerOn(node);
    if ('node' in found) {
      candidates.push(found);
      keepsBudgets ||= found.violations === 0;
    } else refused.push(found);
  }
  if (candidates.length === 0) for (const reasons of refused) for (const reason of reasons) add(reason);
  return candidates;
}

/** Why the pod may not evict others now. While those it evicted are still going, it waits for them. */
function ineligibility({ pod, unfit, snapshot }: PreemptionRequest): string | undefined {
  if (pod.spec.preemptionPolicy === 'Never') return 'not eligible due to preemptionPolicy=Never.';
  const promised = pod.status.nominatedNodeName ? snapshot.node(pod.status.nominatedNodeName) : undefined;
  // Where nobody's going helps any more, there is nothing to wait for.
  if (!promised || !unfit.resolvable.includes(promised)) return undefined;
  for (const { pod: other } of promised.pods.values()) {
    if (priorityOf(other) < priorityOf(pod) && isPreempted(other))
      return 'not eligible due to a terminating pod on the nominated node.';
  }
  return undefined;
}

/** It goes because the scheduler sent it away, not for a reason of its own. */
const isPreempted = (pod: Pod): boolean => pod.metadata.deletionTimestamp !== undefined && isMarked(pod);
