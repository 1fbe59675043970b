import type { Patterns } from '../../structural/patterns.ts';
import { type CostOf, matching } from '../cost.ts';
import { declare, type Overload } from '../declare.ts';
import { CelError } from '../values.ts';

/** Patterns kept compiled; more are compiled anew. */
const COMPILED_MAX = 1000;

/** What is made of a pattern, made once for each as long as there are not too many. */
function remembered<T>(compile: (pattern: string) => T, told: string): (pattern: string) => T {
  const known = new Map<string, T>();
  return (pattern) => {
    const found = known.get(pattern);
    if (found !== undefined) return found;
    if (known.size >= COMPILED_MAX) known.clear();
    const made = attempted(pattern, compile, told);
    known.set(pattern, made);
    return made;
  };
}

function attempted<T>(pattern: string, compile: (pattern: string) => T, told: string): T {
  try {
    return compile(pattern);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new CelError(
      `${told}${error.message.startsWith('error parsing regexp') ? '' : 'error parsing regexp: '}${error.message}`,
    );
  }
}

const finding: CostOf = (text, pattern) => ({
  ...matching(text, pattern as typeof text),
  size: { min: 0, max: text.size.max },
});

/** Functions that match, by an engine of the host's choice. */
export function regexFunctions(patterns: Patterns): readonly Overload[] {
  const matcher = remembered((pattern) => patterns.compile(pattern), '');
  const finder = remembered((pattern) => patterns.finder(pattern), 'Illegal regex: ');
  const matches = (text: string, pattern: string): boolean => matcher(pattern)(text);
  const findAll = (text: string, pattern: string, limit = -1n): readonly string[] =>
    finder(pattern)(text, limit < 0n ? Infinity : Number(limit));
  return [
    declare('matches(string, string) -> bool', matches, matching),
    declare('matches(this string, string) -> bool', matches, matching),
    declare(
      'find(this string, string) -> string',
      (text: string, pattern: string) => findAll(text, pattern, 1n)[0] ?? '',
      finding,
    ),
    declare('findAll(this string, string) -> list(string)', findAll, finding),
    declare('findAll(this string, string, int) -> list(string)', findAll, finding),
  ];
}
