import { isTerminal, type Node, type Pod } from '@navarch/api';
import type { CacheReader } from '@navarch/client';
import { equalJson, keyOf } from '@navarch/machinery';
import { DeviceLedger } from '../dynamic-resources/ledger.ts';
import type { Topology } from './domain-counts.ts';
import { DomainNumbers, type Domains } from './domains.ts';
import { NodeInfo } from './node-info.ts';
import { PodIndex } from './pod-index.ts';
import { StorageIndex } from './storage-index.ts';
import { isLeaving, isRelabelled, type Placed, type Template, Templates } from './template.ts';
import { termsOf } from './pod-terms.ts';
import { TouchedNodes } from './touched-nodes.ts';

const ZONE = 'topology.kubernetes.io/zone';
const REGION = 'topology.kubernetes.io/region';

/** A cluster of nodes and pods only: there are no services, claims or namespaces to ask for. */
const noObjects: CacheReader = { get: () => undefined, list: () => [], find: () => [], hasSeen: () => true };

/**
 * All nodes as the scheduler sees them: what the cache says, and what it has itself just decided. Changed by events,
 * never rebuilt: the cost of a change does not grow with the cluster.
 */
export class Snapshot implements Topology {
  /** Other kinds that plugins look at. */
  readonly objects: CacheReader;
  readonly pods: PodIndex;
  readonly devices: DeviceLedger;
  readonly storage: StorageIndex;
  readonly #templates = new Templates();
  readonly #nodes = new Map<string, NodeInfo>();
  readonly #bySlot: NodeInfo[] = [];
  /** Where each counted pod is. */
  readonly #placed = new Map<string, string>();
  /** Pods on nodes that are not known (yet, or any more), by node: they count from the moment the node appears. */
  readonly #waiting = new Map<string, Map<string, Placed>>();
  /** Pods that were promised a node from which others are being evicted. */
  readonly #nominated = new Map<string, Map<string, Placed>>();
  /** The node that each of them was promised. */
  readonly #promises = new Map<string, string>();
  /** Those of them that will not have others near. */
  readonly #aloof = new Set<string>();
  readonly #imageNodes = new Map<string, number>();
  /** How many pods on nodes have a priority. */
  readonly #priorities = new Map<number, number>();
  readonly #freeSlots: number[] = [];
  #order: readonly NodeInfo[] | undefined;
  #slotOrder: Int32Array | undefined;
  #ranks: Int32Array | undefined;
  /** For who remembers something of nodes as they were. */
  readonly touched = new TouchedNodes();
  #generation = 0;
  #version = 0;
  readonly #domains = new DomainNumbers();

  constructor(objects: CacheReader = noObjects) {
    this.objects = objects;
    this.pods = new PodIndex(this, objects);
    this.devices = new DeviceLedger(objects);
    this.storage = new StorageIndex(this, objects);
  }

