/** The one among the names that was probably meant: a letter too many, too few, wrong, or two in the wrong order. */
export function nearMiss(typed: string, names: Iterable<string>): string | undefined {
  let best: string | undefined;
  // Any two of these are alike.
  if (typed.length < 3) return undefined;
  // One slip in short names, two in long ones.
  let least = typed.length < 4 ? 1 : typed.length < 8 ? 1.5 : 2.5;
  for (const name of names) {
    if (name === typed || Math.abs(name.length - typed.length) > least) continue;
    const slips = distance(typed.toLowerCase(), name.toLowerCase());
    if (slips < least || (slips === least && best === undefined)) [best, least] = [name, slips];
  }
  return best;
}

/** Slips between two words (optimal string alignment). */
function distance(a: string, b: string): number {
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const isSame = a[i - 1] === b[j - 1];
      let slips = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + (isSame ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        slips = Math.min(slips, (before[j - 2] ?? 0) + 1);
      row.push(slips);
    }
    [before, last] = [last, row];
  }
  return last[b.length] ?? 0;
}
