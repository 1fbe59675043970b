import { rmSync } from 'node:fs';
import { commandLine, processIds } from '../host/processes.ts';
import { identityOf, isAlive, type ProcessIdentity } from '../host/process-identity.ts';
import type { ContainerdLayout } from './layout.ts';
import { readIfThere, writeFileAtomically } from './write-file.ts';

/** Remembers which process was started in this folder, for the runs after this one. */
export function writeRecord(layout: ContainerdLayout, pid: number): ProcessIdentity {
  const identity = identityOf(pid);
  if (!identity) throw new Error(`containerd ended at once; its last words are in ${layout.log}`);
  writeFileAtomically(layout.record, `${JSON.stringify(identity)}\n`);
  return identity;
}

/** The containerd of this folder, if that very process still runs. */
export function readRecord(layout: ContainerdLayout): ProcessIdentity | undefined {
  const text = readIfThere(layout.record);
  if (text !== undefined) {
    const identity = JSON.parse(text) as ProcessIdentity; // Ours, and always whole.
    if (isAlive(identity)) return identity;
  }
  return findUnrecorded(layout);
}

/** Who started it may have been killed before it could note it. A second one would wait for the first one's lock. */
function findUnrecorded(layout: ContainerdLayout): ProcessIdentity | undefined {
  const pid = processIds().find((id) => {
    const words = commandLine(id);
    return (words[0] ?? '').endsWith('containerd') && words[words.indexOf('--config') + 1] === layout.config;
  });
  return pid === undefined ? undefined : identityOf(pid);
}

export function forgetRecord(layout: ContainerdLayout): void {
  rmSync(layout.record, { force: true });
}
