interface Interval {
  readonly first: number;
  readonly last: number;
}

/** Completion indexes as a job's status holds them: `1,3-5,7`, in order, neighbours joined. A value: never changed. */
export class IndexSet {
  static readonly empty: IndexSet = new IndexSet([]);
  /** Ordered, apart from one another by more than one. */
  readonly #intervals: readonly Interval[];

  private constructor(intervals: readonly Interval[]) {
    this.#intervals = intervals;
  }

  /** Indexes at `limit` and beyond are left out: the job may have been made smaller. What cannot be read holds nothing. */
  static parse(text: string | undefined, limit: number): IndexSet {
    if (!text) return IndexSet.empty;
    const intervals: Interval[] = [];
    for (const part of text.split(',')) {
      const match = /^(\d+)(?:-(\d+))?$/.exec(part);
      if (!match) return IndexSet.empty;
      const first = Number(match[1]);
      const last = Math.min(Number(match[2] ?? match[1]), limit - 1);
      if (first <= last) intervals.push({ first, last });
    }
    return new IndexSet(joined(intervals));
  }

  get size(): number {
    return this.#intervals.reduce((sum, { first, last }) => sum + last - first + 1, 0);
  }

  has(index: number): boolean {
    let [low, high] = [0, this.#intervals.length - 1];
    while (low <= high) {
      const middle = (low + high) >> 1;
      const { first, last } = this.#intervals[middle] as Interval;
      if (index < first) high = middle - 1;
      else if (index > last) low = middle + 1;
      else return true;
    }
    return false;
  }

  with(indexes: Iterable<number>): IndexSet {
    const added = [...indexes].map((index) => ({ first: index, last: index }));
    return added.length === 0 ? this : new IndexSet(joined([...this.#intervals, ...added]));
  }

  /** How many are in both. */
  overlap(other: IndexSet): number {
    let [count, i, j] = [0, 0, 0];
    for (;;) {
      const one = this.#intervals[i];
      const two = other.#intervals[j];
      if (!one || !two) return count;
      count += Math.max(0, Math.min(one.last, two.last) - Math.max(one.first, two.first) + 1);
      if (one.last < two.last) i++;
      else j++;
    }
  }

  /** The smallest `count` indexes below `limit` that are neither in this set nor taken. */
  firstMissing(count: number, limit: number, isTaken: (index: number) => boolean): readonly number[] {
    const found: number[] = [];
    let at = 0;
    for (const { first, last } of [...this.#intervals, { first: limit, last: limit }]) {
      for (; at < Math.min(first, limit) && found.length < count; at++) if (!isTaken(at)) found.push(at);
      at = Math.max(at, last + 1);
    }
    return found;
  }

  /** Three neighbours or more are a range, two are a list, as upstream writes them. */
  toString(): string {
    return this.#intervals
      .map(({ first, last }) => {
        if (first === last) return String(first);
        return last === first + 1 ? `${first},${last}` : `${first}-${last}`;
      })
      .join(',');
  }
}

function joined(intervals: readonly Interval[]): readonly Interval[] {
  const result: Interval[] = [];
  for (const { first, last } of intervals.toSorted((a, b) => a.first - b.first)) {
    const before = result.at(-1);
    if (before && first <= before.last + 1)
      result[result.length - 1] = { first: before.first, last: Math.max(before.last, last) };
    else result.push({ first, last });
  }
  return result;
}
