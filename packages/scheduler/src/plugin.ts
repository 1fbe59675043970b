import type { Node, Pod, resourceClaim } from '@navarch/api';
import type { Api, CacheReader } from '@navarch/client';
import { type Key, keyOf, type Kind, type ObjectOf } from '@navarch/machinery';
import type { DomainLimit } from './snapshot/domain-limits.ts';
import type { NodeInfo } from './snapshot/node-info.ts';
import type { Placed } from './snapshot/template.ts';
import type { Snapshot } from './snapshot/snapshot.ts';

/** Why a node does not fit: upstream's words, and whether evicting other pods could help. */
export interface Misfit {
  readonly reasons: readonly string[];
  readonly isResolvable: boolean;
}

export const misfit = (isResolvable: boolean, ...reasons: readonly string[]): Misfit =>
  Object.freeze({ reasons, isResolvable });

/** What happens in a cluster that can make room for a pod. `pod-*` are about pods that have a node. */
export type ClusterEvent =
  | { readonly type: 'node-added'; readonly node: Node }
  | { readonly type: 'node-changed'; readonly node: Node; readonly previous: Node }
  | { readonly type: 'pod-placed' | 'pod-removed'; readonly pod: Pod }
  | { readonly type: 'pod-changed'; readonly pod: Pod; readonly previous: Pod }
  /** Claims, volumes, storage classes, what drivers say of nodes. */
  | { readonly type: 'storage-changed' }
  /** A claim for devices; undefined: it is gone, or was not there before. */
  | {
      readonly type: 'claim-changed';
      readonly claim: ResourceClaim | undefined;
      readonly previous: ResourceClaim | undefined;
    }
  /** Which devices there are, their classes and taints, and which were given back. */
  | { readonly type: 'devices-changed' }
  /** A group of pods, or which pods it has. */
  | { readonly type: 'group-changed'; readonly key: Key };

type ResourceClaim = ObjectOf<typeof resourceClaim>;

/** What an event is about, where gates may wait for just that. */
export function aboutOf(event: ClusterEvent): string | undefined {
  if (event.type === 'group-changed') return topics.group(event.key);
  if (event.type !== 'claim-changed') return undefined;
  const claim = event.claim ?? event.previous;
  return claim && topics.claim(keyOf(claim));
}

/** By key. */
export const topics = {
  claim: (key: Key): string => `claim ${key}`,
  group: (key: Key): string => `group ${key}`,
};

/** A pod that comes to a node or leaves it, in thought only: preemption asks what would fit then. */
export interface Shift {
  readonly placed: Placed;
  readonly node: NodeInfo;
  readonly by: 1 | -1;
}

/** What has to be done, and to come about, between the decision and the binding: the only hook with an effect is this value. */
export interface Errand {
  /** What upstream says before what went wrong. */
  readonly says: string;
  /** How long all of it may take; then the pod is placed anew. */
  readonly waitMsMax: number;
  /** What is said about the pod when the wait for its conditions begins. */
  readonly waits?: { readonly pod: Pod; readonly reason: string; readonly message: string };
  /** What the pod is told when it has taken too long. */
  readonly lateMessage?: string;
  /** Keeps what was decided on from others, from this moment on. */
  reserve?(): void;
  /** Undoes just that: nothing was written. */
  unreserve?(): void;
  /** Tells the server what was decided. Rejects where that cannot be: the pod is placed anew. */
  write(api: Api, nowMs: number): Promise<void>;
  /** The pod is not bound: takes back what was kept and written. Rejects where that is not known: to be asked again. */
  cancel?(api: Api): Promise<void>;
  /** Drivers of the devices that have to get ready: how the wait ends is counted for each. */
  readonly awaited?: readonly string[];
  /** What must come about, one after the other. */
  readonly conditions: readonly Condition[];
}

/** What may make a pod fit that fits nowhere, without a harm to anybody. */
export interface Remedy {
  /** What the pod is told of it. */
  readonly message: string;
  write(api: Api): Promise<void>;
}

/** How many nodes are looked at for pods to evict before the gentlest is chosen: the larger of both. */
export interface PreemptionBounds {
  readonly minCandidateNodesPercentage: number;
  readonly minCandidateNodesAbsolute: number;
}

interface Condition {
  /** What `isMet` looks at: it is asked again whenever one of these changes. */
  readonly kind: Kind<any>;
  /** Throws when it never will be: the pod is placed anew. */
  isMet(objects: CacheReader): boolean;
}

/**
 * Hooks are synchronous and pure: a cycle looks at thousands of nodes, and must give the same answer twice.
 * `Prepared` and `Weighed` are what a plugin computed once per pod; no other plugin can see them, so they need no key
 * and no cast. All hooks may be left out.
 */
