/** How a schema's patterns are matched. A host that serves strangers must do it in linear time (RE2). */
export interface Patterns {
  /** Throws SyntaxError where the text is no pattern. Matches anywhere in the value, as RE2 does. */
  compile(pattern: string): (text: string) => boolean;
}

const POSIX: Readonly<Record<string, string>> = {
  alnum: '0-9A-Za-z', alpha: 'A-Za-z', ascii: '\\x00-\\x7F', blank: '\\t ', cntrl: '\\x00-\\x1F\\x7F', digit: '0-9', graph: '!-~', lower: 'a-z',
  print: ' -~', punct: '!-\\/:-@\\[-`{-~', space: '\\t\\n\\v\\f\\r ', upper: 'A-Z', word: '0-9A-Za-z_', xdigit: '0-9A-Fa-f',
};

/**
 * Patterns by the language's own engine, with what RE2 writes otherwise put in its words. It backtracks: for schemas of
 * people one trusts.
 */
export const backtrackingPatterns: Patterns = {
  compile(pattern) {
    if (/\(\?<?[=!]/.test(pattern) || /\\[1-9]/.test(pattern)) throw new SyntaxError('look-around and back-references are not supported');
    const flags = /^\(\?([ims]+)\)/.exec(pattern);
    const body = (flags ? pattern.slice(flags[0].length) : pattern)
      .replace(/\[:(\w+):\]/g, (whole, name: string) => POSIX[name] ?? whole)
      .replaceAll('(?P<', '(?<').replaceAll('\\A', '^').replaceAll('\\z', '$');
    const regExp = new RegExp(body, flags?.[1] ?? '');
    return (text) => regExp.test(text);
  },
};
