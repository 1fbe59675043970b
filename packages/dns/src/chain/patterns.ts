/**
 * Compiles a pattern in RE2's syntax, as Corefiles have them; throws SyntaxError where it is none. What it gives says what
 * matched, the whole first and then each group; undefined: nothing. In time linear in the text.
 */
export type CompilePattern = (pattern: string) => (text: string) => readonly string[] | undefined;

/** `{1}` stands for the first group; undefined where there is no such group. */
export function filled(text: string, groups: readonly string[]): string | undefined {
  let isWhole = true;
  const result = text.replaceAll(/\{(\d{1,3})\}/g, (_, digits: string) => {
    const group = groups[Number(digits)];
    isWhole &&= group !== undefined;
    return group ?? '';
  });
  return isWhole ? result : undefined;
}
