import type { Pod } from '@navarch/api';
import { keyOf } from '@navarch/machinery';
import { AskedInTurn, type CycleWatch } from './cycle-watch.ts';
import type { Misfit, Profile, Weighted } from './plugin.ts';
import type { NodeInfo } from './snapshot/node-info.ts';
import type { Snapshot } from './snapshot/snapshot.ts';
import type { Placed } from './snapshot/template.ts';
import type { Memory, Verdicts } from './verdicts.ts';

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

interface Beside {
  readonly memory: Memory;
  readonly watch?: CycleWatch | undefined;
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

interface Weighing extends Weighted {
  readonly weighed: unknown;
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
  /** Of `nodes`, where they are all that there are. */
  readonly #slots: Int32Array | undefined;
  readonly #generations: Float64Array;
  /** Of the scorers that look at one node only; asked when the first node has to be judged. */
  #weighed: ReadonlyMap<Weighted['plugin'], unknown> | undefined;
  /** Who found the last misfit. */
  #finder = '';

  readonly #watch: CycleWatch | undefined;
  /** Counted where somebody watches. */
  readonly #localAsked: AskedInTurn | undefined;
  readonly #globalAsked: AskedInTurn | undefined;
  /** Nodes that were scored anew by those who look at one node only. */
  #scoredAnew = 0;

  constructor(pod: Pod, snapshot: Snapshot, profile: Profile, { memory, watch }: Beside) {
    this.pod = pod;
    this.#watch = watch;
    this.#snapshot = snapshot;
    this.#profile = profile;
    this.nodes = this.#worthLooking();
    this.#slots = this.nodes === snapshot.nodes ? snapshot.slotOrder : undefined;
    const roles = rolesOf(profile);
    this.#local = ready(roles.localFilters, pod, snapshot);
    this.#global = ready(roles.globalFilters, pod, snapshot);
    this.#generations = snapshot.generations;
    this.#localAsked = watch && new AskedInTurn(this.#local.length);
    this.#globalAsked = watch && new AskedInTurn(this.#global.length);
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

  /** No plugin looks further than at one node for this pod. */
  get isLocal(): boolean {
    return this.#global.length === 0;
  }

  fits(node: NodeInfo): boolean {
    return this.#find(node) === undefined;
  }

  /** Whether it is known of a node, by its place among `nodes`, that it will not do: without a look at the node itself. */
  isTurnedAway(index: number): boolean {
    const slots = this.#slots;
    if (slots === undefined) return false;
    const slot = slots[index] as number;
    const verdicts = this.#verdicts;
    return verdicts.misfits[slot] !== undefined && verdicts.generations[slot] === this.#generations[slot];
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
    const scorers = this.#weighing(feasible);
    this.#watch?.passed('PreScore');
    for (const { plugin, weight, weighed } of scorers) {
      const scores =
        plugin.scope === 'node' ? this.#remembered(plugin, feasible) : this.#scored(plugin, weighed, feasible);
      // Equal scores stay equal, whatever is done to all of them.
      if (!differ(scores)) continue;
      plugin.normalize?.(scores, feasible, weighed);
      for (let i = 0; i < scores.length; i++) totals[i] = (totals[i] as number) + weight * (scores[i] as number);
    }
    this.#watch?.passed('Score');
    this.#tellScores(scorers, feasible.length);
    return totals;
  }

  /** Tells who was asked of nodes, and how often. */
  tellFilters(): void {
    const watch = this.#watch;
    if (!watch) return;
    for (const [plugins, asked] of [
      [this.#local, this.#localAsked],
      [this.#global, this.#globalAsked],
    ] as const) {
      asked?.times().forEach((times, i) => {
        const { name, prepare } = (plugins[i] as Ready).plugin;
        if (prepare) watch.evaluated(name, 'PreFilter', 1);
        if (times > 0) watch.evaluated(name, 'Filter', times);
      });
    }
  }

  #tellScores(scorers: readonly Weighing[], feasible: number): void {
    const watch = this.#watch;
    if (!watch) return;
    if (this.#scoredAnew > 0)
      for (const { plugin } of [...this.#final, ...this.#compared])
        watch.evaluated(plugin.name, 'Score', this.#scoredAnew);
    for (const { plugin } of scorers) {
      if (plugin.weigh) watch.evaluated(plugin.name, 'PreScore', 1);
      if (plugin.scope === 'cluster') watch.evaluated(plugin.name, 'Score', feasible);
    }
  }

  /** Those who compare nodes with each other and prefer some for this pod. */
  #weighing(feasible: readonly NodeInfo[]): readonly Weighing[] {
    const found: Weighing[] = [];
    for (const { plugin, weight } of this.#profile.plugins) {
      if (!plugin.score || weight === 0 || (plugin.scope === 'node' && !plugin.normalize)) continue;
      const weighed: unknown = plugin.weigh?.(this.pod, this.#snapshot, feasible);
      if (!plugin.weigh || weighed !== undefined) found.push({ plugin, weight, weighed });
    }
    return found;
  }

  unfit(looked: number): Unfit {
    const { ranks } = this.#snapshot;
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
      // As if nothing had been known before: what is remembered must change nothing.
      resolvable: this.#resolvable.sort((a, b) => (ranks[a.slot] as number) - (ranks[b.slot] as number)),
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
    let asked = 0;
    for (const { plugin, prepared } of this.#local) {
      asked += 1;
      const found = plugin.filter?.(this.pod, node, prepared);
      if (!found) continue;
      misfits[slot] = found;
      rejecters[slot] = plugin.name;
      break;
    }
    this.#localAsked?.count(asked);
    if (misfits[slot] === undefined) this.#scoreOne(node);
    generations[slot] = node.generation;
  }

  #scoreOne(node: NodeInfo): void {
    const { sums, raw } = this.#verdicts;
    this.#scoredAnew += 1;
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
    if (this.#snapshot.isPromised(node.name)) {
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
    let asked = 0;
    for (const { plugin, prepared } of this.#global) {
      asked += 1;
      const found = plugin.filter?.(this.pod, node, prepared);
      if (!found) continue;
      this.#globalAsked?.count(asked);
      return this.#foundBy(plugin.name, found);
    }
    this.#globalAsked?.count(asked);
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