  /** In the order in which they are looked at: one of each zone in turn, so that a search that ends early has seen all zones. */
  get nodes(): readonly NodeInfo[] {
    return (this.#order ??= byZonesInTurn([...this.#nodes.values()]));
  }

  /** The slots of `nodes`, in the same order. */
  get slotOrder(): Int32Array {
    return (this.#slotOrder ??= Int32Array.from(this.nodes, ({ slot }) => slot));
  }

  /** Where in `nodes` the node of each slot is. */
  get ranks(): Int32Array {
    if (this.#ranks) return this.#ranks;
    const ranks = new Int32Array(this.slots);
    this.slotOrder.forEach((slot, rank) => (ranks[slot] = rank));
    return (this.#ranks = ranks);
  }

  get version(): number {
    return this.#version;
  }

  /** Where each node is, by a label. */
  domains(label: string): Domains {
    return this.#domains.of(label, this.nodes, this.slots);
  }

  /** Slots of nodes are below this. */
  get slots(): number {
    return this.#nodes.size + this.#freeSlots.length;
  }

  /** Where a pod counts, by its key. */
  nodeNameOf(key: string): string | undefined {
    return this.#placed.get(key);
  }

  /** Pods that count somewhere, also on nodes that are not known. */
  get podCount(): number {
    return this.#placed.size;
  }

  node(name: string): NodeInfo | undefined {
    return this.#nodes.get(name);
  }

  /** Of a slot that has a node. */
  nodeAt(slot: number): NodeInfo {
    return this.#bySlot[slot] as NodeInfo;
  }

  templateOf(pod: Pod): Template {
    return this.#templates.of(pod);
  }

  /** How many nodes have an image. */
  nodesWithImage(name: string): number {
    return this.#imageNodes.get(name) ?? 0;
  }

  /** The least important pod on any node; Infinity where there is none. */
  get lowestPriority(): number {
    let lowest = Infinity;
    for (const priority of this.#priorities.keys()) lowest = Math.min(lowest, priority);
    return lowest;
  }

  setNode(node: Node): void {
    const known = this.#nodes.get(node.metadata.name);
    if (known) return this.#updateNode(known, node);
    const info = new NodeInfo(node, this.#freeSlots.pop() ?? this.#nodes.size);
    this.#nodes.set(info.name, info);
    this.#bySlot[info.slot] = info;
    info.promised = this.#nominated.get(info.name);
    this.#countImages(info, 1);
    this.#nodesMoved();
    this.#touch(info);
    for (const placed of this.#waiting.get(info.name)?.values() ?? []) this.#add(info, placed);
    this.#waiting.delete(info.name);
  }

  /** What was said of nodes was said of other classes of devices. */
  classesChanged(): void {
    for (const info of this.#nodes.values()) this.#touch(info);
  }

  removeNode(name: string): void {
    const info = this.#nodes.get(name);
    if (!info) return;
    if (info.pods.size > 0) this.#waiting.set(name, new Map(info.pods));
    for (const placed of info.pods.values()) this.#count(info, placed, -1);
    this.#countImages(info, -1);
    this.#nodes.delete(name);
    this.#freeSlots.push(info.slot);
    this.#nodesMoved();
  }

  /** A pod that is bound, or about to be. */
  place(pod: Pod, nodeName: string): void {
    const key = keyOf(pod);
    const placed: Placed = { pod, template: this.templateOf(pod) };
    const held = this.#nodes.get(nodeName)?.pods;
    const before = held?.get(key);
    if (
      held &&
      before &&
      isLeaving(before) === isLeaving(placed) &&
      // Who has run the longest is the last to be evicted.
      before.pod.status.startTime === pod.status.startTime &&
      !isTerminal(pod) &&
      this.#isRenewed(nodeName, before, placed)
    ) {
      held.set(key, placed);
      return;
    }
    this.unplace(pod);
    if (isTerminal(pod)) return;
    this.#placed.set(key, nodeName);
    const info = this.#nodes.get(nodeName);
    if (info) return this.#add(info, placed);
    const waiting = this.#waiting.get(nodeName);
    if (waiting) waiting.set(key, placed);
    else this.#waiting.set(nodeName, new Map([[key, placed]]));
  }

  unplace(pod: Pod): void {
    const key = keyOf(pod);
    const nodeName = this.#placed.get(key);
    if (nodeName === undefined) return;
    this.#placed.delete(key);
    const info = this.#nodes.get(nodeName);
    const removed = info?.remove(key);
    if (info && removed) {
      this.#count(info, removed, -1);
      this.#touch(info);
    }
    const waiting = this.#waiting.get(nodeName);
    if (waiting?.delete(key) && waiting.size === 0) this.#waiting.delete(nodeName);
  }

  /** Remembers that a pod was promised a node; it may be promised one at a time. */
  nominate(pod: Pod, nodeName: string): void {
    const key = keyOf(pod);
    const template = this.templateOf(pod);
    const known = this.#nominated.get(nodeName)?.get(key);
    // Said once more, as it is with every change of its status.
    if (known?.template === template && known.pod.metadata.uid === pod.metadata.uid) {
      this.#nominated.get(nodeName)?.set(key, { pod, template });
      return;
    }
    this.unnominate(key);
    const held = this.#nominated.get(nodeName) ?? new Map<string, Placed>();
    held.set(key, { pod, template });
    this.#nominated.set(nodeName, held);
    if (termsOf(template).antiAffinity.length > 0) this.#aloof.add(key);
    this.#promises.set(key, nodeName);
    this.#promised(nodeName);
  }

  unnominate(key: string): void {
    const nodeName = this.#promises.get(key);
    if (nodeName === undefined) return;
    this.#promises.delete(key);
    this.#aloof.delete(key);
    const held = this.#nominated.get(nodeName);
    if (held?.delete(key) && held.size === 0) this.#nominated.delete(nodeName);
    this.#promised(nodeName);
  }

  /** The node that a pod was promised. */
  nominatedNodeOf(key: string): string | undefined {
    return this.#promises.get(key);
  }

  /** Pods that were promised a node. */
  nominatedOn(nodeName: string): Iterable<Placed> {
    return this.#nominated.get(nodeName)?.values() ?? [];
  }

  /** Some of them keep others away from where they will be. */
  get hasAloofNominated(): boolean {
    return this.#aloof.size > 0;
  }

  get hasNominated(): boolean {
    return this.#nominated.size > 0;
  }

  #updateNode(info: NodeInfo, node: Node): void {
    const before = info.node;
    const isMoved =
      !equalJson(before.metadata.labels, node.metadata.labels) ||
      !equalJson(before.spec.taints, node.spec.taints) ||
      before.spec.unschedulable !== node.spec.unschedulable;
    this.#countImages(info, -1);
    info.update(node);
    this.#countImages(info, 1);
    if (isMoved) this.#nodesMoved();
    this.#touch(info);
  }

  /** Nothing has changed that would matter to the node that the pod is on; others are told of its labels. */
  #isRenewed(nodeName: string, before: Placed, placed: Placed): boolean {
    // Only its status has changed, as it does all the time: nothing else here depends on that.
    if (before.template === placed.template) return true;
    const info = this.#nodes.get(nodeName);
    // As every pod does that is bound to a node of a zone, which is then a label of its own (KEP-4742).
    if (!info || !isRelabelled(before.template, placed.template)) return false;
    this.pods.relabel(info, before, placed);
    info.population = ++this.#generation;
    return true;
  }

  /** Who else is expected on a node is part of its state. */
  #promised(nodeName: string): void {
    const info = this.#nodes.get(nodeName);
    if (!info) return;
    info.promised = this.#nominated.get(nodeName);
    this.#touch(info);
  }

  #add(info: NodeInfo, placed: Placed): void {
    info.add(placed);
    this.#count(info, placed, 1);
    this.#touch(info);
  }

  #count(info: NodeInfo, placed: Placed, by: 1 | -1): void {
    this.pods.count(info, placed, by);
    this.storage.count(info, placed, by);
    const priority = placed.pod.spec.priority ?? 0;
    const count = (this.#priorities.get(priority) ?? 0) + by;
    if (count > 0) this.#priorities.set(priority, count);
    else this.#priorities.delete(priority);
  }

  #touch(info: NodeInfo): void {
    info.population = info.generation = ++this.#generation;
    this.touched.note(info.slot);
  }

  #nodesMoved(): void {
    this.#order = undefined;
    this.#slotOrder = undefined;
    this.#ranks = undefined;
    this.#domains.forget();
    this.#version += 1;
  }

  #countImages(info: NodeInfo, by: 1 | -1): void {
    for (const name of info.images.keys()) {
      const count = (this.#imageNodes.get(name) ?? 0) + by;
      if (count > 0) this.#imageNodes.set(name, count);
      else this.#imageNodes.delete(name);
    }
  }
}

function byZonesInTurn(nodes: readonly NodeInfo[]): readonly NodeInfo[] {
  const zones = new Map<string, NodeInfo[]>();
  for (const node of nodes) {
    const zone = `${node.labels[REGION] ?? ''}/${node.labels[ZONE] ?? ''}`;
    const held = zones.get(zone);
    if (held) held.push(node);
    else zones.set(zone, [node]);
  }
  if (zones.size <= 1) return nodes;
  const ordered: NodeInfo[] = [];
  const lists = [...zones.values()];
  for (let turn = 0; ordered.length < nodes.length; turn++) {
    for (const list of lists) {
      const node = list[turn];
      if (node) ordered.push(node);
    }
  }
  return ordered;
}
