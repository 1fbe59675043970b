/** A text of anybody's as one word of HAProxy's configuration: nothing in it means anything, and it stays on its line. */
export const word = (text: string): string => `'${withoutControls(text).replaceAll("'", `'\\''`)}'`;

/** The same where HAProxy would fill in samples: a percent sign is one. */
export const format = (text: string): string => word(text.replaceAll('%', '%%'));

/** A line break would begin a line of the caller's own. */
// oxlint-disable-next-line no-control-regex -- they are what is meant
const withoutControls = (text: string): string => text.replaceAll(/[\u0000-\u001F\u007F]/g, '');

/** A text in which nothing means anything to a regular expression (PCRE). */
export const literal = (text: string): string => text.replaceAll(/[^A-Za-z0-9_/]/gu, String.raw`\$&`);
