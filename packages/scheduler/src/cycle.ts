import type { Pod } from '@navarch/api';
import type { Random } from '@navarch/base';
import { keyOf } from '@navarch/machinery';
import type { Misfit, Profile, Weighted } from './plugin.ts';
import type { NodeInfo } from './snapshot/node-info.ts';
import type { Snapshot } from './snapshot/snapshot.ts';
import type { Placed } from './snapshot/template.ts';
import { Memory, type Verdicts } from './verdicts.ts';

export type Placement = Found | Unfit;

export interface Found {
  readonly node: string;
  /** Nodes looked at. */
  readonly looked: number;
  readonly feasible: number;
}

export interface Unfit {
  readonly node: undefined;
  readonly looked: number;
  /** Reason -> number of nodes, for the message. */
  readonly reasons: ReadonlyMap<string, number>;
  /** One reason for all nodes, found before any was looked at. */
  readonly refusal?: string;
  /** Names of the plugins that turned nodes away: what may wake the pod. */
  readonly rejectedBy: ReadonlySet<string>;
  /** Nodes on which the pod might fit if others went. */
  readonly resolvable: readonly NodeInfo[];
}

export interface Search {
  readonly random: Random;
  /** Where among the nodes the search begins, so that all nodes get their turn. */
  readonly start?: number;
  readonly memory?: Memory;
}

/** Fewer nodes than this are all looked at. */
const FEASIBLE_MIN = 100;
const PERCENT_MIN = 5;

/** Upstream's rule for how many feasible nodes are enough to choose from. */
export function enoughNodes(count: number, percentage?: number): number {
  if (count < FEASIBLE_MIN) return count;
  const percent = percentage || Math.max(PERCENT_MIN, 50 - Math.floor(count / 125));
  return percent >= 100 ? count : Math.max(FEASIBLE_MIN, Math.floor((count * percent) / 100));
}

/**
 * The whole decision: pod and snapshot in, node out. No clock, no I/O; ties are broken by the given stream. A pod that
 * was promised a node gets it if it still fits.
 */
export function place(
  pod: Pod,
  snapshot: Snapshot,
  profile: Profile,
  { random, start = 0, memory = new Memory() }: Search,
): Placement {
  const cycle = new Cycle(pod, snapshot, profile, memory);
  const refused = cycle.refusal();
  if (refused) return refused;
  const promised = pod.status.nominatedNodeName ? snapshot.node(pod.status.nominatedNodeName) : undefined;
  if (promised && cycle.fits(promised)) return { node: promised.name, looked: 0, feasible: 1 };
  const { feasible, looked } = searched(cycle, profile, start);
  if (feasible.length === 0) return cycle.unfit(looked);
  const best =
    feasible.length === 1
      ? (feasible[0] as NodeInfo)
      : (feasible[chooseMax(cycle.totals(feasible), random)] as NodeInfo);
  return { node: best.name, looked, feasible: feasible.length };
}

/** Nodes that fit, as many as are enough to choose from, and how many were looked at for them. */
export function searched(
  cycle: Cycle,
  { percentageOfNodesToScore }: Profile,
  start: number,
): { readonly feasible: readonly NodeInfo[]; readonly looked: number } {
  const { nodes } = cycle;
  const enough = enoughNodes(nodes.length, percentageOfNodesToScore);
  const feasible: NodeInfo[] = [];
  const begin = nodes.length > 0 ? start % nodes.length : 0;
  let looked = 0;
  for (; looked < nodes.length && feasible.length < enough; looked++) {
    const at = begin + looked;
    const node = nodes[at < nodes.length ? at : at - nodes.length] as NodeInfo;
    if (cycle.misfitOf(node) === undefined) feasible.push(node);
  }
  return { feasible, looked };
}

/** The place of the largest; one of them, evenly, where there are several. */
export function chooseMax(totals: Float64Array, random: Random): number {
  let first = 0;
  let ties = 1;
  for (let i = 1; i < totals.length; i++) {
    if ((totals[i] as number) > (totals[first] as number)) {
      first = i;
      ties = 1;
    } else if (totals[i] === totals[first]) ties += 1;
  }
  // One draw for all of them: hundreds of equal nodes are the rule in a large cluster.
  let skipped = ties > 1 ? random.uint32() % ties : 0;
  let chosen = first;
  for (; skipped > 0; skipped--) chosen = totals.indexOf(totals[first] as number, chosen + 1);
  return chosen;
}

