import { NOWHERE } from './domains.ts';
import type { DomainSums } from './domain-sums.ts';

/** What a node's domain must be like. */
export interface DomainLimit {
  readonly sums: DomainSums;
  readonly least: number;
  readonly most: number;
  /** A node without the label will not do. */
  readonly isNeeded: boolean;
}

/** As large as a count can be. */
export const ANY = 2 ** 31 - 1;

/**
 * Whether the node of a slot is beyond some limit. Thousands of nodes are asked for every pod: what is asked are arrays of
 * numbers, and nothing else is looked up on the way.
 */
export function beyond(limits: readonly DomainLimit[]): (slot: number) => boolean {
  const tests = limits.map(beyondOne);
  const [only, other] = tests;
  if (!only) return () => false;
  return other ? (slot) => anyOf(tests, slot) : only;
}

function beyondOne({ sums: { domainOf, byNumber }, least, most, isNeeded }: DomainLimit): (slot: number) => boolean {
  return (slot) => {
    const domain = domainOf[slot] as number;
    if (domain === NOWHERE) return isNeeded;
    const count = byNumber[domain] as number;
    return count > most || count < least;
  };
}

export function anyOf(tests: readonly ((slot: number) => boolean)[], slot: number): boolean {
  for (let i = 0; i < tests.length; i++) if ((tests[i] as (slot: number) => boolean)(slot)) return true;
  return false;
}
