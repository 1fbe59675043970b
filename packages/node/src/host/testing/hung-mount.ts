import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { mountsBelow } from '../mounts.ts';

/**
 * Mounts a file system of a program (FUSE) that never answers anything. Resolves to what ends it: those who wait for it get
 * an error then. It stays mounted.
 */
export async function hungMount(path: string): Promise<() => Promise<void>> {
  mkdirSync(path, { recursive: true });
  const mount = 'mount -i -n -t fuse -o fd=3,rootmode=40755,user_id=0,group_id=0,allow_other hung "$0"';
  const program = spawn('sh', ['-c', `exec 3<>/dev/fuse; ${mount}; exec sleep 3600`, path], { stdio: 'ignore' });
  const ended = new Promise<void>((resolve) => program.once('close', () => resolve()));
  for (const until = performance.now() + 10_000; !mountsBelow(path).includes(path); await sleep(20))
    if (performance.now() > until) throw new Error(`nothing was mounted at ${path}`);
  return () => {
    program.kill('SIGKILL');
    return ended;
  };
}
