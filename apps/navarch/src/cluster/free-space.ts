import { existsSync, statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { UserError } from '../user-error.ts';

const MIB = 1024 * 1024;
/** The store, logs and, with containers, the first images unpacked with room to run. */
const NEEDED = { sim: 64 * MIB, containerd: 512 * MIB } as const;

/** Better said before anything is made than when the disk is full half-way. */
export function checkFreeSpace(dir: string, runtime: keyof typeof NEEDED): void {
  const { bavail, bsize } = statfsSync(existing(dir));
  const free = bavail * bsize;
  if (free < NEEDED[runtime]) {
    throw new UserError(
      `there are only ${Math.floor(free / MIB)} MiB left on the disk of ${dir}, and a cluster needs ${NEEDED[runtime] / MIB}: free some, or set NAVARCH_HOME to a folder on another disk`,
    );
  }
}

const existing = (path: string): string => (existsSync(path) || path === '/' ? path : existing(dirname(path)));
