interface Waiting {
  readonly key: string;
  begin(): void;
}

/** So much work at the same time, and of each key one piece after the other. */
export class Slots {
  readonly #max: number;
  readonly #busy = new Set<string>();
  #waiting: readonly Waiting[] = [];

  constructor(max: number) {
    this.#max = max;
  }

  async take<T>(key: string, work: () => Promise<T>): Promise<T> {
    await new Promise<void>((begin) => {
      this.#waiting = [...this.#waiting, { key, begin }];
      this.#next();
    });
    try {
      return await work();
    } finally {
      this.#busy.delete(key);
      this.#next();
    }
  }

  #next(): void {
    if (this.#busy.size >= this.#max) return;
    const first = this.#waiting.find(({ key }) => !this.#busy.has(key));
    if (!first) return;
    this.#waiting = this.#waiting.filter((one) => one !== first);
    this.#busy.add(first.key);
    first.begin();
    this.#next();
  }
}
