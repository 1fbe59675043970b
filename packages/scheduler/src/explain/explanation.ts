/** Why a pod is not where one would have it, and the smallest changes after which it would be. Plain JSON. */
export interface Explanation {
  readonly kind: 'Placement';
  readonly apiVersion: 'navarch.dev/v1';
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly state: PlacementState;
  /** One sentence for a person. */
  readonly headline: string;
  /** What the scheduler says of it, in upstream's words; absent: it would not try the pod, or finds a node. */
  readonly message?: string;
  /** Why no node at all will do. */
  readonly refusals: readonly Refusal[];
  /** Nodes with the same reasons together, the largest group first. */
  readonly groups: readonly NodeGroup[];
  /** Of single nodes: those that fit first, by their score, then those that lack least. */
  readonly nodes: readonly NodeVerdict[];
  readonly looked: Looked;
  /** The smallest first. Each was tried on a copy of the cluster: with it the pod has a node. */
  readonly fixes: readonly Fix[];
}

/**
 * `Scheduled`: it has a node. `Gated`: somebody holds it back. `Foreign`: another scheduler's. `Promised`: it waits for
 * those to go that make room for it. `Fits`: there is a node, the scheduler gets to it. `Unfit`: there is none.
 * `Refused`: its pods cannot be made.
 */
export type PlacementState = 'Scheduled' | 'Gated' | 'Foreign' | 'Promised' | 'Fits' | 'Unfit' | 'Refused' | 'Finished';

export interface Refusal {
  readonly plugin: string;
  readonly reasons: readonly string[];
  /** What the reasons leave out: which taint, how much is free. */
  readonly detail?: string;
}

export interface NodeGroup {
  readonly reasons: readonly string[];
  readonly plugins: readonly string[];
  readonly count: number;
  /** Some of them. */
  readonly nodes: readonly string[];
}

export interface NodeVerdict {
  readonly name: string;
  readonly fits: boolean;
  readonly misfits: readonly Refusal[];
  /** Weighted, by plugin, as far as nodes that fit are compared. */
  readonly scores?: Readonly<Record<string, number>>;
  readonly total?: number;
}

/** How much was looked at: large clusters are sampled. */
interface Looked {
  readonly nodes: number;
  readonly nodesLooked: number;
  /** Of which nodes are told one by one. */
  readonly nodesTold: number;
  /** Nodes on which changes were tried. */
  readonly nodesTried: number;
  /** Sets of changes that were tried. */
  readonly triedChanges: number;
}

export interface Fix {
  readonly summary: string;
  /** Where the pod fits then. */
  readonly node: string;
  /** By which fixes are ordered: how much they change, and for whom. */
  readonly size: number;
  /** What is to be done, for programs. Empty: it comes about by itself. */
  readonly changes: readonly Change[];
  /** The same for a terminal. */
  readonly commands: readonly string[];
}

export interface ObjectName {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace?: string;
  readonly name: string;
}

export interface PatchOperation {
  readonly op: 'add' | 'remove' | 'replace';
  readonly path: string;
  readonly value?: unknown;
}

export type Change =
  /** A JSON patch (RFC 6902). */
  | { readonly type: 'patch'; readonly object: ObjectName; readonly patch: readonly PatchOperation[] }
  /** Delete it and create it anew with this patch: the API lets nobody change it in place. */
  | { readonly type: 'recreate'; readonly object: ObjectName; readonly patch: readonly PatchOperation[] }
  | { readonly type: 'delete'; readonly object: ObjectName }
  | { readonly type: 'create'; readonly object: object };
