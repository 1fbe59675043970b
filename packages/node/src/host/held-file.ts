import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { identityOf, isAlive, type ProcessIdentity } from './process-identity.ts';

/** A file that one living process holds: it names its holder, and means nothing any more once that process is gone. */
export interface HeldFile extends Disposable {
  readonly path: string;
}

/** The living process that holds the file; undefined when there is none (a process of an earlier boot does not count). */
export function holderOf(path: string): ProcessIdentity | undefined {
  const holder = read(path);
  return holder && isAlive(holder) ? holder : undefined;
}

/** Takes the file for this process, or says who has it. */
export function hold(path: string): HeldFile | ProcessIdentity {
  for (;;) {
    const held = tryHold(path, (there) => holderOf(there) === undefined);
    if (held) return held;
    const holder = holderOf(path);
    if (holder) return holder;
  }
}

/**
 * Takes the file for this process where there is none, or one that is left, as the caller judges it. Undefined when
 * another has it. Atomic: the file appears with its content, and of several processes that find a left one, one gets it.
 */
export function tryHold(path: string, isLeft: (path: string) => boolean): HeldFile | undefined {
  const own = identityOf(process.pid);
  if (!own) throw new Error(`Cannot take ${path}: this system does not tell processes apart`);
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, JSON.stringify(own), { mode: 0o600 });
  try {
    for (;;) {
      if (placed(draft, path) || holderOf(path)?.pid === own.pid)
        return { path, [Symbol.dispose]: () => release(path, own) };
      if (!isLeft(path)) return undefined;
      removeLeft(path, `${draft}.left`, isLeft);
    }
  } finally {
    rmSync(draft, { force: true });
  }
}

/** Whether the file names a process that has gone. One that names none may be anybody's. */
export function isOfTheGone(path: string): boolean {
  const holder = read(path);
  return holder !== undefined && !isAlive(holder);
}

export const isHeld = (result: HeldFile | ProcessIdentity): result is HeldFile => 'path' in result;

function placed(draft: string, path: string): boolean {
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** By way of a name of our own: who looks next must not remove what another has put there meanwhile. */
function removeLeft(path: string, aside: string, isLeft: (path: string) => boolean): void {
  try {
    renameSync(path, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return;
  }
  if (!isLeft(aside)) placed(aside, path);
  rmSync(aside, { force: true });
}

function release(path: string, own: ProcessIdentity): void {
  const holder = read(path);
  if (holder?.pid === own.pid && holder.startTicks === own.startTicks) rmSync(path, { force: true });
}

function read(path: string): ProcessIdentity | undefined {
  try {
    const { pid, startTicks, bootId } = JSON.parse(readFileSync(path, 'utf8')) as Partial<ProcessIdentity>;
    return typeof pid === 'number' && typeof startTicks === 'string' && typeof bootId === 'string'
      ? { pid, startTicks, bootId }
      : undefined;
  } catch {
    return undefined; // Absent, or no record: nobody's.
  }
}
