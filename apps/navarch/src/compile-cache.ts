import { flushCompileCache } from 'node:module';
import { join } from 'node:path';

/** Where Node keeps what it compiled: with the packages, so that who may change the one may change the other, and nobody else. */
export const compileCacheDir = join(import.meta.dirname, '../../../node_modules/.cache/navarch');

/** Set in the environment of a process that was begun anew: once is enough, whatever comes of it. */
const BEGUN_ANEW = 'NAVARCH_BEGUN_ANEW';

/**
 * For a process that will live long, once it has loaded its modules and before it does anything. What it read of compiled
 * modules Node keeps until it is flushed: 12 MB of an agent, which its pods take the place of. One that had to strip
 * types, as after an installation or a change, would hold the 25 MB of what strips them to its end: it begins anew, as
 * the same process, with what it compiled. Begins anew only where there is something to gain and the system can do it.
 */
export function shedCompiler(): void {
  flushCompileCache();
  const loaded = (process as { readonly moduleLoadList?: readonly string[] }).moduleLoadList ?? [];
  if (!loaded.some((name) => name.includes('amaro')) || process.env[BEGUN_ANEW] || process.execve === undefined) return;
  process.execve(process.execPath, [process.execPath, ...process.execArgv, ...process.argv.slice(1)], {
    ...process.env,
    [BEGUN_ANEW]: '1',
  });
}
