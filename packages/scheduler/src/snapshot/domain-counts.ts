import type { NodeInfo } from './node-info.ts';

/** Which nodes count; named, so that what was counted for them is found again. */
export interface Eligibility {
  readonly key: string;
  test(node: NodeInfo): boolean;
}

const allNodes: Eligibility = { key: '', test: () => true };

/** All nodes, and a number that moves whenever one comes, goes, or changes its labels or taints. */
export interface Topology {
  readonly nodes: readonly NodeInfo[];
  readonly version: number;
}

interface View {
  readonly topologyKey: string;
  readonly eligibility: Eligibility;
  version: number;
  readonly counts: Map<string, number>;
}

/** Views of one count; a cluster has a few topology keys and pods few kinds of node affinity. */
const VIEWS_MAX = 64;

/**
 * How many pods of one sort are in each part of a cluster. Kept by pod that comes or goes; the sums by domain are made
 * when someone asks for them first, and anew only after nodes have changed.
 */
export class DomainCounts {
  readonly #topology: Topology;
  readonly #perNode = new Map<NodeInfo, number>();
  #bySlot = new Int32Array(0);
  readonly #views = new Map<string, View>();
  total = 0;

  constructor(topology: Topology) {
    this.#topology = topology;
  }

  on(node: NodeInfo): number {
    return this.#perNode.get(node) ?? 0;
  }

  /** As on(), by the slots of the nodes, for who asks about hundreds of them; slots beyond the end have none. */
  get bySlot(): Int32Array {
    return this.#bySlot;
  }

  add(node: NodeInfo, by: number): void {
    const count = (this.#perNode.get(node) ?? 0) + by;
    this.#setSlot(node.slot, count);
    if (count === 0) this.#perNode.delete(node);
    else this.#perNode.set(node, count);
    this.total += by;
    for (const { topologyKey, eligibility, counts, version } of this.#views.values()) {
      if (version !== this.#topology.version) continue;
      const domain = node.labels[topologyKey];
      if (domain === undefined || !eligibility.test(node)) continue;
      counts.set(domain, (counts.get(domain) ?? 0) + by);
    }
  }

  /** Pods by value of the label `topologyKey`; every domain that has an eligible node is there, if only with 0. */
  by(topologyKey: string, eligibility: Eligibility = allNodes): ReadonlyMap<string, number> {
    const key = `${topologyKey}\n${eligibility.key}`;
    let view = this.#views.get(key);
    if (!view) {
      this.#views.set(key, (view = { topologyKey, eligibility, version: -1, counts: new Map() }));
      if (this.#views.size > VIEWS_MAX) this.#views.delete(this.#views.keys().next().value ?? '');
    }
    if (view.version !== this.#topology.version) this.#fill(view);
    return view.counts;
  }

  #setSlot(slot: number, count: number): void {
    if (slot >= this.#bySlot.length) {
      const grown = new Int32Array(Math.max(slot + 1, this.#bySlot.length * 2));
      grown.set(this.#bySlot);
      this.#bySlot = grown;
    }
    this.#bySlot[slot] = count;
  }

  #fill(view: View): void {
    const { topologyKey, eligibility, counts } = view;
    counts.clear();
    for (const node of this.#topology.nodes) {
      const domain = node.labels[topologyKey];
      if (domain === undefined || !eligibility.test(node)) continue;
      counts.set(domain, (counts.get(domain) ?? 0) + this.on(node));
    }
    view.version = this.#topology.version;
  }
}
