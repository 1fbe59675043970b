import type { Misfit, Profile, Weighted } from './plugin.ts';
import type { Shape } from './snapshot/template.ts';

/** What the plugins that look at one node only have said of every node, for pods of one shape. */
export class Verdicts {
  /** State of the node, by slot, that the rest of the slot is about. */
  generations: Float64Array;
  /** undefined: the node fits. */
  readonly misfits: (Misfit | undefined)[] = [];
  /** Which plugin said so. */
  readonly rejecters: (string | undefined)[] = [];
  /** The weighted sum of the scores that are final as they are. */
  sums: Float64Array;
  /** Raw scores of each plugin that brings them to 0..100 once all are known. */
  readonly raw: Float64Array[];

  constructor(slots: number, scorers: number) {
    this.generations = new Float64Array(slots).fill(-1);
    this.sums = new Float64Array(slots);
    this.raw = Array.from({ length: scorers }, () => new Float64Array(slots));
  }

  grow(slots: number): void {
    if (slots <= this.generations.length) return;
    const size = Math.max(slots, this.generations.length * 2);
    this.generations = grown(this.generations, size, -1);
    this.sums = grown(this.sums, size, 0);
    this.raw.forEach((before, i) => (this.raw[i] = grown(before, size, 0)));
  }
}

function grown(before: Float64Array, size: number, rest: number): Float64Array {
  const after = new Float64Array(size).fill(rest);
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
