import type { Pod } from '@navarch/api';
import { keyOf } from '@navarch/machinery';
import { AskedInTurn, type CycleWatch } from './cycle-watch.ts';
import { MisfitCounts } from './misfit-counts.ts';
import type { Misfit, Profile, Weighted } from './plugin.ts';
import { type Ready, ready, rolesOf } from './roles.ts';
import type { Screen } from './screen.ts';
import { allLimits, type DomainLimit, isBeyond } from './snapshot/domain-limits.ts';
import type { NodeInfo } from './snapshot/node-info.ts';
import type { Snapshot } from './snapshot/snapshot.ts';
import type { Placed } from './snapshot/template.ts';
import type { Unfit } from './unfit.ts';
import { FITS, type Memory, MISFITS, type Scratch, UNJUDGED, type Verdicts } from './verdicts.ts';

interface Beside {
  readonly memory: Memory;
  readonly watch?: CycleWatch | undefined;
}

interface Weighing extends Weighted {
  readonly weighed: unknown;
}

/** One pod against all nodes: what was prepared for it, and what was found so far. */
export class Cycle {
  readonly pod: Pod;
  /** Of the node that the pod was promised: what others are told of it does not hold for this one, nor the reverse. */
  readonly #ownSlot: number;
  /** The nodes worth looking at. */
  readonly nodes: readonly NodeInfo[];
  readonly #snapshot: Snapshot;
  readonly #profile: Profile;
  readonly #local: readonly Ready[];
  readonly #global: readonly Ready[];
  /** What none of those who look further than at one node turns away, they let pass. */
  readonly #canTell: boolean;
  readonly #limits: readonly DomainLimit[];
  readonly #final: readonly Weighted[];
  readonly #compared: readonly Weighted[];
  readonly #verdicts: Verdicts;
  readonly #scratch: Scratch;
  readonly #counts: MisfitCounts;
  readonly #narrowedBy: string[] = [];
  /** Of `nodes`, where they are all that there are. */
  readonly #slots: Int32Array | undefined;
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
    this.#ownSlot = snapshot.node(snapshot.nominatedNodeOf(keyOf(pod)) ?? '')?.slot ?? NO_SLOT;
    this.#watch = watch;
    this.#snapshot = snapshot;
    this.#counts = new MisfitCounts(snapshot);
    this.#profile = profile;
    this.nodes = this.#worthLooking();
    this.#slots = this.nodes === snapshot.nodes ? snapshot.slotOrder : undefined;
    const roles = rolesOf(profile);
    this.#local = ready(roles.localFilters, pod, snapshot);
    this.#global = ready(roles.globalFilters, pod, snapshot);
    this.#limits = allLimits(this.#global.map(({ limits }) => limits));
    const allTell = this.#global.every(({ limits }) => limits !== undefined);
    this.#canTell = allTell && (this.#global.length === 0 || !snapshot.hasNominated);
    this.#localAsked = watch && new AskedInTurn(this.#local.length);
    this.#globalAsked = watch && new AskedInTurn(this.#global.length);
    this.#final = roles.final;
    this.#compared = roles.compared;
    this.#scratch = memory.scratch;
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

  /** Room that this decision may use, and the next one will. */
  get scratch(): Scratch {
    return this.#scratch;
  }

