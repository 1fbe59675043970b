import type { Node, Pod } from '@navarch/api';
import {
  imageScore,
  isOutside,
  namedOnly,
  nodeAffinityScores,
  featuresRefusal,
  nodeRefusal,
  portsRefusal,
  taintScores,
} from './nodes.ts';
import { nameOf, type Plain, type Refusal } from './plain.ts';
import { podAffinityRefusal, podAffinityScores } from './pod-affinity.ts';
import { allocation, balance, resourcesFit, type Strategy } from './resources.ts';
import { spreadRefusal, spreadScores } from './spread.ts';
import {
  bindingRefusal,
  claimsRefusal,
  limitsRefusal,
  restrictionsRefusal,
  storageScore,
  zoneRefusal,
} from './volumes.ts';

const CPU_AND_MEMORY = [
  { name: 'cpu', weight: 1 },
  { name: 'memory', weight: 1 },
];
/** The arguments of plugins that the model knows; what is absent is upstream's default. */
export interface Settings {
  readonly strategy?: Strategy;
  readonly hardPodAffinityWeight?: number;
}

const LEAST_ALLOCATED: Strategy = { type: 'LeastAllocated', resources: CPU_AND_MEMORY, shape: [] };

export interface Answer {
  /** Why no node at all will do. */
  readonly refusal: Refusal | undefined;
  /** By name, of the nodes that do not fit; nodes that the pod does not name are not looked at. */
  readonly refusals: ReadonlyMap<string, Refusal>;
  readonly feasible: readonly string[];
  /** By plugin, then by the nodes that fit. */
  readonly scores: ReadonlyMap<string, ReadonlyMap<string, number>>;
  /** The weighted sums of the default profile. */
  readonly totals: ReadonlyMap<string, number>;
}

const WEIGHTS: Readonly<Record<string, number>> = {
  TaintToleration: 3,
  NodeAffinity: 2,
  NodeResourcesFit: 1,
  PodTopologySpread: 2,
  InterPodAffinity: 2,
  NodeResourcesBalancedAllocation: 1,
  ImageLocality: 1,
  VolumeBinding: 1,
};

/** What upstream's default profile, with these arguments, says of a pod and all nodes. */
export function answer(pod: Pod, cluster: Plain, settings: Settings = {}): Answer {
  const { strategy = LEAST_ALLOCATED, hardPodAffinityWeight = 1 } = settings;
  const refusals = new Map<string, Refusal>();
  const feasible: Node[] = [];
  const names = namedOnly(pod);
  for (const node of cluster.nodes) {
    if (isOutside(node, names)) continue;
    const refused = firstRefusal(pod, node, cluster);
    if (refused) refusals.set(nameOf(node), refused);
    else feasible.push(node);
  }
  const columns: Readonly<Record<string, readonly number[]>> = {
    TaintToleration: taintScores(pod, feasible),
    NodeAffinity: nodeAffinityScores(pod, feasible),
    NodeResourcesFit: feasible.map((node) => allocation(pod, node, cluster, strategy)),
    PodTopologySpread: spreadScores(pod, feasible, cluster),
    InterPodAffinity: podAffinityScores(pod, feasible, cluster, hardPodAffinityWeight),
    NodeResourcesBalancedAllocation: feasible.map((node) => balance(pod, node, cluster, CPU_AND_MEMORY)),
    ImageLocality: feasible.map((node) => imageScore(pod, node, cluster)),
    VolumeBinding: feasible.map((node) => storageScore(pod, node, cluster)),
  };
  const byNode = (scores: readonly number[]): ReadonlyMap<string, number> =>
    new Map(feasible.map((node, i) => [nameOf(node), scores[i] as number]));
  const sums = feasible.map((_, i) =>
    Object.entries(columns).reduce((sum, [name, scores]) => sum + (WEIGHTS[name] ?? 0) * (scores[i] as number), 0),
  );
  return {
    refusal: claimsRefusal(pod, cluster),
    refusals,
    feasible: feasible.map(nameOf),
    scores: new Map(Object.entries(columns).map(([name, scores]) => [name, byNode(scores)])),
    totals: byNode(sums),
  };
}

/** In the order of the default profile: the first who refuses is the one that is told of. */
export function firstRefusal(pod: Pod, node: Node, cluster: Plain): Refusal | undefined {
  return (
    nodeRefusal(pod, node) ??
    portsRefusal(pod, node, cluster) ??
    resourcesFit(pod, node, cluster) ??
    featuresRefusal(pod, node) ??
    restrictionsRefusal(pod, node, cluster) ??
    limitsRefusal(pod, node, cluster) ??
    bindingRefusal(pod, node, cluster) ??
    zoneRefusal(pod, node, cluster) ??
    spreadRefusal(pod, node, cluster) ??
    podAffinityRefusal(pod, node, cluster)
  );
}
