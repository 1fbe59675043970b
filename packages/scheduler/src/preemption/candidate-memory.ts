import type { Profile } from '../plugin.ts';
import type { NodeInfo } from '../snapshot/node-info.ts';
import type { Shape } from '../snapshot/template.ts';
import type { Budget } from './budget.ts';
import type { Candidate } from './victims.ts';

/** Who would have to go from a node, or why nobody's going helps. */
export type Offer = Candidate | readonly string[];

interface Known {
  readonly profile: Profile;
  readonly budgets: readonly Budget[];
  /** By the slot of the node, with the state that it was in. */
  readonly offers: (Offer | undefined)[];
  readonly populations: number[];
}

/** Shapes of pods that evict others: few at a time. */
const SHAPES_MAX = 16;

/**
 * Remembers who would have to go from which node for pods of a shape. One eviction changes one node, so nearly all of it
 * holds for the next pod. Only for pods that look at nothing beyond a node, and not for the node that a pod itself was promised.
 */
export class CandidateMemory {
  readonly #byShape = new Map<Shape, Known>();

  /** What is known holds for these budgets only. */
  of(shape: Shape, profile: Profile, budgets: readonly Budget[]): CandidatesOf {
    const known = this.#byShape.get(shape);
    this.#byShape.delete(shape);
    const held = known?.profile === profile && same(known.budgets, budgets) ? known : fresh(profile, budgets);
    this.#byShape.set(shape, held);
    if (this.#byShape.size > SHAPES_MAX)
      for (const oldest of this.#byShape.keys()) {
        this.#byShape.delete(oldest);
        break;
      }
    return {
      offerOf({ slot, population }, find) {
        const known = held.offers[slot];
        if (known && held.populations[slot] === population) return known;
        const offer = find();
        held.offers[slot] = offer;
        held.populations[slot] = population;
        return offer;
      },
    };
  }
}

interface CandidatesOf {
  offerOf(node: NodeInfo, find: () => Offer): Offer;
}

const fresh = (profile: Profile, budgets: readonly Budget[]): Known => ({
  profile,
  budgets,
  offers: [],
  populations: [],
});

const same = (a: readonly Budget[], b: readonly Budget[]): boolean =>
  a.length === b.length && a.every((budget, i) => budget === b[i]);
