/** A figure over several rounds: the median is what is quoted, the rest says how far to trust it. */
export interface Summary {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly rounds: number;
}

/** Throws RangeError for no values: a figure that was never measured must not look like zero. */
export function summarize(values: readonly number[]): Summary {
  if (values.length === 0) throw new RangeError('No values to summarize');
  const sorted = [...values].sort((a, b) => a - b);
  const at = (index: number): number => sorted[index] as number;
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 === 1 ? at(middle) : (at(middle - 1) + at(middle)) / 2;
  return { median: rounded(median), min: rounded(at(0)), max: rounded(at(sorted.length - 1)), rounds: sorted.length };
}

/** Six significant digits: more than any of this can be trusted to. */
export const rounded = (value: number): number => Number(value.toPrecision(6));

/** Three significant digits, thousands separated: what a person compares. */
export function short(value: number): string {
  if (!Number.isFinite(value)) return '-';
  if (Math.abs(value) >= 1000) return Math.round(value).toLocaleString('en-US');
  return String(Number(value.toPrecision(3)));
}
