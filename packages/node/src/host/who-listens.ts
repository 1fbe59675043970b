import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { processIds } from './processes.ts';

/** The process that listens on a TCP port of this network namespace, as far as this user may see it. */
export function whoListens(port: number): { readonly pid: number; readonly name: string } | undefined {
  const inodes = new Set(['tcp', 'tcp6'].flatMap((family) => listening(family, port)));
  if (inodes.size === 0) return undefined;
  for (const pid of [...processIds(), 1])
    if (sockets(pid).some((inode) => inodes.has(inode))) return { pid, name: nameOf(pid) };
  return undefined;
}

const LISTEN = '0A';

/** Socket inodes in /proc/net/tcp (proc_net(5)): columns are local address, state, inode. */
function listening(family: string, port: number): readonly string[] {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return textOf(`/proc/self/net/${family}`)
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[1]?.endsWith(suffix) && fields[3] === LISTEN)
    .map((fields) => fields[9] ?? '');
}

function sockets(pid: number): readonly string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      try {
        return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? [];
      } catch {
        return []; // Closed while we looked.
      }
    });
  } catch {
    return []; // Another user's, or gone.
  }
}

const nameOf = (pid: number): string => textOf(`/proc/${pid}/comm`).trim();

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
