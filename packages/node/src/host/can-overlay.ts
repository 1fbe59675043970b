import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand } from './command.ts';
import { findProgram } from './find-program.ts';

/** Stacks two folders in the one where layers would be kept: some file systems carry no overlay (overlay itself, for one). */
export async function canOverlay(folder: string, signal: AbortSignal): Promise<boolean> {
  if (!/\boverlay\b/.test(readFileSync('/proc/filesystems', 'utf8')) && !findProgram('modprobe')) return false;
  mkdirSync(folder, { recursive: true });
  const trial = mkdtempSync(join(folder, '.probe-'));
  const part = (name: string): string => {
    mkdirSync(join(trial, name));
    return join(trial, name);
  };
  const options = `lowerdir=${part('lower')},upperdir=${part('upper')},workdir=${part('work')}`;
  try {
    // In a mount namespace of its own: nothing is left mounted however this ends.
    await runCommand(
      ['unshare', '--mount', 'mount', '-n', '-t', 'overlay', 'overlay', '-o', options, part('merged')],
      {},
      signal,
    );
    return true;
  } catch {
    signal.throwIfAborted();
    return false;
  } finally {
    rmSync(trial, { recursive: true, force: true });
  }
}
