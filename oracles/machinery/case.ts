export type Answer = { readonly value: unknown } | { readonly error: string };

/** A question to the oracle, and how our code answers it, in the oracle's form. */
export interface Case {
  readonly request: unknown;
  ours(): Answer;
  /** Takes out of the oracle's answer what our callers are known not to need. */
  theirs?(answer: Answer): Answer;
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
