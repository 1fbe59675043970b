import { isTerminal, type Node, type Pod, podRequests } from '@navarch/api';
import { keyOf, quantityMilliValue, quantityValue } from '@navarch/machinery';

/** Amounts in fixed units: milli-CPUs for cpu, whole units (bytes, pods) for everything else. */
export type Amounts = ReadonlyMap<string, number>;

/** One node with what is on it, kept up to date by events. */
export class NodeInfo {
  node: Node;
  allocatable: Amounts;
  readonly requested = new Map<string, number>();
  /** Requests with a floor for pods that ask for nothing, so that scores spread them too. */
  scoredCpu = 0;
  scoredMemory = 0;
  readonly pods = new Map<string, Pod>();
  /** `TCP/0.0.0.0/80` of host ports in use. */
  readonly ports = new Map<string, number>();

  constructor(node: Node) {
    this.node = node;
    this.allocatable = amountsOf(node.status.allocatable ?? node.status.capacity ?? {});
  }

  get name(): string {
    return this.node.metadata.name;
  }

  update(node: Node): void {
    if (node.status.allocatable !== this.node.status.allocatable) this.allocatable = amountsOf(node.status.allocatable ?? node.status.capacity ?? {});
    this.node = node;
  }

  add(pod: Pod): void {
    this.pods.set(keyOf(pod), pod);
    this.#count(pod, 1);
  }

  remove(pod: Pod): void {
    const held = this.pods.get(keyOf(pod));
    if (!held) return;
    this.pods.delete(keyOf(pod));
    this.#count(held, -1);
  }

  #count(pod: Pod, sign: 1 | -1): void {
    const { amounts, cpu, memory } = demandOf(pod);
    for (const [name, amount] of amounts) this.requested.set(name, (this.requested.get(name) ?? 0) + sign * amount);
    this.scoredCpu += sign * cpu;
    this.scoredMemory += sign * memory;
    for (const port of hostPortsOf(pod)) {
      const count = (this.ports.get(port) ?? 0) + sign;
      if (count > 0) this.ports.set(port, count);
      else this.ports.delete(port);
    }
  }
}

const CPU_FLOOR = 100;
const MEMORY_FLOOR = 200 * 1024 * 1024;

export interface Demand {
  readonly amounts: Amounts;
  readonly cpu: number;
  readonly memory: number;
}

const demands = new WeakMap<object, Demand>();

/** What a pod asks of a node; computed once for a spec, which nobody changes. */
export function demandOf({ spec }: Pod): Demand {
  let demand = demands.get(spec);
  if (!demand) {
    const amounts = amountsOf(podRequests(spec));
    demands.set(spec, (demand = { amounts, cpu: amounts.get('cpu') || CPU_FLOOR, memory: amounts.get('memory') || MEMORY_FLOOR }));
  }
  return demand;
}

function amountsOf(list: Readonly<Record<string, string>>): Amounts {
  return new Map(Object.entries(list).map(([name, text]) => [name, name === 'cpu' ? quantityMilliValue(text) : quantityValue(text)]));
}

export function hostPortsOf({ spec }: Pod): readonly string[] {
  const ports: string[] = [];
  for (const container of spec.containers) {
    for (const { hostPort, hostIP, protocol } of container.ports ?? []) if (hostPort) ports.push(`${protocol ?? 'TCP'}/${hostIP || '0.0.0.0'}/${hostPort}`);
  }
  return ports;
}

/** All nodes as the scheduler sees them: what the cache says, and what it has itself just decided. */
export class Snapshot {
  readonly #nodes = new Map<string, NodeInfo>();
  /** Where each counted pod is. */
  readonly #placed = new Map<string, string>();
  /** Pods on nodes that are not known (yet, or any more), by node: they count from the moment the node appears. */
  readonly #waiting = new Map<string, Map<string, Pod>>();
  #list: NodeInfo[] | undefined;

  get nodes(): readonly NodeInfo[] {
    return (this.#list ??= [...this.#nodes.values()]);
  }

  node(name: string): NodeInfo | undefined {
    return this.#nodes.get(name);
  }

  setNode(node: Node): void {
    const known = this.#nodes.get(node.metadata.name);
    if (known) return known.update(node);
    const info = new NodeInfo(node);
    for (const pod of this.#waiting.get(info.name)?.values() ?? []) info.add(pod);
    this.#waiting.delete(info.name);
    this.#nodes.set(info.name, info);
    this.#list = undefined;
  }

  removeNode(name: string): void {
    const pods = this.#nodes.get(name)?.pods;
    if (pods && pods.size > 0) this.#waiting.set(name, new Map(pods));
    this.#nodes.delete(name);
    this.#list = undefined;
  }

  /** A pod that is bound, or about to be. */
  place(pod: Pod, nodeName: string): void {
    const key = keyOf(pod);
    if (this.#placed.get(key) === nodeName && this.#nodes.get(nodeName)?.pods.get(key)?.spec === pod.spec) return;
    this.unplace(pod);
    if (isTerminal(pod)) return;
    this.#placed.set(key, nodeName);
    const info = this.#nodes.get(nodeName);
    if (info) return info.add(pod);
    const waiting = this.#waiting.get(nodeName);
    if (waiting) waiting.set(key, pod);
    else this.#waiting.set(nodeName, new Map([[key, pod]]));
  }

  unplace(pod: Pod): void {
    const key = keyOf(pod);
    const nodeName = this.#placed.get(key);
    if (nodeName === undefined) return;
    this.#placed.delete(key);
    this.#nodes.get(nodeName)?.remove(pod);
    const waiting = this.#waiting.get(nodeName);
    if (waiting?.delete(key) && waiting.size === 0) this.#waiting.delete(nodeName);
  }
}
