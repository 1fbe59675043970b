import { matchesOf, type Patterns } from '@navarch/machinery';
import { RE2JS, RE2JSSyntaxException } from 're2js';

/** Matches patterns by RE2: in time linear in the text, whatever the pattern, so that nobody's schema can hold the server up. */
export const linearPatterns: Patterns = {
  compile(pattern) {
    const compiled = compiledBy(pattern);
    return (text) => compiled.matcher(text).find();
  },

  finder(pattern) {
    const compiled = compiledBy(pattern);
    return (text, max) => matchesOf(matchesIn(compiled, text), max);
  },
};

/** Throws SyntaxError where the text is no pattern. */
export function compiledBy(pattern: string): RE2JS {
  try {
    return RE2JS.compile(pattern);
  } catch (error) {
    if (error instanceof RE2JSSyntaxException) throw new SyntaxError(error.message, { cause: error });
    throw error;
  }
}

function* matchesIn(compiled: RE2JS, text: string): Generator<{ readonly 0: string; readonly index: number }> {
  const matcher = compiled.matcher(text);
  while (matcher.find()) yield { 0: matcher.group() ?? '', index: matcher.start() };
}
