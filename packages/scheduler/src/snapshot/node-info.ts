import type { Node } from '@navarch/api';
import { keyOf } from '@navarch/machinery';
import { type Amounts, amountsOf, type Placed } from './template.ts';

const NO_LABELS: Readonly<Record<string, string>> = {};

/** One node with what is on it, kept up to date by events. */
export class NodeInfo {
  /** Where in arrays by node this one is: stays the same while the node exists, then another may have it. */
  readonly slot: number;
  /** A number that no other state of any node has: what was computed at the same number still holds. */
  generation = 0;
  /** As `generation`; moves too where a pod that is here has other labels. */
  population = 0;
  readonly name: string;
  node: Node;
  /** It is one to think with: what is on it is counted nowhere else. */
  readonly isCopy: boolean;
  labels: Readonly<Record<string, string>> = NO_LABELS;
  allocatable: Amounts = new Map();
  cpu = 0;
  memory = 0;
  podsMax = 0;
  readonly requested = new Map<string, number>();
  /** Requests with a floor for pods that ask for nothing. */
  scoredCpu = 0;
  scoredMemory = 0;
  readonly pods = new Map<string, Placed>();
  /** `TCP/0.0.0.0/80` of host ports in use. */
  readonly ports = new Map<string, number>();
  /** Pods that were promised this node; undefined: none. Not of a copy. */
  promised: ReadonlyMap<string, Placed> | undefined;
  /** Bytes of each image here, by every name it has. */
  images: ReadonlyMap<string, number> = new Map();

  /** As another that has the same node, where there is one: what was read of it is read once. */
  constructor(node: Node, slot: number, like?: NodeInfo) {
    this.name = node.metadata.name;
    this.node = node;
    this.slot = slot;
    this.isCopy = like !== undefined;
    if (like) {
      this.labels = like.labels;
      this.allocatable = like.allocatable;
      this.cpu = like.cpu;
      this.memory = like.memory;
      this.podsMax = like.podsMax;
      this.images = like.images;
    } else this.update(node, true);
  }

  update(node: Node, isNew = false): void {
    const before = this.node;
    this.node = node;
    this.labels = node.metadata.labels ?? NO_LABELS;
    if (isNew || before.status.allocatable !== node.status.allocatable) {
      this.allocatable = amountsOf(node.status.allocatable ?? node.status.capacity ?? {});
      this.cpu = this.allocatable.get('cpu') ?? 0;
      this.memory = this.allocatable.get('memory') ?? 0;
      this.podsMax = this.allocatable.get('pods') ?? 0;
    }
    if (isNew || before.status.images !== node.status.images) {
      this.images = new Map(
        (node.status.images ?? []).flatMap(({ names, sizeBytes = 0 }) =>
          (names ?? []).map((name) => [name, Number(sizeBytes)] as const),
        ),
      );
    }
  }

  add(placed: Placed): void {
    this.pods.set(keyOf(placed.pod), placed);
    this.#count(placed, 1);
  }

  /** What was taken away, if it was here. */
  remove(key: string): Placed | undefined {
    const held = this.pods.get(key);
    if (!held) return undefined;
    this.pods.delete(key);
    this.#count(held, -1);
    return held;
  }

  /** A copy to think with: pods added to it or taken from it are not counted anywhere else. */
  copy(): NodeInfo {
    const copy = new NodeInfo(this.node, this.slot, this);
    copy.generation = this.generation;
    for (const [name, amount] of this.requested) copy.requested.set(name, amount);
    copy.scoredCpu = this.scoredCpu;
    copy.scoredMemory = this.scoredMemory;
    for (const [key, placed] of this.pods) copy.pods.set(key, placed);
    for (const [port, count] of this.ports) copy.ports.set(port, count);
    return copy;
  }

  #count({ template }: Placed, sign: 1 | -1): void {
    for (const [name, amount] of template.requests)
      this.requested.set(name, (this.requested.get(name) ?? 0) + sign * amount);
    this.scoredCpu += sign * template.scoredCpu;
    this.scoredMemory += sign * template.scoredMemory;
    for (const port of template.hostPorts) {
      const count = (this.ports.get(port) ?? 0) + sign;
      if (count > 0) this.ports.set(port, count);
      else this.ports.delete(port);
    }
  }
}