  /** What can be told of nodes by their slots; undefined where they are not all that there are. */
  get screen(): Screen | undefined {
    if (!this.#slots) return undefined;
    this.#verdicts.catchUp(this.#snapshot.touched);
    return {
      slots: this.#slots,
      limits: this.#limits,
      canTell: this.#canTell,
      ownSlot: this.#ownSlot,
      states: this.#verdicts.states,
    };
  }

  /** Whether the node of a slot fits that is beyond no limit. */
  asked(slot: number): boolean {
    return this.misfitOf(this.#snapshot.nodeAt(slot), true) === undefined;
  }

  /** So many nodes fit, of which nobody had to be asked. */
  countKnownFits(times: number): void {
    this.#globalAsked?.count(this.#global.length, times);
  }

  /** As misfitOf, of the node of a slot that is turned away. */
  countTurnedAway(slot: number): void {
    const { misfits, states, rejecters } = this.#verdicts;
    const misfit = states[slot] === MISFITS && slot !== this.#ownSlot ? misfits[slot] : undefined;
    if (misfit) this.#counts.add(misfit, rejecters[slot] ?? '', slot);
    else this.misfitOf(this.#snapshot.nodeAt(slot));
  }

  /** Counts what it finds: asked once a node. `isScreened`: it is beyond no limit. */
  misfitOf(node: NodeInfo, isScreened = false): Misfit | undefined {
    const found = this.#find(node, isScreened);
    if (found) this.#counts.add(found, this.#finder, node.slot);
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
  totals(slots: Int32Array): Float64Array {
    const totals = this.#scratch.totals(slots.length);
    const { states, sums } = this.#verdicts;
    this.#verdicts.catchUp(this.#snapshot.touched);
    for (let i = 0; i < totals.length; i++) {
      const slot = slots[i] as number;
      if (states[slot] === UNJUDGED) this.#judge(this.#snapshot.nodeAt(slot));
      totals[i] = sums[slot] as number;
    }
    const scorers = this.#weighing(slots);
    this.#watch?.passed('PreScore');
    for (const { plugin, weight, weighed } of scorers) {
      const scores =
        plugin.scope === 'node' ? this.#remembered(plugin, slots) : this.#scored({ plugin, weighed }, slots);
      // Equal scores stay equal, whatever is done to all of them.
      if (!scores || !differ(scores)) continue;
      plugin.normalize?.(scores);
      for (let i = 0; i < scores.length; i++) totals[i] = (totals[i] as number) + weight * (scores[i] as number);
    }
    this.#watch?.passed('Score');
    this.#tellScores(scorers, slots.length);
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
  #weighing(feasible: Int32Array): readonly Weighing[] {
    const found: Weighing[] = [];
    for (const { plugin, weight } of this.#profile.plugins) {
      if (!plugin.score || weight === 0 || (plugin.scope === 'node' && !plugin.normalize)) continue;
      const weighed: unknown = plugin.weigh?.(this.pod, this.#snapshot, feasible);
      if (!plugin.weigh || weighed !== undefined) found.push({ plugin, weight, weighed });
    }
    return found;
  }

  unfit(looked: number): Unfit {
    const outside = this.#snapshot.nodes.length - this.nodes.length;
    if (outside > 0) {
      const reason = `node(s) didn't satisfy plugin(s) [${this.#narrowedBy.join(' ')}]`;
      this.#counts.addReason(reason, outside, this.#narrowedBy);
    }
    const { reasons, rejectedBy, resolvable } = this.#counts;
    return { node: undefined, looked, reasons, rejectedBy, resolvable };
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
    const { misfits, rejecters, states } = this.#verdicts;
    const { slot } = node;
    const isOwn = slot === this.#ownSlot;
    this.#verdicts.catchUp(this.#snapshot.touched);
    if (states[slot] !== UNJUDGED && !isOwn) return;
    const found = (node.promised && this.#crowdedOut(node)) ?? this.#turnedAwayBy(node);
    misfits[slot] = found;
    rejecters[slot] = this.#finder;
    if (found === undefined) this.#scoreOne(node);
    states[slot] = isOwn ? UNJUDGED : found ? MISFITS : FITS;
  }

  #turnedAwayBy(node: NodeInfo): Misfit | undefined {
    let asked = 0;
    let found: Misfit | undefined;
    for (const { plugin, prepared } of this.#local) {
      asked += 1;
      found = plugin.filter?.(this.pod, node, prepared);
      if (!found) continue;
      this.#finder = plugin.name;
      break;
    }
    this.#localAsked?.count(asked);
    return found;
  }

  /** Room that was promised to pods at least as important is not there. */
  #crowdedOut(node: NodeInfo): Misfit | undefined {
    const promised = this.#promisedOn(node);
    return promised.length > 0 ? this.#locally(copyWith(node, promised, [])) : undefined;
  }

  #locally(copy: NodeInfo): Misfit | undefined {
    for (const { plugin, prepared } of this.#local) {
      const found = plugin.filter?.(this.pod, copy, prepared);
      if (found) return this.#foundBy(plugin.name, found);
    }
    return undefined;
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

  /** undefined: all are equal. */
  #remembered(plugin: Weighted['plugin'], slots: Int32Array): Float64Array | undefined {
    const all = this.#verdicts.raw[this.#compared.findIndex((scorer) => scorer.plugin === plugin)] as Float64Array;
    const first = all[slots[0] as number];
    let same = 1;
    while (same < slots.length && all[slots[same] as number] === first) same += 1;
    if (same >= slots.length) return undefined;
    const scores = this.#scratch.scores(slots.length);
    for (let i = 0; i < scores.length; i++) scores[i] = all[slots[i] as number] as number;
    return scores;
  }

  #scored({ plugin, weighed }: Omit<Weighing, 'weight'>, slots: Int32Array): Float64Array {
    const scores = this.#scratch.scores(slots.length);
    for (let i = 0; i < scores.length; i++)
      scores[i] = plugin.scoreAt
        ? plugin.scoreAt(slots[i] as number, weighed)
        : (plugin.score?.(this.pod, this.#snapshot.nodeAt(slots[i] as number), weighed) ?? 0);
    return scores;
  }

  #find(node: NodeInfo, isScreened = false): Misfit | undefined {
    this.#judge(node);
    const local = this.#verdicts.misfits[node.slot];
    if (local) {
      this.#finder = this.#verdicts.rejecters[node.slot] ?? '';
      return local;
    }
    if (node.promised && this.#global.length > 0) {
      const promised = this.#promisedOn(node);
      const crowded = promised.length > 0 ? this.#hypothetical(node, promised, []) : undefined;
      if (crowded) return crowded;
    }
    let asked = 0;
    for (const { plugin, prepared, limits } of this.#global) {
      asked += 1;
      if (limits && (isScreened || !isBeyond(limits, node.slot))) continue;
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
    if (!node.promised) return NOBODY;
    const { metadata, spec } = this.pod;
    return [...node.promised.values()].filter(
      ({ pod }) => (pod.spec.priority ?? 0) >= (spec.priority ?? 0) && pod.metadata.uid !== metadata.uid,
    );
  }

  #hypothetical(node: NodeInfo, added: readonly Placed[], removed: readonly Placed[]): Misfit | undefined {
    const copy = copyWith(node, added, removed);
    const local = this.#locally(copy);
    if (local) return local;
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

const NONE = new Int32Array(0);
const NOBODY: readonly Placed[] = [];
/** No slot of any node. */
const NO_SLOT = -1;

function copyWith(node: NodeInfo, added: readonly Placed[], removed: readonly Placed[]): NodeInfo {
  const copy = node.copy();
  for (const { pod } of removed) copy.remove(keyOf(pod));
  for (const placed of added) copy.add(placed);
  return copy;
}

function differ(scores: Float64Array): boolean {
  for (let i = 1; i < scores.length; i++) if (scores[i] !== scores[0]) return true;
  return false;
}
