import type { Patterns } from '@navarch/machinery';
import { RE2JS, RE2JSSyntaxException } from 're2js';

/** Matches patterns by RE2: in time linear in the text, whatever the pattern, so that nobody's schema can hold the server up. */
export const linearPatterns: Patterns = {
  compile(pattern) {
    try {
      const compiled = RE2JS.compile(pattern);
      return (text) => compiled.matcher(text).find();
    } catch (error) {
      if (error instanceof RE2JSSyntaxException) throw new SyntaxError(error.message, { cause: error });
      throw error;
    }
  },
};