interface Ready {
  readonly plugin: Weighted['plugin'];
  readonly prepared: unknown;
}

/** Which plugins of a profile do what: the same for every pod. */
interface Roles {
  readonly localFilters: readonly Weighted[];
  readonly globalFilters: readonly Weighted[];
  /** Scorers that look at one node only: those whose scores are final, and those who compare them. */
  readonly final: readonly Weighted[];
  readonly compared: readonly Weighted[];
}

const roles = new WeakMap<Profile, Roles>();

function rolesOf(profile: Profile): Roles {
  const known = roles.get(profile);
  if (known) return known;
  const filters = profile.plugins.filter(({ plugin }) => plugin.filter);
  const scorers = profile.plugins.filter(({ plugin, weight }) => plugin.score && plugin.scope === 'node' && weight > 0);
  const found: Roles = {
    localFilters: filters.filter(({ plugin }) => plugin.scope === 'node'),
    globalFilters: filters.filter(({ plugin }) => plugin.scope === 'cluster'),
    final: scorers.filter(({ plugin }) => !plugin.normalize),
    compared: scorers.filter(({ plugin }) => plugin.normalize),
  };
  roles.set(profile, found);
  return found;
}

/** Those that have something to filter for the pod. */
function ready(filters: readonly Weighted[], pod: Pod, snapshot: Snapshot): readonly Ready[] {
  const found: Ready[] = [];
  for (const { plugin } of filters) {
    const prepared: unknown = plugin.prepare?.(pod, snapshot);
    if (!plugin.prepare || prepared !== undefined) found.push({ plugin, prepared });
  }
  return found;
}

/** One pod against all nodes: what was prepared for it, and what was found so far. */
export class Cycle {
  readonly pod: Pod;
  /** The nodes worth looking at. */
  readonly nodes: readonly NodeInfo[];
  readonly #snapshot: Snapshot;
  readonly #profile: Profile;
  readonly #local: readonly Ready[];
  readonly #global: readonly Ready[];
  readonly #final: readonly Weighted[];
  readonly #compared: readonly Weighted[];
  readonly #verdicts: Verdicts;
  readonly #reasons = new Map<string, number>();
  readonly #rejectedBy = new Set<string>();
  readonly #resolvable: NodeInfo[] = [];
  readonly #narrowedBy: string[] = [];
  /** Of the scorers that look at one node only; asked when the first node has to be judged. */
  #weighed: ReadonlyMap<Weighted['plugin'], unknown> | undefined;
  /** Who found the last misfit. */
  #finder = '';

  constructor(pod: Pod, snapshot: Snapshot, profile: Profile, memory: Memory) {
    this.pod = pod;
    this.#snapshot = snapshot;
    this.#profile = profile;
    this.nodes = this.#worthLooking();
    const roles = rolesOf(profile);
    this.#local = ready(roles.localFilters, pod, snapshot);
    this.#global = ready(roles.globalFilters, pod, snapshot);
    this.#final = roles.final;
    this.#compared = roles.compared;
    this.#verdicts = memory.of(snapshot.templateOf(pod).shape, profile, snapshot.slots, roles.compared);
  }

