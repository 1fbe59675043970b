import { type Container, type Pod, qosClassOf } from '@navarch/api';
import { quantityValue } from '@navarch/machinery';
import type { Hint, Hints } from '../topology/hints.ts';
import type { MachineTopology } from '../topology/machine.ts';
import { maskOf, masksOf, type NodeMask, nodesIn, sizeOfMask } from '../topology/node-mask.ts';
import { type ContainerRole, neededAtOnce, rolesOf, type TopologyProvider, unexpected } from '../topology/provider.ts';
import { isMemory, type NodeMemory } from './memory-settings.ts';

/** Memory that a container was promised, of some nodes together. */
export interface MemoryBlock {
  readonly role: ContainerRole;
  readonly nodes: readonly number[];
  /** Bytes by resource name. */
  readonly sizes: Readonly<Record<string, number>>;
}

/** By pod, then by container. */
export type MemoryEntries = Readonly<Record<string, Readonly<Record<string, MemoryBlock>>>>;

type Amounts = Readonly<Record<string, number>>;

export interface NumaMemoryDeps {
  readonly numaNodes: MachineTopology['numaNodes'];
  readonly reserved: NodeMemory;
  readonly counted?: (outcome: 'request' | 'error') => void;
}

/**
 * The Static policy: containers of guaranteed pods are promised memory of certain NUMA nodes. Nodes that one container
 * was given together are given to others together only, so every node is in one group, and what is left of a group is
 * what its nodes have less what was promised of it.
 */
export class NumaMemory implements TopologyProvider {
  readonly #deps: NumaMemoryDeps;
  readonly #given = new Map<string, Map<string, MemoryBlock>>();

  constructor(deps: NumaMemoryDeps) {
    this.#deps = deps;
  }

  of(podUid: string, container: string): MemoryBlock | undefined {
    return this.#given.get(podUid)?.get(container);
  }

