import type { Node, Pod } from '@navarch/api';

/** Nodes that are alike and that somebody can make more or fewer of. */
export interface NodeGroup {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  /** How many there are to be: more than there are while some are on their way. */
  readonly target: number;
  /** What a new one will be: labels, taints, what it has room for. */
  readonly template: Node;
  /** Names of its nodes that the API knows, or will. */
  readonly nodes: readonly string[];
}

/** Who makes nodes and takes them away: a cloud, or a simulation. What cannot be done is thrown, in words for a person. */
export interface NodeGroups {
  list(signal: AbortSignal): Promise<readonly NodeGroup[]>;
  increase(group: string, by: number, signal: AbortSignal): Promise<void>;
  /** These and no others, for good; the target goes down with them. */
  remove(group: string, nodes: readonly Node[], signal: AbortSignal): Promise<void>;
}

/** A cluster as it might be: the scheduler's own judgement on it, without anything being done. */
interface Trial {
  addNode(node: Node): void;
  /** Puts the pod on one of the nodes; undefined where the scheduler would find none, and why by number of nodes. */
  place(
    pod: Pod,
  ): { readonly node: string } | { readonly node: undefined; readonly reasons: ReadonlyMap<string, number> };
}

/** Begins one with these nodes, and these pods on them. */
export type BeginTrial = (nodes: readonly Node[], pods: readonly Pod[]) => Trial;
