import type { PodFacts } from './pod-facts.ts';

/**
 * Which pod has an address, where several say that they have it: for a moment the API tells of a new pod and still of the
 * one that had its address before, whose labels must not speak for it.
 */
export class Owners {
  readonly #said = new Map<string, PodFacts>();
  /** Pods as they are with the addresses that are theirs; those without any are left out. */
  readonly #owning = new Map<string, PodFacts>();
  readonly #bySaid = new Map<string, Set<string>>();

  pods(): Iterable<PodFacts> {
    return this.#owning.values();
  }

  said(key: string): PodFacts | undefined {
    return this.#said.get(key);
  }

  get(key: string): PodFacts | undefined {
    return this.#owning.get(key);
  }

  ownerOf(address: string): PodFacts | undefined {
    let owner: PodFacts | undefined;
    for (const key of this.#bySaid.get(address) ?? []) {
      const pod = this.#said.get(key);
      if (pod && (!owner || pod.rank > owner.rank || (pod.rank === owner.rank && pod.key > owner.key))) owner = pod;
    }
    return owner;
  }

  /** Keys of the pods of which something may be otherwise now, this one first. */
  set(key: string, pod: PodFacts | undefined): readonly string[] {
    const before = this.#said.get(key);
    for (const address of before?.addresses ?? []) this.#bySaid.get(address)?.delete(key);
    if (pod) this.#said.set(key, pod);
    else this.#said.delete(key);
    for (const address of pod?.addresses ?? []) {
      const others = this.#bySaid.get(address);
      if (others) others.add(key);
      else this.#bySaid.set(address, new Set([key]));
    }
    const changed = new Set([key]);
    for (const address of [...(before?.addresses ?? []), ...(pod?.addresses ?? [])]) {
      const holders = this.#bySaid.get(address);
      if (holders?.size === 0) this.#bySaid.delete(address);
      for (const other of holders ?? []) changed.add(other);
    }
    for (const one of changed) this.#own(one);
    return [...changed];
  }

  #own(key: string): void {
    const said = this.#said.get(key);
    const addresses = said?.addresses.filter((address) => this.ownerOf(address) === said) ?? [];
    if (!said || addresses.length === 0) this.#owning.delete(key);
    else this.#owning.set(key, addresses.length === said.addresses.length ? said : { ...said, addresses });
  }
}
