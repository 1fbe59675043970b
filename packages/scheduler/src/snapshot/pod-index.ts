import type { CacheReader } from '@navarch/client';
import { DomainCounts, type Topology } from './domain-counts.ts';
import type { NodeInfo } from './node-info.ts';
import { matchesTerm, type PodTerm, type PodTerms, termsOf } from './pod-terms.ts';
import { isLeaving, type Placed, type Template } from './template.ts';

/** Pods that are counted wherever they are, because someone asked for them. */
export interface Tally {
  /** Same text, same pods. */
  readonly key: string;
  /** Pods on their way out count too. */
  readonly countsLeaving: boolean;
  selects(template: Template): boolean;
}

/** What pods that run want of those that come. */
export interface Wish {
  readonly kind: 'away' | 'near' | 'preferred';
  readonly term: PodTerm;
  /** Of a preference; below zero: to be far from. */
  readonly weight: number;
  readonly holders: DomainCounts;
}

interface Counted {
  readonly tally: Tally;
  readonly counts: DomainCounts;
}

/** All placed pods of one template. */
interface Group {
  readonly template: Template;
  readonly staying: Map<NodeInfo, number>;
  readonly leaving: Map<NodeInfo, number>;
  /** The tallies that count them. */
  countedIn: readonly Counted[];
}

/** Tallies in use at a time. One that was not asked for the longest is dropped, and counted anew if asked for again. */
const TALLIES_MAX = 256;

/**
 * Finds pods by what others say of them, without looking at all pods: counts what was asked for once (tallies), and
 * groups the affinity of running pods by what it says (wishes). Whether a tally counts a pod is asked once a template,
 * not once a pod: as many groups are kept as there are templates with pods on nodes.
 */
export class PodIndex {
  readonly #topology: Topology;
  readonly #objects: CacheReader;
  readonly #groups = new Map<Template, Group>();
  readonly #tallies = new Map<string, Counted>();
  readonly #wishes = new Map<string, Wish>();

  constructor(topology: Topology, objects: CacheReader) {
    this.#topology = topology;
    this.#objects = objects;
  }

  count(node: NodeInfo, placed: Placed, by: 1 | -1): void {
    const { template } = placed;
    const leaves = isLeaving(placed);
    const group = this.#groupOf(template);
    addTo(leaves ? group.leaving : group.staying, node, by);
    for (const counted of group.countedIn) addUnless(leaves, counted, node, by);
    if (group.staying.size + group.leaving.size === 0) this.#groups.delete(template);
    this.#wishAll(termsOf(template), node, by);
  }

  /** A pod stays where it is, and is another's to count: only those hear of it who count one of the two. */
  relabel(node: NodeInfo, before: Placed, after: Placed): void {
    const leaves = isLeaving(after);
    const [from, to] = [this.#groupOf(before.template), this.#groupOf(after.template)];
    addTo(leaves ? from.leaving : from.staying, node, -1);
    addTo(leaves ? to.leaving : to.staying, node, 1);
    for (const counted of from.countedIn) if (!to.countedIn.includes(counted)) addUnless(leaves, counted, node, -1);
    for (const counted of to.countedIn) if (!from.countedIn.includes(counted)) addUnless(leaves, counted, node, 1);
    if (from.staying.size + from.leaving.size === 0) this.#groups.delete(before.template);
    const [wished, wishes] = [termsOf(before.template), termsOf(after.template)];
    if (wished.key === wishes.key) return;
    this.#wishAll(wished, node, -1);
    this.#wishAll(wishes, node, 1);
  }

  tally(tally: Tally): DomainCounts {
    let known = this.#tallies.get(tally.key);
    // Put last again: the first of the map is the longest unused.
    if (known) this.#tallies.delete(tally.key);
    else known = this.#begun(tally);
    this.#tallies.set(tally.key, known);
    if (this.#tallies.size > TALLIES_MAX) this.#drop(this.#tallies.keys().next().value ?? '');
    return known.counts;
  }

  /** Pods that all the terms select. */
  matching(terms: readonly PodTerm[]): DomainCounts {
    return this.tally({
      key: `terms ${terms.map(({ key }) => key).join(' ')}`,
      countsLeaving: true,
      selects: (template) => terms.every((term) => matchesTerm(term, template, this.#objects)),
    });
  }

  /** Wishes of running pods that are about pods of this template. */
  *wishesAbout(template: Template): Generator<Wish> {
    for (const wish of this.#wishes.values()) if (matchesTerm(wish.term, template, this.#objects)) yield wish;
  }

  /** The labels of a namespace changed: which pods a term selects by them has to be found out again. */
  forgetTallies(): void {
    this.#tallies.clear();
    for (const group of this.#groups.values()) group.countedIn = [];
  }

  #groupOf(template: Template): Group {
    let group = this.#groups.get(template);
    if (!group) {
      const countedIn = [...this.#tallies.values()].filter(({ tally }) => tally.selects(template));
      this.#groups.set(template, (group = { template, staying: new Map(), leaving: new Map(), countedIn }));
    }
    return group;
  }

  #begun(tally: Tally): Counted {
    const begun = { tally, counts: new DomainCounts(this.#topology) };
    for (const group of this.#groups.values()) {
      if (!tally.selects(group.template)) continue;
      group.countedIn = [...group.countedIn, begun];
      for (const [node, pods] of group.staying) begun.counts.add(node, pods);
      if (tally.countsLeaving) for (const [node, pods] of group.leaving) begun.counts.add(node, pods);
    }
    return begun;
  }

  #drop(key: string): void {
    const dropped = this.#tallies.get(key);
    this.#tallies.delete(key);
    for (const group of this.#groups.values())
      if (dropped && group.countedIn.includes(dropped))
        group.countedIn = group.countedIn.filter((counted) => counted !== dropped);
  }

  #wishAll({ affinity, antiAffinity, preferred }: PodTerms, node: NodeInfo, by: 1 | -1): void {
    for (const term of antiAffinity) this.#wish('away', term, 0, node, by);
    for (const term of affinity) this.#wish('near', term, 0, node, by);
    for (const { term, weight } of preferred) this.#wish('preferred', term, weight, node, by);
  }

  #wish(kind: Wish['kind'], term: PodTerm, weight: number, node: NodeInfo, by: 1 | -1): void {
    const key = `${kind} ${weight} ${term.key}`;
    let wish = this.#wishes.get(key);
    if (!wish) this.#wishes.set(key, (wish = { kind, term, weight, holders: new DomainCounts(this.#topology) }));
    wish.holders.add(node, by);
    if (wish.holders.total === 0) this.#wishes.delete(key);
  }
}

function addUnless(leaves: boolean, { tally, counts }: Counted, node: NodeInfo, by: 1 | -1): void {
  if (!leaves || tally.countsLeaving) counts.add(node, by);
}

/** A count of none is not kept. */
function addTo(counts: Map<NodeInfo, number>, node: NodeInfo, by: number): void {
  const count = (counts.get(node) ?? 0) + by;
  if (count === 0) counts.delete(node);
  else counts.set(node, count);
}
