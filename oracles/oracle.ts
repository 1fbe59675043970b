/** One set of comparisons with the official code. */
export interface Oracle {
  readonly name: string;
  /** Its comparisons can be asked for by name. */
  readonly isNamedWithin?: boolean;
  /** Throws a sentence for a person when something is missing that it needs. */
  run(context: OracleContext): Promise<Tally>;
}

export interface OracleContext {
  /** Random cases per comparison. */
  readonly cases: number;
  readonly seed: number;
  /** Names of comparisons to make; empty: all. */
  readonly only: readonly string[];
  say(line: string): void;
}

export interface Tally {
  readonly passed: number;
  readonly failed: number;
}

/** What an oracle needs is not here: it is named and left out, not failed. */
export class LeftOut extends Error {
  override readonly name = 'LeftOut';
}
