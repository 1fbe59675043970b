import type { Misfit, Profile, Weighted } from './plugin.ts';
import type { NodeInfo } from './snapshot/node-info.ts';
import type { Template } from './snapshot/template.ts';

/** What the plugins that look at one node only have said of every node, for pods of one template. */
export class Verdicts {
  /** State of the node, by slot, that the rest of the slot is about. */
  generations: Float64Array;
  /** undefined: the node fits. */
  readonly misfits: (Misfit | undefined)[] = [];
  /** Which plugin said so. */
  readonly rejecters: (string | undefined)[] = [];
  /** Raw scores of each scoring plugin that looks at one node only. */
  readonly scores: Float64Array[];

  constructor(slots: number, scorers: number) {
    this.generations = new Float64Array(slots).fill(-1);
    this.scores = Array.from({ length: scorers }, () => new Float64Array(slots));
  }

  grow(slots: number): void {
    if (slots <= this.generations.length) return;
    const size = Math.max(slots, this.generations.length * 2);
    const generations = new Float64Array(size).fill(-1);
    generations.set(this.generations);
    this.generations = generations;
    this.scores.forEach((before, i) => {
      const grown = new Float64Array(size);
      grown.set(before);
      this.scores[i] = grown;
    });
  }
}

/** Templates whose verdicts are kept. Each costs some tens of bytes a node. */
const TEMPLATES_MAX = 64;

/**
 * Remembers verdicts for the next pod of the same template: as one placement changes one node, nearly all of them still
 * hold. What it remembers never changes a placement, only its cost; a property test holds it to that.
 */
export class Memory {
  readonly #byProfile = new WeakMap<Profile, Map<Template, Verdicts>>();

  of(template: Template, profile: Profile, slots: number, scorers: readonly Weighted[]): Verdicts {
    let known = this.#byProfile.get(profile);
    if (!known) this.#byProfile.set(profile, (known = new Map()));
    let verdicts = known.get(template);
    if (verdicts) known.delete(template);
    else verdicts = new Verdicts(slots, scorers.length);
    known.set(template, verdicts);
    if (known.size > TEMPLATES_MAX) for (const oldest of known.keys()) { known.delete(oldest); break; }
    verdicts.grow(slots);
    return verdicts;
  }
}

export const isCurrent = (verdicts: Verdicts, { slot, generation }: NodeInfo): boolean => verdicts.generations[slot] === generation;
