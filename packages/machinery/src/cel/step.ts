import { CelBudgetError, type CelError } from './values.ts';

/** What an evaluation may still cost, in the units of upstream's cost model. */
export class Budget {
  #left: number;
  readonly #whole: Budget | undefined;

  /** `whole`: what it is taken from. */
  constructor(cost: number, whole?: Budget) {
    this.#left = cost;
    this.#whole = whole;
  }

  get left(): number {
    return this.#left;
  }

  /** Throws CelBudgetError when it is used up. */
  spend(cost: number): void {
    this.#left -= cost;
    this.#whole?.spend(cost);
    if (this.#left < 0) throw new CelBudgetError('operation cancelled: actual cost limit exceeded');
  }
}

/** Values of variables by their names; undefined: there is none. */
type Variables = (name: string) => unknown;

/** A name that holds within a fold; one whose value could not be found fails whoever asks for it. */
export interface Local {
  readonly name: string;
  value: unknown;
  failure: CelError | undefined;
  readonly outer: Local | undefined;
}

export interface Frame {
  readonly variables: Variables;
  readonly budget: Budget;
  readonly local: Local | undefined;
}

/** An expression made ready. Throws CelError. */
export type Step = (frame: Frame) => unknown;
