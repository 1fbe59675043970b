import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { memoryOf } from './processes.ts';

/** Pages that a collection emptied are given back some seconds later. */
const GIVEN_BACK_MS = 12_000;
const LISTENING_MS_MAX = 5000;

/**
 * Resident bytes of one of our servers once it has nothing but what it needs: its debugger, which must have a port of its
 * own (--inspect-port=0), is asked to collect garbage.
 */
export async function settledBytesOf(
  { pid, log }: { readonly pid: number; readonly log: string },
  signal: AbortSignal,
): Promise<number> {
  process.kill(pid, 'SIGUSR1');
  const url = await debuggerOf(log, signal);
  // What was in use when the first began is free at the second.
  for (let times = 0; times < 2; times++) {
    await collectGarbage(url);
    await sleep(GIVEN_BACK_MS, undefined, { signal });
  }
  return memoryOf(pid).residentMiB * 1024 * 1024;
}

async function debuggerOf(log: string, signal: AbortSignal): Promise<string> {
  for (let waited = 0; waited < LISTENING_MS_MAX; waited += 20) {
    const url = /Debugger listening on (ws:\S+)/.exec(readFileSync(log, 'utf8'))?.[1];
    if (url) return url;
    await sleep(20, undefined, { signal });
  }
  throw new Error('The server did not start its debugger');
}

function collectGarbage(url: string): Promise<void> {
  const socket = new WebSocket(url);
  return new Promise<void>((resolve, reject) => {
    socket.addEventListener('open', () =>
      socket.send(JSON.stringify({ id: 1, method: 'HeapProfiler.collectGarbage' })),
    );
    socket.addEventListener('message', () => resolve());
    socket.addEventListener('error', () => reject(new Error(`Cannot reach the debugger at ${url}`)));
  }).finally(() => socket.close());
}
