const LETTER = /\p{L}/u;
const DIGIT = /\p{Nd}/u;

/** The order of keys in upstream's YAML: numbers within names by their value, letters behind all else. */
export function byYamlKey(a: string, b: string): number {
  const [left, right] = [Array.from(a), Array.from(b)];
  for (let i = 0; i < left.length && i < right.length; i += 1) {
    const [l, r] = [left[i] as string, right[i] as string];
    if (l === r) continue;
    const [isLetter, isOtherLetter] = [LETTER.test(l), LETTER.test(r)];
    if (isLetter && isOtherLetter) return byCode(l, r);
    if (isLetter || isOtherLetter) return isOtherLetter ? -1 : 1;
    return byNumber(left, right, i);
  }
  return left.length - right.length;
}

/** The numbers that begin here; of the same number the shorter, and else the characters themselves. A zero within a number counts as a digit of it; what is too long for 64 bits wraps around. */
function byNumber(left: readonly string[], right: readonly string[], at: number): number {
  const start = (left[at] === '0' || right[at] === '0') && isWithinNumber(left, at) ? 1n : 0n;
  const [l, r] = [numberAt(left, at, start), numberAt(right, at, start)];
  if (l.value !== r.value) return l.value < r.value ? -1 : 1;
  return l.end - r.end || byCode(left[at] as string, right[at] as string);
}

function isWithinNumber(chars: readonly string[], at: number): boolean {
  for (let i = at - 1; i >= 0 && DIGIT.test(chars[i] as string); i -= 1) if (chars[i] !== '0') return true;
  return false;
}

function numberAt(
  chars: readonly string[],
  at: number,
  start: bigint,
): { readonly value: bigint; readonly end: number } {
  let [value, end] = [start, at];
  for (; end < chars.length && DIGIT.test(chars[end] as string); end += 1)
    value = BigInt.asIntN(64, value * 10n + BigInt(((chars[end] as string).codePointAt(0) as number) - 48));
  return { value, end };
}

const byCode = (a: string, b: string): number => (a.codePointAt(0) as number) - (b.codePointAt(0) as number);
