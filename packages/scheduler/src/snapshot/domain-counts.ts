import { type Domains, NOWHERE } from './domains.ts';
import { DomainSums } from './domain-sums.ts';
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
  domains(label: string): Domains;
}

interface View {
  readonly topologyKey: string;
  readonly eligibility: Eligibility;
  version: number;
  sums: DomainSums;
  /** By slot: the domain of a node that counts, else NOWHERE. */
  counted: Int32Array;
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
  /** As #perNode, once somebody has asked for it: most counts are of few nodes and asked for nothing. */
  #bySlot: Int32Array | undefined;
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
    if (this.#bySlot) return this.#bySlot;
    this.#bySlot = new Int32Array(0);
    for (const [{ slot }, count] of this.#perNode) this.#setSlot(slot, count);
    return this.#bySlot;
  }

  add(node: NodeInfo, by: number): void {
    const count = (this.#perNode.get(node) ?? 0) + by;
    if (this.#bySlot) this.#setSlot(node.slot, count);
    if (count === 0) this.#perNode.delete(node);
    else this.#perNode.set(node, count);
    this.total += by;
    for (const { counted, sums, version } of this.#views.values()) {
      if (version !== this.#topology.version) continue;
      const domain = counted[node.slot] ?? NOWHERE;
      if (domain !== NOWHERE) sums.add(domain, by);
    }
  }

  /** Pods by value of the label `topologyKey`; every domain that has an eligible node is there, if only with 0. */
  by(topologyKey: string, eligibility: Eligibility = allNodes): DomainSums {
    const key = `${topologyKey}\n${eligibility.key}`;
    let view = this.#views.get(key);
    if (!view) {
      this.#views.set(key, (view = this.#made(topologyKey, eligibility)));
      if (this.#views.size > VIEWS_MAX) this.#views.delete(this.#views.keys().next().value ?? '');
    } else if (view.version !== this.#topology.version) Object.assign(view, this.#made(topologyKey, eligibility));
    return view.sums;
  }

  #setSlot(slot: number, count: number): void {
    let held = this.#bySlot ?? new Int32Array(0);
    if (slot >= held.length) {
      const grown = new Int32Array(Math.max(slot + 1, held.length * 2));
      grown.set(held);
      this.#bySlot = held = grown;
    }
    held[slot] = count;
  }

  #made(topologyKey: string, eligibility: Eligibility): View {
    const topology = this.#topology;
    const domains = topology.domains(topologyKey);
    const isEverywhere = eligibility === allNodes;
    const counted = isEverywhere ? domains.bySlot : new Int32Array(domains.bySlot.length).fill(NOWHERE);
    const sums = new DomainSums(domains);
    for (const node of topology.nodes) {
      const domain = domains.bySlot[node.slot] ?? NOWHERE;
      if (domain === NOWHERE || (!isEverywhere && !eligibility.test(node))) continue;
      if (!isEverywhere) counted[node.slot] = domain;
      sums.include(domain);
    }
    for (const [{ slot }, count] of this.#perNode) {
      const domain = counted[slot] ?? NOWHERE;
      if (domain !== NOWHERE) sums.add(domain, count);
    }
    return { topologyKey, eligibility, version: topology.version, sums, counted };
  }
}
