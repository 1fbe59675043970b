import type { NetworkPolicy } from '@navarch/api';
import { equalJson } from '@navarch/machinery';
import { type CompiledPolicy, compilePolicy, type Direction, DIRECTIONS, isolatedChain, type Side } from './compile.ts';
import type { Family } from '../families.ts';
import { fixedChains, fixedSets, FREE, POLICY_TABLE, selfSet, verdictMap } from './fixed.ts';
import { familyOf, Memberships, membershipsOf } from './memberships.ts';
import { Owners } from './owners.ts';
import type { PodFacts } from './pod-facts.ts';
import { Table } from '../table.ts';

type Labels = Readonly<Record<string, string>>;

/** What the table has for a pod of this node. */
interface Entry {
  readonly addresses: readonly string[];
  readonly isolations: readonly Isolation[];
}

/** In one direction, by the policies that select the pod. */
interface Isolation {
  readonly direction: Direction;
  readonly chain: string;
  readonly sides: readonly Side[];
}

/**
 * The rules of network policies for the pods of one node, kept by what changes: a pod costs the policies of its namespace
 * and the questions that rules ask, whatever else there is. Only policies that select pods of this node are in the table.
 */
export class PolicyView {
  readonly #table: Table;
  readonly #families: readonly Family[];
  /** By namespace, then by key. */
  readonly #policies = new Map<string, Map<string, CompiledPolicy>>();
  readonly #namespaces = new Map<string, Labels>();
  readonly #owners = new Owners();
  /** Keys of pods of this node, by namespace. */
  readonly #local = new Map<string, Set<string>>();
  readonly #entries = new Map<string, Entry>();
  /** How many entries go by a chain of isolation, and how many of those chains by a side. */
  readonly #chainUses = new Map<string, number>();
  readonly #sideUses = new Map<Side, number>();
  /** A policy that was changed has another side under the same name. */
  readonly #sides = new Map<string, Side>();
  readonly #memberships: Memberships;

