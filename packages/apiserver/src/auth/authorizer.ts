import type { PolicyRule } from '@navarch/api';
import type { Tick } from '@navarch/base';
import type { Attributes } from './attributes.ts';
import type { User } from './user.ts';

/** `none`: this one has no opinion, ask the next. */
export interface Decision {
  readonly verdict: 'allow' | 'deny' | 'none';
  /** Why, for the answer to a review and for a refusal. */
  readonly reason: string;
}

/** Says what a user may do. Pure over what is stored. */
export interface Authorizer {
  decide(user: User, request: Attributes): Decision;
}

export const allowed = (reason: string): Decision => ({ verdict: 'allow', reason });
export const noOpinion = (reason = ''): Decision => ({ verdict: 'none', reason });

/** What is known of a user's rules in a namespace. */
export interface RuleSet {
  readonly rules: readonly PolicyRule[];
  /** What could not be looked up. */
  readonly errors: readonly string[];
}

export interface NamedAuthorizer {
  /** As upstream's `--authorization-mode` calls it, in lower case. */
  readonly name: string;
  readonly authorizer: Authorizer;
  /** Counts what it decides. */
  readonly decided?: DecisionCount;
}

/** Counts one authorizer's decisions; to have no opinion is none. */
export class DecisionCount {
  readonly #series: (decision: string) => Tick;
  #allowed: Tick | undefined;
  #denied: Tick | undefined;

  constructor(series: (decision: string) => Tick) {
    this.#series = series;
  }

  add(verdict: 'allow' | 'deny'): void {
    // Shown from the first on.
    if (verdict === 'allow') (this.#allowed ??= this.#series('allowed')).add();
    else (this.#denied ??= this.#series('denied')).add();
  }
}

/**
 * Asks one after the other; the first opinion counts, and what the others said, each by its name, is the reason of a
 * refusal.
 */
export const inTurn = (authorizers: readonly NamedAuthorizer[]): Authorizer => ({
  decide(user, request) {
    const reasons: string[] = [];
    for (const { name, authorizer, decided } of authorizers) {
      const decision = authorizer.decide(user, request);
      if (decision.verdict !== 'none') {
        decided?.add(decision.verdict);
        return decision;
      }
      if (decision.reason !== '') reasons.push(`${name}: ${decision.reason}`);
    }
    return noOpinion(reasons.join('\n'));
  },
});

/** Several errors as one, each told once. */
export function aggregate(errors: readonly string[]): string {
  const unique = [...new Set(errors)];
  return unique.length === 1 ? (unique[0] ?? '') : `[${unique.join(', ')}]`;
}
