import { NOWHERE } from './domains.ts';
import type { DomainSums } from './domain-sums.ts';

/**
 * What a node's domain must be like. Thousands of nodes are asked for every pod: all that is looked at are arrays of
 * numbers.
 */
export interface DomainLimit {
  /** The domain of each node, by its slot. */
  readonly domainOf: Int32Array;
  /** How many there are, by the number of the domain. */
  readonly byNumber: Int32Array;
  readonly least: number;
  readonly most: number;
  /** A node without the label will not do. */
  readonly isNeeded: boolean;
}

/** As large as a count can be. */
export const ANY = 2 ** 31 - 1;

export const limitOf = (
  { domainOf, byNumber }: DomainSums,
  { least, most, isNeeded }: Pick<DomainLimit, 'least' | 'most' | 'isNeeded'>,
): DomainLimit => ({ domainOf, byNumber, least, most, isNeeded });

/** Whether the node of a slot is beyond some limit, from the one at `first` on. */
export function isBeyond(limits: readonly DomainLimit[], slot: number, first = 0): boolean {
  for (let i = first; i < limits.length; i++) {
    const { domainOf, byNumber, least, most, isNeeded } = limits[i] as DomainLimit;
    const domain = domainOf[slot] as number;
    if (domain === NOWHERE) {
      if (isNeeded) return true;
      continue;
    }
    const count = byNumber[domain] as number;
    if (count > most || count < least) return true;
  }
  return false;
}

/** One after the other in one list, which is that of the only one as a rule. */
export function allLimits(lists: readonly (readonly DomainLimit[] | undefined)[]): readonly DomainLimit[] {
  let all = NO_LIMITS;
  for (const limits of lists) if (limits && limits.length > 0) all = all.length === 0 ? limits : [...all, ...limits];
  return all;
}

const NO_LIMITS: readonly DomainLimit[] = [];