  /** Why no node at all will do; undefined: look at them. */
  refusal(): Unfit | undefined {
    for (const { plugin } of this.#profile.plugins) {
      const refused = plugin.refuse?.(this.pod, this.#snapshot);
      if (!refused) continue;
      const resolvable = refused.isResolvable ? this.#snapshot.nodes : [];
      return {
        node: undefined,
        looked: 0,
        reasons: new Map(),
        refusal: refused.reasons.join(', '),
        rejectedBy: new Set([plugin.name]),
        resolvable,
      };
    }
    return undefined;
  }

  fits(node: NodeInfo): boolean {
    return this.#find(node) === undefined;
  }

  /** Counts what it finds: asked once a node. */
  misfitOf(node: NodeInfo): Misfit | undefined {
    const found = this.#find(node);
    if (!found) return undefined;
    for (const reason of found.reasons) this.#reasons.set(reason, (this.#reasons.get(reason) ?? 0) + 1);
    this.#rejectedBy.add(this.#finder);
    if (found.isResolvable) this.#resolvable.push(node);
    return found;
  }

  /**
   * The misfit on a node as it would be with these pods on it or gone from it; nothing is remembered. Room that is
   * promised to pods at least as important stays theirs.
   */
  misfitAfter(node: NodeInfo, added: readonly Placed[], removed: readonly Placed[]): Misfit | undefined {
    const promised = this.#promisedOn(node);
    const crowded = promised.length > 0 ? this.#hypothetical(node, [...added, ...promised], removed) : undefined;
    return crowded ?? this.#hypothetical(node, added, removed);
  }

  /** Weighted scores of nodes that all fit, to compare them by: what is the same for all of them is left out. */
  totals(feasible: readonly NodeInfo[]): Float64Array {
    const totals = new Float64Array(feasible.length);
    for (let i = 0; i < totals.length; i++) {
      const node = feasible[i] as NodeInfo;
      this.#judge(node);
      totals[i] = this.#verdicts.sums[node.slot] as number;
    }
    for (const { plugin, weight } of this.#profile.plugins) {
      if (!plugin.score || weight === 0 || (plugin.scope === 'node' && !plugin.normalize)) continue;
      const weighed: unknown = plugin.weigh?.(this.pod, this.#snapshot, feasible);
      if (plugin.weigh && weighed === undefined) continue;
      const scores =
        plugin.scope === 'node' ? this.#remembered(plugin, feasible) : this.#scored(plugin, weighed, feasible);
      // Equal scores stay equal, whatever is done to all of them.
      if (!differ(scores)) continue;
      plugin.normalize?.(scores, feasible, weighed);
      for (let i = 0; i < scores.length; i++) totals[i] = (totals[i] as number) + weight * (scores[i] as number);
    }
    return totals;
  }

  unfit(looked: number): Unfit {
    const outside = this.#snapshot.nodes.length - this.nodes.length;
    if (outside > 0) {
      const reason = `node(s) didn't satisfy plugin(s) [${this.#narrowedBy.join(' ')}]`;
      this.#reasons.set(reason, (this.#reasons.get(reason) ?? 0) + outside);
      for (const name of this.#narrowedBy) this.#rejectedBy.add(name);
    }
    return {
      node: undefined,
      looked,
      reasons: this.#reasons,
      rejectedBy: this.#rejectedBy,
      resolvable: this.#resolvable,
    };
  }

  #worthLooking(): readonly NodeInfo[] {
    let names: ReadonlySet<string> | undefined;
    for (const { plugin } of this.#profile.plugins) {
      const narrowed = plugin.narrow?.(this.pod);
      if (!narrowed) continue;
      names = names ? names.intersection(narrowed) : narrowed;
      this.#narrowedBy.push(plugin.name);
    }
    if (!names) return this.#snapshot.nodes;
    return [...names].map((name) => this.#snapshot.node(name)).filter((node) => node !== undefined);
  }

  /** Asks the plugins that look at one node only, unless they have said it of this very state of the node. */
  #judge(node: NodeInfo): void {
    const { misfits, rejecters, generations } = this.#verdicts;
    const { slot } = node;
    if (generations[slot] === node.generation) return;
    misfits[slot] = undefined;
    for (const { plugin, prepared } of this.#local) {
      const found = plugin.filter?.(this.pod, node, prepared);
      if (!found) continue;
      misfits[slot] = found;
      rejecters[slot] = plugin.name;
      break;
    }
    if (misfits[slot] === undefined) this.#scoreOne(node);
    generations[slot] = node.generation;
  }

  #scoreOne(node: NodeInfo): void {
    const { sums, raw } = this.#verdicts;
    this.#weighed ??= new Map(
      [...this.#final, ...this.#compared].map(({ plugin }): [Weighted['plugin'], unknown] => [
        plugin,
        plugin.weigh?.(this.pod, this.#snapshot, NONE),
      ]),
    );
    const score = (plugin: Weighted['plugin']): number => {
      const weighed = this.#weighed?.get(plugin);
      return plugin.weigh && weighed === undefined ? 0 : (plugin.score?.(this.pod, node, weighed) ?? 0);
    };
    sums[node.slot] = this.#final.reduce((sum, { plugin, weight }) => sum + weight * score(plugin), 0);
    this.#compared.forEach(({ plugin }, i) => ((raw[i] as Float64Array)[node.slot] = score(plugin)));
  }

