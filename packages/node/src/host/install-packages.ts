import { existsSync } from 'node:fs';
import { runCommand } from './command.ts';
import type { HostReport } from './probe-host.ts';

export interface InstallDeps {
  /** Told what is going to be done, before it is done; then apt's own progress. */
  readonly say: (line: string) => void;
}

/** The Debian packages that would bring what is missing, each once. */
export function packagesFor(report: HostReport): readonly string[] {
  return [...new Set(report.missing.flatMap((missing) => (missing.package ? [missing.package] : [])))].sort();
}

/**
 * Installs Debian packages without asking. A service that a package starts (containerd's, under systemd) is the host's
 * own and is left alone: Navarch's has its own folders and socket. Throws with apt's words, and on a host without apt.
 */
export async function installPackages(names: readonly string[], deps: InstallDeps, signal: AbortSignal): Promise<void> {
  if (names.length === 0) return;
  if (!existsSync('/usr/bin/apt-get')) {
    throw new Error(
      `this host has no apt-get: install what these Debian packages hold by its own means: ${names.join(', ')}`,
    );
  }
  deps.say(`installing Debian packages: ${names.join(', ')} (apt-get install --no-install-recommends)`);
  const run = (args: readonly string[]): Promise<unknown> =>
    runCommand(
      ['apt-get', '-q', '-y', ...args],
      {
        env: { DEBIAN_FRONTEND: 'noninteractive', NEEDRESTART_MODE: 'l' },
        onLine: deps.say,
      },
      signal,
    );
  const install = [
    '--no-install-recommends',
    '-o',
    'Dpkg::Options::=--force-confold',
    '-o',
    'DPkg::Lock::Timeout=60',
    'install',
    ...names,
  ];
  try {
    await run(install);
  } catch {
    signal.throwIfAborted();
    // Package lists of a fresh image are absent or old: fetch them, then it must work.
    await run(['-o', 'DPkg::Lock::Timeout=60', 'update']);
    await run(install);
  }
}
