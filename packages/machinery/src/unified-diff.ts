/**
 * What is different between two texts, as patches show it: three lines around each change, no file names. Upstream's
 * messages carry such texts, so the choice of which lines are the same must be that of Python's difflib, which
 * upstream's is made after: the longest run of equal lines first, then on both sides of it; in long texts lines that
 * come often begin no run.
 */
export function unifiedDiff(before: string, after: string, stepsMax = STEPS_MAX): string {
  const [a, b] = [linesOf(before), linesOf(after)];
  return hunksOf(changesOf(a, b, stepsMax), a.length)
    .map((hunk) => `${headOf(hunk)}\n${hunk.map((part) => textOf(part, a, b)).join('')}`)
    .join('');
}

/** Of two texts full of lines that are alike, the search may look at so many pairs; what it has not seen then is a change. */
const STEPS_MAX = 5_000_000;
const AROUND = 3;
const LONG_LINES = 200;

/** Lines `from` to `to` of the first text became lines `fromNew` to `toNew` of the second. */
interface Part {
  readonly isSame: boolean;
  readonly from: number;
  readonly to: number;
  readonly fromNew: number;
  readonly toNew: number;
}
interface Run {
  readonly at: number;
  readonly atNew: number;
  readonly length: number;
}

const linesOf = (text: string): readonly string[] => text.split('\n').map((line) => `${line}\n`);

/** All parts in order, the equal ones between the changes. */
function changesOf(a: readonly string[], b: readonly string[], stepsMax: number): readonly Part[] {
  const parts: Part[] = [];
  let [at, atNew] = [0, 0];
  const runs = [...runsOf(a, b, stepsMax), { at: a.length, atNew: b.length, length: 0 }];
  for (const run of runs) {
    if (at < run.at || atNew < run.atNew)
      parts.push({ isSame: false, from: at, to: run.at, fromNew: atNew, toNew: run.atNew });
    [at, atNew] = [run.at + run.length, run.atNew + run.length];
    if (run.length > 0) parts.push({ isSame: true, from: run.at, to: at, fromNew: run.atNew, toNew: atNew });
  }
  return parts;
}

/** The runs of equal lines in order, those that touch made one. */
function runsOf(a: readonly string[], b: readonly string[], stepsMax: number): readonly Run[] {
  const search = new Search(a, b, stepsMax);
  const found: Run[] = [];
  const open = [{ from: 0, to: a.length, fromNew: 0, toNew: b.length }];
  for (let part = open.pop(); part; part = open.pop()) {
    const run = search.longest(part.from, part.to, part.fromNew, part.toNew);
    if (run.length === 0) continue;
    found.push(run);
    const [end, endNew] = [run.at + run.length, run.atNew + run.length];
    if (part.from < run.at && part.fromNew < run.atNew) open.push({ ...part, to: run.at, toNew: run.atNew });
    if (end < part.to && endNew < part.toNew) open.push({ ...part, from: end, fromNew: endNew });
  }
  found.sort((one, other) => one.at - other.at);
  const joined: Run[] = [];
  for (const run of found) {
    const last = joined.at(-1);
    if (last && last.at + last.length === run.at && last.atNew + last.length === run.atNew)
      joined[joined.length - 1] = { ...last, length: last.length + run.length };
    else joined.push(run);
  }
  return joined;
}

class Search {
  readonly #a: readonly string[];
  readonly #b: readonly string[];
  /** Where each line is in the second text, without those that come too often. */
  readonly #places = new Map<string, number[]>();
  #stepsLeft: number;

  constructor(a: readonly string[], b: readonly string[], stepsMax: number) {
    this.#a = a;
    this.#b = b;
    this.#stepsLeft = stepsMax;
    for (const [i, line] of b.entries()) {
      const places = this.#places.get(line);
      if (places) places.push(i);
      else this.#places.set(line, [i]);
    }
    if (b.length < LONG_LINES) return;
    const often = Math.floor(b.length / 100) + 1;
    for (const [line, places] of this.#places) if (places.length > often) this.#places.delete(line);
  }

  /** The first of the longest runs of equal lines within two ranges. */
  longest(from: number, to: number, fromNew: number, toNew: number): Run {
    let best: Run = { at: from, atNew: fromNew, length: 0 };
    /** How long the run is that ends at a line of the second text and the line of the first that was looked at before. */
    let lengths = new Map<number, number>();
    for (let i = from; i < to && this.#stepsLeft > 0; i++) {
      const next = new Map<number, number>();
      for (const j of this.#places.get(this.#a[i] as string) ?? []) {
        if (j < fromNew) continue;
        if (j >= toNew) break;
        this.#stepsLeft -= 1;
        const length = (lengths.get(j - 1) ?? 0) + 1;
        next.set(j, length);
        if (length > best.length) best = { at: i - length + 1, atNew: j - length + 1, length };
      }
      lengths = next;
    }
    return this.#grown(best, { from, to, fromNew, toNew });
  }

  /** Lines that come often are taken in where they continue a run; without one, where the ranges begin. */
  #grown(run: Run, range: Omit<Part, 'isSame'>): Run {
    let { at, atNew, length } = run;
    while (at > range.from && atNew > range.fromNew && this.#a[at - 1] === this.#b[atNew - 1]) {
      at -= 1;
      atNew -= 1;
      length += 1;
    }
    while (at + length < range.to && atNew + length < range.toNew && this.#a[at + length] === this.#b[atNew + length])
      length += 1;
    return { at, atNew, length };
  }
}

/** Changes with what is around them; those whose surroundings meet are shown as one. */
function hunksOf(parts: readonly Part[], lines: number): readonly (readonly Part[])[] {
  const hunks: Part[][] = [];
  let hunk: Part[] = [];
  for (const part of parts) {
    if (!part.isSame) {
      hunk.push(part);
      continue;
    }
    const isFirst = part.from === 0 && hunk.length === 0 && hunks.length === 0;
    const isLast = part.to === lines && part === parts.at(-1);
    const head = startOf(part, AROUND);
    const tail = endOf(part, AROUND);
    if (isFirst) hunk = isLast ? [] : [tail];
    else if (isLast) hunk.push(head);
    else if (part.to - part.from > 2 * AROUND) {
      hunks.push([...hunk, head]);
      hunk = [tail];
    } else hunk.push(part);
  }
  return hunk.some(({ isSame }) => !isSame) ? [...hunks, hunk] : hunks;
}

const startOf = (part: Part, length: number): Part => ({
  ...part,
  to: Math.min(part.to, part.from + length),
  toNew: Math.min(part.toNew, part.fromNew + length),
});
const endOf = (part: Part, length: number): Part => ({
  ...part,
  from: Math.max(part.from, part.to - length),
  fromNew: Math.max(part.fromNew, part.toNew - length),
});

function headOf(hunk: readonly Part[]): string {
  const [first, last] = [hunk[0] as Part, hunk.at(-1) as Part];
  return `@@ -${rangeOf(first.from, last.to)} +${rangeOf(first.fromNew, last.toNew)} @@`;
}

/** Lines are counted from 1; a range without any begins after the line before it. */
function rangeOf(from: number, to: number): string {
  const length = to - from;
  if (length === 1) return String(from + 1);
  return `${length === 0 ? from : from + 1},${length}`;
}

function textOf(part: Part, a: readonly string[], b: readonly string[]): string {
  const marked = (mark: string, lines: readonly string[]): string => lines.map((line) => mark + line).join('');
  return part.isSame
    ? marked(' ', a.slice(part.from, part.to))
    : marked('-', a.slice(part.from, part.to)) + marked('+', b.slice(part.fromNew, part.toNew));
}
