import { readFileSync, writeFileSync } from 'node:fs';
import { runCommand } from './command.ts';

/** The value of a kernel setting, `net.ipv4.ip_forward`; undefined when this kernel has none of that name. */
export function readSysctl(name: string): string | undefined {
  try {
    return readFileSync(pathOf(name), 'utf8').trim();
  } catch {
    return undefined;
  }
}

/** Sets a kernel setting, in a network namespace when one is given. Says in its error which could not be set. */
export async function writeSysctl(
  name: string,
  value: string,
  netns: string | undefined,
  signal: AbortSignal,
): Promise<void> {
  try {
    if (netns) await runCommand(['sh', '-c', 'printf %s "$1" > "$2"', 'sh', value, pathOf(name)], { netns }, signal);
    else if (readSysctl(name) !== value) writeFileSync(pathOf(name), value);
  } catch (error) {
    throw new Error(`cannot set ${name} to ${value}: ${(error as Error).message}`, { cause: error });
  }
}

function pathOf(name: string): string {
  return `/proc/sys/${name.replaceAll('.', '/')}`;
}
