import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';

/** How long another program's lock is waited for. */
const LOCK_WAIT_MS = 5000;
const LOCK_POLL_MS = 20;

/**
 * Rewrites a private file in one step, under the lock that kubectl and kind take too (FILE.lock): a reader sees the old
 * content or the new, and two writers do not undo each other. `make` is called under the lock; if it throws, nothing is
 * changed. Links are followed.
 */
export function changeFile(path: string, what: string, make: () => string): void {
  const file = existsSync(path) ? realpathSync(path) : path;
  const draft = `${file}.${process.pid}.tmp`;
  const unlock = lock(file, what);
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
    unlock();
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

function lock(file: string, what: string): () => void {
  const name = `${file}.lock`;
  const until = performance.now() + LOCK_WAIT_MS;
  for (;;) {
    try {
      mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
      closeSync(openSync(name, 'wx', 0o600));
      return () => rmSync(name, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST')
        throw new Error(`Cannot write the ${what} ${file}: ${(error as Error).message}`, { cause: error });
      if (performance.now() > until)
        throw new Error(
          `Cannot write the ${what} ${file}: another program has it locked; if none is running, remove ${name}`,
          { cause: error },
        );
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LOCK_POLL_MS);
    }
  }
}
