/** `0-2,5` as indexes of a job's pods. */
type Interval = readonly [first: number, last: number];

/** The interval, or what is wrong with it. */
function parseInterval(text: string, completions: number): Interval | string {
  const limits = text.split('-');
  if (limits.length > 2)
    return `the fragment ${JSON.stringify(text)} violates the requirement that an index interval can have at most two parts separated by '-'`;
  const numbers: number[] = [];
  for (const limit of limits) {
    if (!/^[+]?\d+$/.test(limit)) return `cannot convert string to integer for index: ${JSON.stringify(limit)}`;
    if (Number(limit) >= completions) return `too large index: ${JSON.stringify(limit)}`;
    numbers.push(Number(limit));
  }
  const [first = 0, last = first] = numbers;
  return limits.length > 1 && first >= last
    ? `non-increasing order, previous: ${first}, current: ${last}`
    : [first, last];
}

/** How many indexes the text names, or what is wrong with it. */
export function countIndexes(text: string, completions: number): number | string {
  if (text === '') return 0;
  let total = 0;
  let previous: number | undefined;
  for (const part of text.split(',')) {
    const interval = parseInterval(part, completions);
    if (typeof interval === 'string') return interval;
    const [first, last] = interval;
    if (previous !== undefined && previous >= first)
      return `non-increasing order, previous: ${previous}, current: ${first}`;
    total += last - first + 1;
    previous = last;
  }
  return total;
}

/** The first index that both texts name. Parts of them that cannot be read are passed over. */
export function firstOverlap(a: string, b: string, completions: number): number | undefined {
  const intervals = (text: string): readonly Interval[] =>
    (text === '' ? [] : text.split(','))
      .map((part) => parseInterval(part, completions))
      .filter((interval) => typeof interval !== 'string');
  const others = intervals(b);
  for (const [first, last] of intervals(a)) {
    const hit = others.find(([from, to]) => first <= to && from <= last);
    if (hit) return Math.max(first, hit[0]);
  }
  return undefined;
}