  /**
   * `bridge` is the device that pods of this node hang on. An isolated pod has nobody to talk to by a family that is not
   * one of `families`.
   */
  constructor(bridge: string, families: readonly Family[]) {
    this.#families = families;
    this.#table = new Table(POLICY_TABLE, fixedSets, fixedChains(bridge));
    this.#memberships = new Memberships(this.#table, families, {
      pods: () => this.#owners.pods(),
      labelsOf: (namespace) => this.#namespaces.get(namespace),
    });
  }

  /** Whether the table has verdicts for these addresses of the pod. */
  covers(key: string, addresses: readonly string[]): boolean {
    const entry = this.#entries.get(key);
    return entry !== undefined && addresses.every((address) => entry.addresses.includes(address));
  }

  setPolicy(key: string, policy: NetworkPolicy | undefined): void {
    const namespace = namespaceOf(key);
    const others = this.#policies.get(namespace) ?? new Map<string, CompiledPolicy>();
    const [before, after] = [others.get(key), policy && compilePolicy(policy, this.#families)];
    if (after) others.set(key, after);
    else others.delete(key);
    if (others.size > 0) this.#policies.set(namespace, others);
    else this.#policies.delete(namespace);
    for (const pod of this.#local.get(namespace) ?? []) {
      const labels = this.#owners.get(pod)?.labels;
      if (before?.pods.matches(labels) || after?.pods.matches(labels)) this.#judge(pod);
    }
  }

  setNamespace(name: string, labels: Labels | undefined): void {
    if (labels) this.#namespaces.set(name, labels);
    else this.#namespaces.delete(name);
    for (const pod of this.#owners.pods()) if (pod.namespace === name) this.#memberships.place(pod);
  }

  setPod(key: string, pod: PodFacts | undefined): void {
    // Most of what is told of a pod is no matter of policies.
    if (equalJson(this.#owners.said(key), pod)) return;
    const changed = this.#owners.set(key, pod);
    // An address that goes from one to the other must have gone before it comes.
    if (changed.length > 1) for (const one of changed) this.#memberships.remove(one);
    for (const one of changed) {
      const owning = this.#owners.get(one);
      if (owning) this.#memberships.place(owning);
      else this.#memberships.remove(one);
      this.#list(one, owning?.isLocal ?? false);
      this.#judge(one);
    }
  }

  /** Everything that changed since it was last taken, as commands for nft; what was taken and refused is to be forgotten. */
  take(): string {
    return this.#table.take();
  }

  /** What the kernel has is not known. */
  forget(): void {
    this.#table.forget();
  }

  #list(key: string, isLocal: boolean): void {
    const namespace = namespaceOf(key);
    const local = this.#local.get(namespace);
    if (!isLocal) {
      if (local?.delete(key) && local.size === 0) this.#local.delete(namespace);
    } else if (local) local.add(key);
    else this.#local.set(namespace, new Set([key]));
  }

  /** Puts the verdicts for a pod of this node into the table, or takes them out. */
  #judge(key: string): void {
    const before = this.#entries.get(key);
    const pod = this.#owners.get(key);
    const after = pod?.isLocal ? this.#entryOf(pod) : undefined;
    // First the new: what both use need not go and come again.
    if (after) this.#enter(after);
    if (before) this.#leave(before);
    if (after) this.#entries.set(key, after);
    else this.#entries.delete(key);
  }

  #entryOf({ addresses, namespace, labels }: PodFacts): Entry {
    const selecting = [...(this.#policies.get(namespace)?.values() ?? [])]
      .filter(({ pods }) => pods.matches(labels))
      .toSorted((a, b) => (a.key < b.key ? -1 : 1));
    const isolations = DIRECTIONS.flatMap((direction) => {
      const isolating = selecting.filter(({ sides }) => sides[direction]);
      if (isolating.length === 0) return [];
      const chain = isolatedChain(
        direction,
        isolating.map(({ key }) => key),
      );
      return [{ direction, chain, sides: isolating.flatMap(({ sides }) => sides[direction] ?? []) }];
    });
    return { addresses, isolations };
  }

  #enter({ addresses, isolations }: Entry): void {
    for (const isolation of isolations) this.#useChain(isolation);
    for (const address of addresses) {
      const family = familyOf(address);
      for (const direction of DIRECTIONS) {
        const chain = isolations.find((isolation) => isolation.direction === direction)?.chain;
        this.#table.put(
          verdictMap(direction, family),
          address,
          chain === undefined ? FREE[direction] : `goto ${chain}`,
        );
      }
      this.#table.put(selfSet(family), `${address} . ${address}`);
    }
  }

  #leave({ addresses, isolations }: Entry): void {
    for (const address of addresses) {
      // It stays with the pod, or is another's of this node: then that one's verdict is there, or will be at once.
      if (this.#owners.ownerOf(address)?.isLocal) continue;
      const family = familyOf(address);
      for (const direction of DIRECTIONS) this.#table.drop(verdictMap(direction, family), address);
      this.#table.drop(selfSet(family), `${address} . ${address}`);
    }
    for (const isolation of isolations) this.#leaveChain(isolation);
  }

  #useChain({ chain, sides }: Isolation): void {
    for (const side of sides) this.#useSide(side);
    if (count(this.#chainUses, chain, 1) === 1)
      this.#table.setChain(chain, [...sides.map((side) => `jump ${side.chain}`), 'drop']);
  }

  #useSide(side: Side): void {
    if (count(this.#sideUses, side, 1) > 1) return;
    for (const membership of membershipsOf(side)) this.#memberships.use(membership);
    this.#sides.set(side.chain, side);
    this.#table.setChain(side.chain, side.rules);
  }

  #leaveChain({ chain, sides }: Isolation): void {
    if (count(this.#chainUses, chain, -1) === 0) this.#table.removeChain(chain);
    for (const side of sides) this.#leaveSide(side);
  }

  #leaveSide(side: Side): void {
    if (count(this.#sideUses, side, -1) > 0) return;
    if (this.#sides.get(side.chain) === side) {
      this.#sides.delete(side.chain);
      this.#table.removeChain(side.chain);
    }
    for (const membership of membershipsOf(side)) this.#memberships.leave(membership);
  }
}

const namespaceOf = (key: string): string => key.slice(0, key.indexOf('/'));

/** How many there are now. */
function count<K>(uses: Map<K, number>, name: K, by: number): number {
  const now = (uses.get(name) ?? 0) + by;
  if (now > 0) uses.set(name, now);
  else uses.delete(name);
  return now;
}
