import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { type HeldFile, isOfTheGone, tryHold } from '../host/held-file.ts';

/** How long another program's lock is waited for. */
const LOCK_WAIT_MS = 5000;
const LOCK_POLL_MS = 20;
/**
 * From when on the lock of a process that is not there is taken for left by one that was killed: nobody holds it for so
 * long, and a process of another container that has the file as well cannot be seen.
 */
const LEFT_MS = 1000;

/**
 * Rewrites a private file in one step, under the lock that kubectl and kind take too (FILE.lock): a reader sees the old
 * content or the new, and two writers do not undo each other. `make` is called under the lock; if it throws, nothing is
 * changed. Links are followed.
 */
export function changeFile(path: string, what: string, make: () => string): void {
  const file = existsSync(path) ? realpathSync(path) : path;
  const draft = `${file}.${process.pid}.tmp`;
  using _lock = lock(file, what);
  try {
    const text = make();
    try {
      write(draft, text, existsSync(file) ? statSync(file).mode & 0o777 : 0o600);
      renameSync(draft, file);
    } catch (error) {
      throw new Error(`Cannot write the ${what} ${file}: ${(error as Error).message}`, { cause: error });
    }
  } finally {
    rmSync(draft, { force: true });
  }
}

function write(draft: string, text: string, mode: number): void {
  const descriptor = openSync(draft, 'w', 0o600);
  try {
    writeSync(descriptor, text);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  chmodSync(draft, mode);
}

function lock(file: string, what: string): HeldFile {
  const name = `${file}.lock`;
  const began = performance.now();
  for (;;) {
    const waitedMs = performance.now() - began;
    const held = take(name, waitedMs, `${what} ${file}`);
    if (held) return held;
    if (waitedMs > LOCK_WAIT_MS)
      throw new Error(
        `Cannot write the ${what} ${file}: another program has it locked; if none is running, remove ${name}`,
      );
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LOCK_POLL_MS);
  }
}

/** Our own locks say whose they are, those of others are empty: they are never taken away. */
function take(name: string, waitedMs: number, what: string): HeldFile | undefined {
  try {
    return tryHold(name, (path) => waitedMs >= LEFT_MS && isOfTheGone(path));
  } catch (error) {
    throw new Error(`Cannot write the ${what}: ${(error as Error).message}`, { cause: error });
  }
}
