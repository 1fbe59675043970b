/**
 * What a pure function of a text said, for texts that come again and again. Bounded: when it is full everything is
 * forgotten, which costs nothing while the texts are few, and little when they are not.
 */
export class Memo<V> {
  readonly #answers = new Map<string, V>();
  readonly #max: number;
  readonly #lengthMax: number;

  /** At most `max` answers, to texts of at most `lengthMax` characters. */
  constructor(max: number, lengthMax = Number.MAX_SAFE_INTEGER) {
    this.#max = max;
    this.#lengthMax = lengthMax;
  }

  get(text: string, make: (text: string) => V): V {
    const known = this.#answers.get(text);
    if (known !== undefined || this.#answers.has(text)) return known as V;
    const made = make(text);
    if (text.length > this.#lengthMax) return made;
    if (this.#answers.size >= this.#max) this.#answers.clear();
    this.#answers.set(text, made);
    return made;
  }
}
