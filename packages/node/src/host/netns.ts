import { existsSync } from 'node:fs';
import { runCommand } from './command.ts';

/** Where `ip netns` keeps a named network namespace; for nsenter and for `Deps` that take a path. */
export function netnsPath(name: string): string {
  return `/run/netns/${name}`;
}

/** Makes a named network namespace with its loopback up. One that exists is kept. */
export async function createNetns(name: string, signal: AbortSignal): Promise<string> {
  if (!existsSync(netnsPath(name))) await runCommand(['ip', 'netns', 'add', name], {}, signal);
  await runCommand(['ip', '-n', name, 'link', 'set', 'lo', 'up'], {}, signal);
  return netnsPath(name);
}

/** Deletes a named network namespace; the interfaces in it go with it. One that is not there is fine. */
export async function deleteNetns(name: string, signal: AbortSignal): Promise<void> {
  if (existsSync(netnsPath(name))) await runCommand(['ip', 'netns', 'delete', name], {}, signal);
}

/** Deletes a network interface, in a namespace when one is given. One that is not there is fine. */
export async function deleteLink(name: string, netns: string | undefined, signal: AbortSignal): Promise<void> {
  const inside = netns ? { netns } : {};
  const { stdout } = await runCommand(['ip', '-o', 'link', 'show'], inside, signal);
  const names = [...stdout.matchAll(/^\d+: ([^:@]+)[:@]/gm)].map((match) => match[1]);
  if (names.includes(name)) await runCommand(['ip', 'link', 'delete', name], inside, signal);
}