  podUids(): readonly string[] {
    return [...this.#given.keys()];
  }

  /** What a node has to give on an empty machine, bytes by resource name. */
  allocatable(node: number): Amounts {
    const { numaNodes, reserved } = this.#deps;
    const found = numaNodes.find(({ id }) => id === node);
    const total: Amounts = { memory: found?.memoryBytes ?? 0, ...found?.hugePages };
    return Object.fromEntries(
      Object.entries(total).map(([name, bytes]) => [name, Math.max(0, bytes - (reserved.get(node)?.[name] ?? 0))]),
    );
  }

  hints(pod: Pod, container: Container): Hints {
    const wanted = wantedMemory(pod, container);
    const given = this.of(pod.metadata.uid, container.name);
    if (given) return hintsFor(wanted, [{ nodes: maskOf(given.nodes), isPreferred: true }]);
    return hintsFor(wanted, this.#possible(wanted, pod.metadata.uid));
  }

  podHints(pod: Pod): Hints {
    const names = new Set(rolesOf(pod).flatMap(([container]) => Object.keys(wantedMemory(pod, container))));
    const wanted = Object.fromEntries(
      [...names].map((name) => [name, neededAtOnce(pod, (container) => wantedMemory(pod, container)[name] ?? 0)]),
    );
    const [given] = this.#given.get(pod.metadata.uid)?.values() ?? [];
    if (given) return hintsFor(wanted, [{ nodes: maskOf(given.nodes), isPreferred: true }]);
    return hintsFor(wanted, this.#possible(wanted, pod.metadata.uid));
  }

  allocate(pod: Pod, container: Container, hint: Hint): void {
    const { uid } = pod.metadata;
    const wanted = wantedMemory(pod, container);
    if (Object.keys(wanted).length === 0 || this.of(uid, container.name)) return;
    this.#deps.counted?.('request');
    try {
      const [, role = 'app'] = rolesOf(pod).find(([c]) => c.name === container.name) ?? [];
      const nodes = nodesIn(this.#choose(wanted, uid, hint));
      const ofPod = this.#given.get(uid) ?? new Map<string, MemoryBlock>();
      this.#given.set(uid, ofPod.set(container.name, { role, nodes, sizes: wanted }));
    } catch (error) {
      this.#deps.counted?.('error');
      throw error;
    }
  }

  release(podUid: string): boolean {
    return this.#given.delete(podUid);
  }

  entries(): MemoryEntries {
    return Object.fromEntries([...this.#given].map(([uid, blocks]) => [uid, Object.fromEntries(blocks)]));
  }

  /** Takes over what an earlier kubelet promised. Throws RangeError for what cannot have been. */
  restore(entries: MemoryEntries): void {
    const known = new Set(this.#deps.numaNodes.map(({ id }) => id));
    for (const [uid, blocks] of Object.entries(entries)) {
      for (const { nodes } of Object.values(blocks)) {
        if (nodes.length === 0 || !nodes.every((node) => known.has(node)))
          throw new RangeError(`memory of the NUMA nodes ${nodes.join(',')} cannot be given out`);
        if (this.#mixes(maskOf(nodes))) throw new RangeError(`NUMA nodes ${nodes.join(',')} are in two groups`);
      }
      this.#given.set(uid, new Map(Object.entries(blocks)));
    }
  }

  /** The sets of nodes that have what is wanted left, those of as few as could ever have it preferred. */
  #possible(wanted: Amounts, podUid: string): readonly Hint[] {
    const masks = masksOf(this.#deps.numaNodes.map(({ id }) => id));
    const has = (mask: NodeMask, left: (name: string) => number): boolean =>
      Object.entries(wanted).every(([name, bytes]) => left(name) >= bytes) && mask !== 0;
    const able = masks.filter((mask) => has(mask, (name) => this.#capacity(mask, name)));
    const least = Math.min(...able.map(sizeOfMask));
    return able
      .filter((mask) => !this.#mixes(mask) && has(mask, (name) => this.#left(mask, name, podUid)))
      .map((mask) => ({ nodes: mask, isPreferred: sizeOfMask(mask) === least }));
  }

  #choose(wanted: Amounts, podUid: string, { nodes, isPreferred }: Hint): NodeMask {
    const possible = this.#possible(wanted, podUid);
    const best = (hints: readonly Hint[]): Hint | undefined => hints.find((h) => h.isPreferred) ?? hints[0];
    if (nodes === undefined) {
      const own = best(possible);
      if (own?.nodes === undefined)
        throw unexpected(
          '[memorymanager] failed to get the default NUMA affinity, no NUMA nodes with enough memory is available',
        );
      return own.nodes;
    }
    if (possible.some((hint) => hint.nodes === nodes)) return nodes;
    const wider = possible.filter((hint) => hint.nodes !== undefined && (hint.nodes & nodes) === nodes);
    const extended = best(wider);
    if (extended?.nodes === undefined)
      throw unexpected('[memorymanager] failed to find NUMA nodes to extend the current topology hint');
    if (isPreferred && !extended.isPreferred)
      throw unexpected('[memorymanager] failed to find the extended preferred NUMA affinity');
    return extended.nodes;
  }

  /** Some of the nodes are in a group with others. */
  #mixes(mask: NodeMask): boolean {
    return this.#blocks().some(({ nodes }) => {
      const group = maskOf(nodes);
      return group !== mask && (group & mask) !== 0;
    });
  }

  #capacity(mask: NodeMask, name: string): number {
    return nodesIn(mask).reduce((sum, node) => sum + (this.allocatable(node)[name] ?? 0), 0);
  }

  /** For one more container of the pod: what its init containers had is free for it. */
  #left(mask: NodeMask, name: string, podUid: string): number {
    let used = 0;
    for (const [uid, blocks] of this.#given) {
      const own = [...blocks.values()].filter(({ nodes }) => maskOf(nodes) === mask);
      const sum = (...roles: readonly ContainerRole[]): number =>
        own.filter(({ role }) => roles.includes(role)).reduce((total, { sizes }) => total + (sizes[name] ?? 0), 0);
      const init = Math.max(0, ...own.filter(({ role }) => role === 'init').map(({ sizes }) => sizes[name] ?? 0));
      const others = sum('sidecar', 'app');
      used += uid === podUid ? others : Math.max(others, sum('sidecar') + init);
    }
    return this.#capacity(mask, name) - used;
  }

  #blocks(): readonly MemoryBlock[] {
    return [...this.#given.values()].flatMap((blocks) => [...blocks.values()]);
  }
}

const hintsFor = (wanted: Amounts, hints: readonly Hint[]): Hints =>
  Object.fromEntries(Object.keys(wanted).map((name) => [name, hints]));

/** The memory that a container is promised; nothing where its pod is not guaranteed. */
function wantedMemory(pod: Pod, container: Container): Amounts {
  if ((pod.status.qosClass ?? qosClassOf(pod.spec)) !== 'Guaranteed' || pod.spec.resources !== undefined) return {};
  const { requests, limits } = container.resources ?? {};
  const amounts = Object.entries({ ...limits, ...requests }).filter(([name]) => isMemory(name));
  return Object.fromEntries(
    amounts.map(([name, text]) => [name, quantityValue(text)]).filter(([, bytes]) => bytes !== 0),
  );
}
