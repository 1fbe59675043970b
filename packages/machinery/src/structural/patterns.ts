/** How a schema's patterns are matched. A host that serves strangers must do it in linear time (RE2). */
export interface Patterns {
  /** Throws SyntaxError where the text is no pattern. Matches anywhere in the value, as RE2 does. */
  compile(pattern: string): (text: string) => boolean;
  /** The same, telling what matches: from left to right, at most so many. */
  finder(pattern: string): (text: string, max: number) => readonly string[];
}

const POSIX: Readonly<Record<string, string>> = {
  alnum: '0-9A-Za-z',
  alpha: 'A-Za-z',
  ascii: '\\x00-\\x7F',
  blank: '\\t ',
  cntrl: '\\x00-\\x1F\\x7F',
  digit: '0-9',
  graph: '!-~',
  lower: 'a-z',
  print: ' -~',
  punct: '!-\\/:-@\\[-`{-~',
  space: '\\t\\n\\v\\f\\r ',
  upper: 'A-Z',
  word: '0-9A-Za-z_',
  xdigit: '0-9A-Fa-f',
};

/**
 * Patterns by the language's own engine, with what RE2 writes otherwise put in its words. It backtracks: for schemas of
 * people one trusts.
 */
export const backtrackingPatterns: Patterns = {
  compile(pattern) {
    const regExp = regExpOf(pattern, '');
    return (text) => regExp.test(text);
  },

  finder(pattern) {
    const regExp = regExpOf(pattern, 'g');
    return (text, max) => matchesOf(text.matchAll(regExp), max);
  },
};

/** Nothing matches right after something else. */
export function matchesOf(
  matches: Iterable<{ readonly 0: string; readonly index: number }>,
  max: number,
): readonly string[] {
  const found: string[] = [];
  let end = -1;
  for (const { 0: text, index } of matches) {
    if (found.length >= max) break;
    if (text === '' && index === end) continue;
    found.push(text);
    end = index + text.length;
  }
  return found;
}

function regExpOf(pattern: string, flags: '' | 'g'): RegExp {
  if (/\(\?<?[=!]/.test(pattern) || /\\[1-9]/.test(pattern))
    throw new SyntaxError('look-around and back-references are not supported');
  const body = flagsInScope(pattern)
    .replace(/\[:(\w+):\]/g, (whole, name: string) => POSIX[name] ?? whole)
    .replaceAll('(?P<', '(?<')
    .replaceAll('\\A', '^')
    .replaceAll('\\z', '$');
  return new RegExp(body, flags);
}

/**
 * RE2 lets flags hold from where they stand to the end of their group, across its alternatives: `a(?i)b|c`. Here they
 * have a group of their own in each: `a(?i:b)|(?i:c)`.
 */
function flagsInScope(pattern: string): string {
  /** Groups of flags that are open, for each group of the pattern that is. */
  const open: string[][] = [[]];
  let out = '';
  for (const [part] of pattern.matchAll(/\\[\s\S]|\[\^?\]?(?:\[:\w+:\]|\\[\s\S]|[^\]\\])*\]?|\(\?[ims-]+\)|[\s\S]/g)) {
    const here = open.at(-1) as string[];
    const flags = /^\(\?([ims-]+)\)$/.exec(part)?.[1];
    if (flags !== undefined) {
      here.push(`(?${flags}:`);
      out += `(?${flags}:`;
    } else if (part === '|') out += `${')'.repeat(here.length)}|${here.join('')}`;
    else if (part === '(') {
      open.push([]);
      out += part;
    } else if (part === ')') {
      out += ')'.repeat(here.length + 1);
      if (open.length > 1) open.pop();
    } else out += part;
  }
  return out + ')'.repeat(open[0]?.length ?? 0);
}
