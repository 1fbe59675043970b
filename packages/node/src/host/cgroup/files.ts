import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

/** Folders below a group's folder: the groups in it. */
export function childGroups(folder: string): readonly string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name);
}

export function makeGroup(folder: string): void {
  mkdirSync(folder, { recursive: true });
}

/** Removes a group and those below it. False when one still has processes. */
export function removeGroup(folder: string): boolean {
  if (!existsSync(folder)) return true;
  const cleared = childGroups(folder).map((name) => removeGroup(join(folder, name)));
  if (cleared.includes(false)) return false;
  try {
    rmdirSync(folder); // Not rm: the files of a group are the kernel's, and go with the folder.
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return true;
    if (code === 'EBUSY' || code === 'ENOTEMPTY') return false;
    throw error;
  }
}

/** The time of a group's folder is kept by the kernel, for everybody who sees the group. */
export function touchGroup(folder: string, now: number): void {
  if (existsSync(folder)) utimesSync(folder, now / 1000, now / 1000);
}

export const touchedAt = (folder: string): number | undefined => statSync(folder, { throwIfNoEntry: false })?.mtimeMs;

export function processesBelow(folder: string): readonly number[] {
  const own = (readText(join(folder, 'cgroup.procs')) ?? '').split('\n').filter(Boolean).map(Number);
  return [...own, ...childGroups(folder).flatMap((name) => processesBelow(join(folder, name)))];
}

export function someProcessBelow(folder: string): number | undefined {
  const [own = ''] = (readText(join(folder, 'cgroup.procs')) ?? '').split('\n', 1);
  if (own !== '') return Number(own);
  for (const name of childGroups(folder)) {
    const below = someProcessBelow(join(folder, name));
    if (below !== undefined) return below;
  }
  return undefined;
}

export function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return undefined; // Gone, or not counted by this kernel.
  }
}

export function readNumber(path: string): number | undefined {
  const text = readText(path);
  return text === undefined || text === 'max' || text === '' ? undefined : Number(text);
}

/**
 * A file of `key value` lines, as memory.stat and cpu.stat are. They have dozens of which a few are wanted, of hundreds of
 * groups: a line is read when it is asked for.
 */
export function readTable(path: string): (key: string) => number | undefined {
  const text = `\n${readText(path) ?? ''}`;
  return (key) => {
    const at = text.indexOf(`\n${key} `);
    return at < 0 ? undefined : Number.parseInt(text.slice(at + key.length + 2, at + key.length + 2 + DIGITS_MAX), 10);
  };
}

/** Of a number of 64 bits. */
const DIGITS_MAX = 20;

/** Writes a setting. The kernel's reason is wrapped: by itself it names neither the group nor the value. */
export function writeSetting(path: string, value: string | number): void {
  try {
    writeFileSync(path, String(value));
  } catch (error) {
    throw new Error(`cannot write ${value} to ${path}: ${(error as NodeJS.ErrnoException).code ?? String(error)}`, {
      cause: error,
    });
  }
}

/** Only what is there: absent numbers stay absent. */
export function defined<T extends Readonly<Record<string, number | undefined>>>(
  values: T,
): { readonly [K in keyof T]?: number } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: number;
  };
}
