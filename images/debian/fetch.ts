import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand } from '../../packages/node/src/host/command.ts';

/** A Debian package, fetched. */
export interface PackageFile {
  readonly name: string;
  readonly path: string;
}

/**
 * What packages need to run, themselves included, as apt resolves it for a system that has nothing; fetched into
 * `cacheDir`, and checked, by apt. Works without a network once they are there. Throws with apt's words.
 */
export async function fetchPackages(
  names: readonly string[],
  cacheDir: string,
  signal: AbortSignal,
): Promise<readonly PackageFile[]> {
  const archives = join(cacheDir, 'archives');
  mkdirSync(join(archives, 'partial'), { recursive: true });
  const status = join(cacheDir, 'empty-status');
  writeFileSync(status, '');
  const install = (...options: readonly string[]): Promise<{ readonly stdout: string }> =>
    runCommand(
      [
        'apt-get',
        '-q',
        '-y',
        '-o',
        `Dir::State::status=${status}`,
        '-o',
        `Dir::Cache::archives=${archives}`,
        '-o',
        'Debug::NoLocking=1',
        '-o',
        'APT::Sandbox::User=root',
        '--no-install-recommends',
        ...options,
        'install',
        ...names,
      ],
      {},
      signal,
    );
  const plan = await install('--simulate').catch(async () => {
    // A fresh machine has no package lists yet, or old ones.
    await runCommand(['apt-get', '-q', 'update'], {}, signal);
    return install('--simulate');
  });
  await install('--download-only');
  return parsePlan(plan.stdout).map(({ name, version, architecture }) => ({
    name,
    path: join(archives, `${name}_${version.replaceAll(':', '%3a')}_${architecture}.deb`),
  }));
}

/** The `Inst NAME (VERSION ORIGIN [ARCHITECTURE])` lines of a simulated installation, by name. */
export function parsePlan(
  text: string,
): readonly { readonly name: string; readonly version: string; readonly architecture: string }[] {
  const lines = [...text.matchAll(/^Inst (\S+) (?:\[[^\]]*\] )?\((\S+) .*?\[(\w+)\]\)/gm)];
  return lines
    .map(([, name = '', version = '', architecture = '']) => ({ name, version, architecture }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}
