import type { CompilePattern } from '@navarch/dns';
import { compiledBy } from './linear-patterns.ts';

/** What matches, and its groups, by RE2: in time linear in the text, whatever the pattern. */
export const groupPatterns: CompilePattern = (pattern) => {
  const compiled = compiledBy(pattern);
  return (text) => {
    const matcher = compiled.matcher(text);
    if (!matcher.find()) return undefined;
    return Array.from({ length: matcher.groupCount() + 1 }, (_, i) => matcher.group(i) ?? '');
  };
};
