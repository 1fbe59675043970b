import { encode } from '../request.ts';

/** What all warnings of one answer may take (bytes), and each of them when together they are more; upstream's limits. */
const WARNINGS_BYTES_MAX = 4096;
const WARNING_CHARS_MAX = 256;

/** Texts as values of a Warning header: quoted, control characters escaped, other scripts as UTF-8. */
export function warningHeaders(texts: readonly string[]): readonly string[] {
  const unique = [...new Set(texts)];
  const isLong = unique.reduce((sum, text) => sum + text.length, 0) > WARNINGS_BYTES_MAX;
  const values: string[] = [];
  let bytes = 0;
  for (const text of unique) {
    const quoted = JSON.stringify(isLong ? text.slice(0, WARNING_CHARS_MAX) : text).replaceAll('\u007f', '\\u007f');
    const value = `299 - ${String.fromCharCode(...encode(quoted))}`;
    bytes += value.length;
    if (bytes > 2 * WARNINGS_BYTES_MAX) break;
    values.push(value);
  }
  return values;
}
