import { anyOf } from './snapshot/domain-limits.ts';
import type { Misfit } from './plugin.ts';

/** What is known of all nodes for one pod, told by arrays of numbers: thousands of nodes are looked at for every pod. */
export interface Screen {
  /** In the order in which nodes are looked at. */
  readonly slots: Int32Array;
  /** Tests of plugins that look further than at one node: any of them turns a node away. */
  readonly quick: readonly ((slot: number) => boolean)[];
  /** What those tests do not turn away, all plugins that look further let pass. */
  readonly canTell: boolean;
  /** Of the node that is judged apart. */
  readonly ownSlot: number;
  /** By slot, what those said that look at one node only; undefined: it fits. */
  readonly misfits: readonly (Misfit | undefined)[];
  /** Of which state of the node that was said. */
  readonly known: Float64Array;
  /** The states that nodes are in. */
  readonly now: Float64Array;
}

export interface Sieve {
  readonly begin: number;
  readonly enough: number;
  /** Gets the slots of nodes that fit. */
  readonly into: Int32Array;
  /** Gets the slots of nodes that will not do, without what they lack. */
  readonly turnedAway: number[];
  /** Whether a node fits of which nothing is known, but that no test turns it away. */
  asked(slot: number): boolean;
}

interface Sifted {
  readonly looked: number;
  readonly feasible: number;
  /** How many of them nobody was asked of. */
  readonly knownFits: number;
}

/** Looks at nodes until enough fit. All that the loop reads are locals: it is where a decision spends its time. */
export function sift(
  { slots, quick, canTell, ownSlot, misfits, known, now }: Screen,
  { begin, enough, into, turnedAway, asked }: Sieve,
): Sifted {
  const count = slots.length;
  const isTested = quick.length > 0;
  let index = begin;
  let looked = 0;
  let feasible = 0;
  let knownFits = 0;
  for (; looked < count && feasible < enough; looked++) {
    const slot = slots[index] as number;
    if (++index === count) index = 0;
    const isKnown = known[slot] === now[slot] && slot !== ownSlot;
    if ((isKnown && misfits[slot] !== undefined) || (isTested && anyOf(quick, slot))) {
      turnedAway.push(slot);
      continue;
    }
    if (isKnown && canTell) knownFits += 1;
    else if (!asked(slot)) continue;
    into[feasible++] = slot;
  }
  return { looked, feasible, knownFits };
}
