import { openCgroups } from '../host/cgroup/layout.ts';
import { endProcess } from '../host/end-process.ts';
import { identityOf, signalProcess } from '../host/process-identity.ts';
import { containerdLayout } from './layout.ts';
import { forgetRecord, readRecord } from './record.ts';
import { endShims, findShims } from './shims.ts';

/** Ends containerd and all its pods at once, as when a machine loses its power: what they had on disk and in mounts stays. */
export async function haltContainerd(dir: string, signal: AbortSignal): Promise<void> {
  const layout = containerdLayout(dir);
  const running = readRecord(layout);
  // First, so that nothing is written down about the end of what it runs.
  if (running) await endProcess(running, 0, signal);
  forgetRecord(layout);
  await endShims(layout, signal);
}

/** Rounds in which processes are looked for that were born meanwhile. */
const ROUNDS_MAX = 20;

/** Stops every process of containerd and of its pods where it is, or lets all of them go on. */
export function freezeContainerd(dir: string, cgroupRoot: string, isFrozen: boolean): void {
  const layout = containerdLayout(dir);
  const cgroups = openCgroups();
  const told = new Set<number>();
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const own = [readRecord(layout), ...findShims(layout)].flatMap((found) => (found ? [found.pid] : []));
    const fresh = [...own, ...cgroups.processes(cgroupRoot)].filter((pid) => !told.has(pid));
    if (fresh.length === 0) return;
    for (const pid of fresh) {
      told.add(pid);
      const identity = identityOf(pid);
      if (identity) signalProcess(identity, isFrozen ? 'SIGSTOP' : 'SIGCONT');
    }
  }
}
