import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** One line of the official list. */
export interface OfficialName {
  /** As printed by the official program, tags and all. */
  readonly full: string;
  /** Without tags: what a test of ours is registered under. */
  readonly plain: string;
  /** `apps` for [sig-apps]. */
  readonly group: string;
  /** Must run alone. */
  readonly isSerial: boolean;
}

/** The conformance tests of release 1.37, in the order of the list. */
export function officialNames(file = join(import.meta.dirname, '..', 'tests.txt')): readonly OfficialName[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('[sig-'))
    .map((full) => ({
      full,
      plain: plainName(full),
      group: /^\[sig-([a-z-]+)\]/.exec(full)?.[1] ?? '',
      isSerial: full.includes('[Serial]'),
    }));
}

/** Tags moved within the names between releases, so names are compared without them; the group stays. */
function plainName(full: string): string {
  const group = /^\[sig-[a-z-]+\]/.exec(full)?.[0] ?? '';
  return `${group} ${full.slice(group.length).replace(/\[[A-Za-z][\w:.-]*\]/g, ' ')}`.replace(/\s+/g, ' ').trim();
}
