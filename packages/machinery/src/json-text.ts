/**
 * JSON as upstream's servers write it: what means something in HTML, and the separators of lines and paragraphs, are
 * escaped within texts. `space`: columns that each level is indented by; absent: all on one line.
 */
export function jsonText(value: unknown, space?: number): string {
  const text = JSON.stringify(value, undefined, space);
  // Nearly no text has any of them: looking for each is cheaper than for all at once.
  return text.includes('<') ||
    text.includes('>') ||
    text.includes('&') ||
    text.includes('\u2028') ||
    text.includes('\u2029')
    ? text.replace(SPECIAL, escaped)
    : text;
}

const SPECIAL = /[<>&\u2028\u2029]/g;

const escaped = (char: string): string => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
