import { setTimeout as sleep } from 'node:timers/promises';
import { cpuSecondsOf } from './processes.ts';

const LOOK_MS = 100;
/** A tick of the kernel's accounts, and a little: servers at rest still wake now and then. */
const RESTING_CPU_S = 0.011;
const WAIT_MS_MAX = 5000;

/**
 * Resolves once the processes have next to nothing to do: what a load leaves behind (logs that are written back, memory
 * that is collected) would otherwise be done in the next one's time. A process that never rests is waited for 5 s.
 */
export async function untilIdle(
  pids: readonly number[],
  signal: AbortSignal,
  usedBy: (pid: number) => number = cpuSecondsOf,
): Promise<void> {
  const used = (): number => pids.reduce((sum, pid) => sum + usedBy(pid), 0);
  const end = performance.now() + WAIT_MS_MAX;
  for (let last = used(); performance.now() < end;) {
    await sleep(LOOK_MS, undefined, { signal });
    const now = used();
    if (now - last <= RESTING_CPU_S) return;
    last = now;
  }
}
