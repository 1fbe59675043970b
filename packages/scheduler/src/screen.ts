import { type DomainLimit, isBeyond } from './snapshot/domain-limits.ts';
import { NOWHERE } from './snapshot/domains.ts';
import { FITS, MISFITS, UNJUDGED } from './verdicts.ts';

/** What is known of all nodes for one pod, told by arrays of numbers: thousands of nodes are looked at for every pod. */
export interface Screen {
  /** In the order in which nodes are looked at. */
  readonly slots: Int32Array;
  /** Of plugins that look further than at one node: a node that is beyond one of them will not do. */
  readonly limits: readonly DomainLimit[];
  /** What is within those limits, all plugins that look further let pass. */
  readonly canTell: boolean;
  /** Of the node that is judged apart. */
  readonly ownSlot: number;
  /** By slot, what those said that look at one node only. */
  readonly states: Uint8Array;
}

export interface Sieve {
  readonly begin: number;
  readonly enough: number;
  /** Gets the slots of nodes that fit. */
  readonly into: Int32Array;
  /** Gets the slots of nodes that will not do, without what they lack. */
  readonly turnedAway: number[];
  /** Whether a node fits of which nothing is known, but that it is beyond no limit. */
  asked(slot: number): boolean;
}

interface Sifted {
  readonly looked: number;
  readonly feasible: number;
  /** How many of them nobody was asked of. */
  readonly knownFits: number;
}

/**
 * Looks at nodes until enough fit. All that the loop reads are locals, the first limit too, which is the only one as a
 * rule: it is where a decision spends its time.
 */
export function sift(
  { slots, limits, canTell, ownSlot, states }: Screen,
  { begin, enough, into, turnedAway, asked }: Sieve,
): Sifted {
  const count = slots.length;
  const [limit] = limits;
  const { domainOf, byNumber, least, most, isNeeded } = limit ?? UNLIMITED;
  const isLimited = limit !== undefined;
  const hasMore = limits.length > 1;
  let index = begin;
  let looked = 0;
  let feasible = 0;
  let knownFits = 0;
  for (; looked < count && feasible < enough; looked++) {
    const slot = slots[index] as number;
    if (++index === count) index = 0;
    const state = slot === ownSlot ? UNJUDGED : (states[slot] as number);
    let passes = state !== MISFITS;
    if (passes && isLimited) {
      const domain = domainOf[slot] as number;
      if (domain === NOWHERE) passes = !isNeeded;
      else {
        const there = byNumber[domain] as number;
        passes = there <= most && there >= least;
      }
      if (passes && hasMore) passes = !isBeyond(limits, slot, 1);
    }
    if (!passes) {
      turnedAway.push(slot);
      continue;
    }
    if (canTell && state === FITS) knownFits += 1;
    else if (!asked(slot)) continue;
    into[feasible++] = slot;
  }
  return { looked, feasible, knownFits };
}

const EMPTY = new Int32Array(0);
const UNLIMITED: DomainLimit = { domainOf: EMPTY, byNumber: EMPTY, least: 0, most: 0, isNeeded: false };
