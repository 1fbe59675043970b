/** Upstream's names of the steps of a decision, at which plugins act. */
export type DecisionPoint = 'PreFilter' | 'Filter' | 'PreScore' | 'Score';

/** Hears what a decision is at. Nothing of it changes what is decided. */
export interface CycleWatch {
  /** All plugins are through with a step, which began where the last ended. */
  passed(point: DecisionPoint, status?: string): void;
  /** A plugin was asked so often. */
  evaluated(plugin: string, point: DecisionPoint, times: number): void;
}

/** How often each of some plugins was asked that are asked one after the other, until one says no. */
export class AskedInTurn {
  /** `#until[n]`: how often the first n were asked, and no more. */
  readonly #until: Uint32Array;

  constructor(plugins: number) {
    this.#until = new Uint32Array(plugins + 1);
  }

  count(asked: number, times = 1): void {
    this.#until[asked] = (this.#until[asked] as number) + times;
  }

  /** In the order of the plugins. */
  times(): readonly number[] {
    const times: number[] = Array.from({ length: this.#until.length - 1 });
    let beyond = 0;
    for (let i = times.length; i > 0; i--) times[i - 1] = beyond += this.#until[i] as number;
    return times;
  }
}
