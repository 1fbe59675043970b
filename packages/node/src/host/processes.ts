import { readdirSync, readFileSync } from 'node:fs';

/** Every process of this host but the first, as far as this process's /proc shows. */
export function processIds(): readonly number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => Number.isInteger(pid) && pid > 1);
}

/** A process's program and arguments; empty for kernel threads and for one that has ended. */
export function commandLine(pid: number): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch {
    return []; // It ended while we looked.
  }
}