  #remembered(plugin: Weighted['plugin'], feasible: readonly NodeInfo[]): Float64Array {
    const all = this.#verdicts.raw[this.#compared.findIndex((scorer) => scorer.plugin === plugin)] as Float64Array;
    const scores = new Float64Array(feasible.length);
    for (let i = 0; i < scores.length; i++) scores[i] = all[(feasible[i] as NodeInfo).slot] as number;
    return scores;
  }

  #scored(plugin: Weighted['plugin'], weighed: unknown, feasible: readonly NodeInfo[]): Float64Array {
    const scores = new Float64Array(feasible.length);
    for (let i = 0; i < scores.length; i++) scores[i] = plugin.score?.(this.pod, feasible[i] as NodeInfo, weighed) ?? 0;
    return scores;
  }

  #find(node: NodeInfo): Misfit | undefined {
    if (this.#snapshot.hasNominated) {
      const promised = this.#promisedOn(node);
      const crowded = promised.length > 0 ? this.#hypothetical(node, promised, []) : undefined;
      if (crowded) return crowded;
    }
    this.#judge(node);
    const local = this.#verdicts.misfits[node.slot];
    if (local) {
      this.#finder = this.#verdicts.rejecters[node.slot] ?? '';
      return local;
    }
    for (const { plugin, prepared } of this.#global) {
      const found = plugin.filter?.(this.pod, node, prepared);
      if (found) return this.#foundBy(plugin.name, found);
    }
    return undefined;
  }

  /** Pods at least as important that were promised the node count as if they were on it. */
  #promisedOn(node: NodeInfo): readonly Placed[] {
    const { metadata, spec } = this.pod;
    return [...this.#snapshot.nominatedOn(node.name)].filter(
      ({ pod }) => (pod.spec.priority ?? 0) >= (spec.priority ?? 0) && pod.metadata.uid !== metadata.uid,
    );
  }

  #hypothetical(node: NodeInfo, added: readonly Placed[], removed: readonly Placed[]): Misfit | undefined {
    const copy = node.copy();
    for (const { pod } of removed) copy.remove(keyOf(pod));
    for (const placed of added) copy.add(placed);
    for (const { plugin, prepared } of this.#local) {
      const found = plugin.filter?.(this.pod, copy, prepared);
      if (found) return this.#foundBy(plugin.name, found);
    }
    for (const { plugin, prepared } of this.#global) {
      let then: unknown = prepared;
      for (const placed of removed) then = plugin.shift ? plugin.shift(then, this.pod, { placed, node, by: -1 }) : then;
      for (const placed of added) then = plugin.shift ? plugin.shift(then, this.pod, { placed, node, by: 1 }) : then;
      const found = plugin.filter?.(this.pod, copy, then);
      if (found) return this.#foundBy(plugin.name, found);
    }
    return undefined;
  }

  #foundBy(name: string, found: Misfit): Misfit {
    this.#finder = name;
    return found;
  }
}

const NONE: readonly NodeInfo[] = [];

function differ(scores: Float64Array): boolean {
  for (let i = 1; i < scores.length; i++) if (scores[i] !== scores[0]) return true;
  return false;
}

/** Upstream's sentence for a pod that fits nowhere; `after` is what preemption had to say. */
export function unfitMessage(
  nodeCount: number,
  { reasons, refusal }: Pick<Unfit, 'reasons' | 'refusal'>,
  after = '',
): string {
  if (nodeCount === 0) return 'no nodes available to schedule pods';
  return `0/${nodeCount} nodes are available: ${refusal ?? listed(reasons)}.${after ? ` ${after}` : ''}`;
}

export const listed = (reasons: ReadonlyMap<string, number>): string =>
  [...reasons]
    .map(([reason, count]) => `${count} ${reason}`)
    .sort()
    .join(', ');