export interface SchedulerPlugin<Prepared = undefined, Weighed = undefined> {
  readonly name: string;
  /**
   * `node`: `filter` and `score` look at what the pod asks of a node (see Shape: not at its labels, its volumes, or what
   * it says of other pods) and at that one node only, so that what they say is kept for all pods of one shape until the
   * node changes. `cluster`: they look further, and are asked every time.
   */
  readonly scope: 'node' | 'cluster';
  /** Events that may make a pod fit that this plugin turned away. */
  readonly wakesOn: readonly ClusterEvent['type'][];
  /** Whether that very event may help that very pod. Absent: every event of `wakesOn` may. */
  wakes?(pod: Pod, event: ClusterEvent, snapshot: Snapshot): boolean;
  /** Why the pod must not even be tried; undefined: it may. Asked again when the pod changes, and after events of what it awaits. */
  gate?(pod: Pod, snapshot: Snapshot): string | undefined;
  /** What else than a change of the pod may open its gate: `topics`. */
  awaits?(pod: Pod): readonly string[];
  /** Why no node at all will do, whatever it is like. */
  refuse?(pod: Pod, snapshot: Snapshot): Misfit | undefined;
  /** Names of the only nodes that can fit, where the pod tells them. */
  narrow?(pod: Pod): ReadonlySet<string> | undefined;
  /** undefined: this plugin has nothing to filter for this pod. */
  prepare?(pod: Pod, snapshot: Snapshot): Prepared | undefined;
  filter?(pod: Pod, node: NodeInfo, prepared: Prepared): Misfit | undefined;
  /**
   * What `filter` asks of nodes as they are, as numbers by slot: it lets pass those that are beyond no limit, and no
   * other. Thousands of nodes are asked for every pod, and most of them for nothing more than this. Only for `cluster`
   * plugins; absent: filter says.
   */
  limits?(prepared: Prepared): readonly DomainLimit[];
  /** `prepared` as it would be after the shift. Absent where it does not depend on other pods. */
  shift?(prepared: Prepared, pod: Pod, shift: Shift): Prepared;
  /** undefined: this plugin prefers no node for this pod. `feasible` are the slots of the nodes that are compared. */
  weigh?(pod: Pod, snapshot: Snapshot, feasible: Int32Array): Weighed | undefined;
  /** 0 to 100 (or any range where `normalize` follows), more is better. */
  score?(pod: Pod, node: NodeInfo, weighed: Weighed): number;
  /** The same, of the node of a slot, where numbers by slot are all that it takes. Only for `cluster` plugins. */
  scoreAt?(slot: number, weighed: Weighed): number;
  /** What to try before pods are evicted for one that this plugin turned away. */
  remedy?(pod: Pod, snapshot: Snapshot): Remedy | undefined;
  /** Others may be evicted for a pod that fits nowhere. */
  readonly preemption?: PreemptionBounds;
  /** Who else has to go when that pod is evicted, itself included; undefined: it goes alone. */
  evictedWith?(placed: Placed, snapshot: Snapshot): readonly Placed[] | undefined;
  /** What must come about before the pod may be bound to that node. */
  errand?(pod: Pod, node: NodeInfo, snapshot: Snapshot): Errand | undefined;
  /** Brings raw scores to 0..100, in place. */
  normalize?(scores: Float64Array): void;
}

export interface Weighted {
  readonly plugin: SchedulerPlugin<any, any>;
  readonly weight: number;
}

export interface Profile {
  /** spec.schedulerName of the pods that this profile is for. */
  readonly schedulerName: string;
  /** Filters run in this order: cheap and selective ones first. */
  readonly plugins: readonly Weighted[];
  /** The one whose verdicts hold for this one as well: it says the same of everything. */
  readonly remembersAs?: Profile;
  /** How many feasible nodes in a hundred are enough to choose from; absent: fewer the larger the cluster. */
  readonly percentageOfNodesToScore?: number;
}

export const definePlugin = <Prepared = undefined, Weighed = undefined>(
  plugin: SchedulerPlugin<Prepared, Weighed>,
): SchedulerPlugin<Prepared, Weighed> => Object.freeze(plugin);

/** Scales so that the largest becomes 100; `reverse`: so that the smallest does. */
export function normalizeToHundred(scores: Float64Array, reverse: boolean): void {
  let max = 0;
  for (let i = 0; i < scores.length; i++) if ((scores[i] as number) > max) max = scores[i] as number;
  for (let i = 0; i < scores.length; i++) {
    const share = max === 0 ? 0 : Math.floor(((scores[i] as number) * 100) / max);
    scores[i] = reverse ? 100 - share : share;
  }
}
