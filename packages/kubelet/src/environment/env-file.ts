import { configError } from '../start-error.ts';

/** A name, `=`, a value in single quotes, and nothing more on its last line. */
const ASSIGNMENT = /[ \t]*([^\s=#'][^\s='"]*)[ \t]*=[ \t]*'([^']*)'[ \t]*(?:\r?\n|$)/y;
const NOTHING = /[ \t]*(?:#[^\n]*)?(?:\r?\n|$)/y;

/**
 * The value of a key in an environment file (KEP-3721): `NAME='value'` lines as a shell reads them, values literal and
 * possibly of several lines, comments and blank lines between. undefined when the key is not there; the last one counts.
 * Throws StartError when anything else is in the file.
 */
export function valueInFile(text: string, key: string): string | undefined {
  let found: string | undefined;
  for (let at = 0; at < text.length;) {
    NOTHING.lastIndex = at;
    ASSIGNMENT.lastIndex = at;
    const blank = NOTHING.exec(text);
    const assignment = blank ? undefined : ASSIGNMENT.exec(text);
    if (!blank && !assignment) throw configError("couldn't parse env file");
    if (assignment?.[1] === key) found = assignment[2];
    at += (blank ?? assignment)?.[0].length ?? 1;
  }
  return found;
}
