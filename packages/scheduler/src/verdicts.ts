import type { Misfit, Profile, Weighted } from './plugin.ts';
import type { Shape } from './snapshot/template.ts';
import type { TouchedNodes } from './snapshot/touched-nodes.ts';

/** Nobody has been asked about the node as it is. */
export const UNJUDGED = 0;
export const FITS = 1;
export const MISFITS = 2;

/** What the plugins that look at one node only have said of every node, for pods of one shape. */
export class Verdicts {
  /** By slot, what was said of the node. The rest of a slot says nothing where it was not judged. */
  states: Uint8Array;
  /** undefined: the node fits. */
  readonly misfits: (Misfit | undefined)[] = [];
  /** Which plugin said so. */
  readonly rejecters: (string | undefined)[] = [];
  /** The weighted sum of the scores that are final as they are. */
  sums: Float64Array;
  /** Raw scores of each plugin that brings them to 0..100 once all are known. */
  readonly raw: Float64Array[];
  /** Whose nodes this is about, and how many of their changes are taken in. */
  #nodes: TouchedNodes | undefined;
  #changes = 0;

  constructor(slots: number, scorers: number) {
    this.states = new Uint8Array(slots);
    this.sums = new Float64Array(slots);
    this.raw = Array.from({ length: scorers }, () => new Float64Array(slots));
  }

  grow(slots: number): void {
    if (slots <= this.states.length) return;
    const size = Math.max(slots, this.states.length * 2);
    const states = new Uint8Array(size);
    states.set(this.states);
    this.states = states;
    this.sums = grown(this.sums, size);
    this.raw.forEach((before, i) => (this.raw[i] = grown(before, size)));
  }

  /** Forgets what was said of nodes that have changed since. */
  catchUp(nodes: TouchedNodes): void {
    if (nodes === this.#nodes && nodes.count === this.#changes) return;
    const isKnown = nodes === this.#nodes && nodes.markSince(this.#changes, this.states, UNJUDGED);
    if (!isKnown) this.states.fill(UNJUDGED);
    this.#nodes = nodes;
    this.#changes = nodes.count;
  }
}

function grown(before: Float64Array, size: number): Float64Array {
  const after = new Float64Array(size);
  after.set(before);
  return after;
}

/**
 * Room for what is found of hundreds of nodes, taken anew by every decision: what is written there holds until the next
 * one. Arrays made for each pod are most of what a decision would leave to the garbage collector.
 */
export class Scratch {
  #slots = new Int32Array(0);
  #totals = new Float64Array(0);
  #scores = new Float64Array(0);

  slots(size: number): Int32Array {
    if (this.#slots.length < size) this.#slots = new Int32Array(size);
    return this.#slots;
  }

  totals(size: number): Float64Array {
    if (this.#totals.length < size) this.#totals = new Float64Array(size);
    return this.#totals.subarray(0, size);
  }

  scores(size: number): Float64Array {
    if (this.#scores.length < size) this.#scores = new Float64Array(size);
    return this.#scores.subarray(0, size);
  }
}

/** Shapes whose verdicts are kept. Each costs some tens of bytes a node. */
const SHAPES_MAX = 64;

/**
 * Remembers verdicts for the next pod of the same shape: as one placement changes one node, nearly all of them still
 * hold. What it remembers never changes a placement, only its cost; a property test holds it to that.
 */
export class Memory {
  readonly #byProfile = new WeakMap<Profile, Map<Shape, Verdicts>>();
  readonly scratch = new Scratch();

  of(shape: Shape, of: Profile, slots: number, normalized: readonly Weighted[]): Verdicts {
    const profile = of.remembersAs ?? of;
    let known = this.#byProfile.get(profile);
    if (!known) this.#byProfile.set(profile, (known = new Map()));
    let verdicts = known.get(shape);
    if (verdicts) known.delete(shape);
    else verdicts = new Verdicts(slots, normalized.length);
    known.set(shape, verdicts);
    if (known.size > SHAPES_MAX)
      for (const oldest of known.keys()) {
        known.delete(oldest);
        break;
      }
    verdicts.grow(slots);
    return verdicts;
  }
}
