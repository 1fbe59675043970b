import type { CacheReader } from '@navarch/client';
import { DomainCounts, type Topology } from './domain-counts.ts';
import type { NodeInfo } from './node-info.ts';
import { matchesTerm, type PodTerm, termsOf } from './pod-terms.ts';
import type { Placed, Template } from './template.ts';

/** Pods that are counted wherever they are, because someone asked for them. */
export interface Tally {
  /** Same text, same pods. */
  readonly key: string;
  counts(placed: Placed): boolean;
}

/** What pods that run want of those that come. */
export interface Wish {
  readonly kind: 'away' | 'near' | 'preferred';
  readonly term: PodTerm;
  /** Of a preference; below zero: to be far from. */
  readonly weight: number;
  readonly holders: DomainCounts;
}

/** Tallies in use at a time. One that was not asked for the longest is dropped, and counted anew if asked for again. */
const TALLIES_MAX = 256;

/**
 * Finds pods by what others say of them, without looking at all pods: counts what was asked for once (tallies), and
 * groups the affinity of running pods by what it says (wishes).
 */
export class PodIndex {
  readonly #topology: Topology;
  readonly #objects: CacheReader;
  readonly #tallies = new Map<string, { readonly tally: Tally; readonly counts: DomainCounts }>();
  readonly #wishes = new Map<string, Wish>();

  constructor(topology: Topology, objects: CacheReader) {
    this.#topology = topology;
    this.#objects = objects;
  }

  count(node: NodeInfo, placed: Placed, by: 1 | -1): void {
    for (const { tally, counts } of this.#tallies.values()) if (tally.counts(placed)) counts.add(node, by);
    const { affinity, antiAffinity, preferred } = termsOf(placed.template);
    for (const term of antiAffinity) this.#wish('away', term, 0, node, by);
    for (const term of affinity) this.#wish('near', term, 0, node, by);
    for (const { term, weight } of preferred) this.#wish('preferred', term, weight, node, by);
  }

  tally(tally: Tally): DomainCounts {
    let known = this.#tallies.get(tally.key);
    // Put last again: the first of the map is the longest unused.
    if (known) this.#tallies.delete(tally.key);
    else known = { tally, counts: this.#counted(tally) };
    this.#tallies.set(tally.key, known);
    if (this.#tallies.size > TALLIES_MAX) this.#tallies.delete(this.#tallies.keys().next().value ?? '');
    return known.counts;
  }

  /** Pods that all the terms select. */
  matching(terms: readonly PodTerm[]): DomainCounts {
    const counts = ({ template }: Placed): boolean => terms.every((term) => matchesTerm(term, template, this.#objects));
    return this.tally({ key: `terms ${terms.map(({ key }) => key).join(' ')}`, counts });
  }

  /** Wishes of running pods that are about pods of this template. */
  *wishesAbout(template: Template): Generator<Wish> {
    for (const wish of this.#wishes.values()) if (matchesTerm(wish.term, template, this.#objects)) yield wish;
  }

  /** The labels of a namespace changed: which pods a term selects by them has to be found out again. */
  forgetTallies(): void {
    this.#tallies.clear();
  }

  #counted(tally: Tally): DomainCounts {
    const counts = new DomainCounts(this.#topology);
    for (const node of this.#topology.nodes)
      for (const placed of node.pods.values()) if (tally.counts(placed)) counts.add(node, 1);
    return counts;
  }

  #wish(kind: Wish['kind'], term: PodTerm, weight: number, node: NodeInfo, by: 1 | -1): void {
    const key = `${kind} ${weight} ${term.key}`;
    let wish = this.#wishes.get(key);
    if (!wish) this.#wishes.set(key, (wish = { kind, term, weight, holders: new DomainCounts(this.#topology) }));
    wish.holders.add(node, by);
    if (wish.holders.total === 0) this.#wishes.delete(key);
  }
}
