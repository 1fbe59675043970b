/** Shows a person what is going on: one line a step, with the time it took. */
export class Steps {
  readonly #write: (text: string) => void;
  readonly #isTerminal: boolean;

  constructor(write: (text: string) => void, isTerminal: boolean) {
    this.#write = write;
    this.#isTerminal = isTerminal;
  }

  say(text: string): void {
    this.#write(`${text}\n`);
  }

  /** Runs one step. A failure is marked and rethrown; the caller says what it means. */
  async step<T>(title: string, work: () => Promise<T>): Promise<T> {
    const started = performance.now();
    const seconds = (): string => `${((performance.now() - started) / 1000).toFixed(1)} s`;
    if (this.#isTerminal) this.#write(` • ${title} ...`);
    const lead = this.#isTerminal ? '\r\u001b[K' : '';
    try {
      const result = await work();
      this.#write(`${lead} ✓ ${title} (${seconds()})\n`);
      return result;
    } catch (error) {
      this.#write(`${lead} ✗ ${title} (${seconds()})\n`);
      throw error;
    }
  }
}
