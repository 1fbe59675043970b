import { setTimeout as sleep } from 'node:timers/promises';
import { isAlive, type ProcessIdentity, signalProcess } from './process-identity.ts';

/** Asks a process to end, waits, then makes it end. Resolves when it is gone; at once when it already was. */
export async function endProcess(identity: ProcessIdentity, graceMs: number, signal: AbortSignal): Promise<void> {
  signalProcess(identity, 'SIGTERM');
  if (await isGoneWithin(identity, graceMs, signal)) return;
  signalProcess(identity, 'SIGKILL');
  if (!(await isGoneWithin(identity, 5_000, signal)))
    throw new Error(`process ${identity.pid} does not end, not even by SIGKILL`);
}

async function isGoneWithin(identity: ProcessIdentity, limitMs: number, signal: AbortSignal): Promise<boolean> {
  const end = performance.now() + limitMs;
  while (isAlive(identity)) {
    if (performance.now() > end) return false;
    await sleep(20, undefined, { signal });
  }
  return true;
}
