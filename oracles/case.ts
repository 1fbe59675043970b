import type fc from 'fast-check';

export type Answer = { readonly value: unknown } | { readonly error: string };

/** A question to the official code, and how ours answers it, in the same form. */
export interface Case {
  readonly request: unknown;
  ours(): Answer;
  /** Takes out of the official answer what our callers are known not to need. */
  theirs?(answer: Answer): Answer;
}

/** A difference that stays, and why. */
export interface Known {
  readonly why: string;
  is(request: unknown, theirs: Answer, ours: Answer): boolean;
}

export interface Comparison {
  readonly name: string;
  readonly cases: fc.Arbitrary<Case>;
  readonly known?: readonly Known[];
}

export function attempt(make: () => unknown): Answer {
  try {
    return { value: make() };
  } catch (error) {
    return { error: (error as Error).message };
  }
}

/** For questions where only whether there is an error counts: our callers say it in their own words. */
export const errorsAlike = (answer: Answer): Answer => ('error' in answer ? { error: '' } : answer);

export const comparisonsOf = (
  cases: Readonly<Record<string, fc.Arbitrary<Case>>>,
  known: Readonly<Record<string, readonly Known[]>> = {},
): readonly Comparison[] =>
  Object.entries(cases).map(([name, arbitrary]) => ({ name, cases: arbitrary, known: known[name] ?? [] }));
