import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { settleAll } from '@navarch/base';
import { endProcess } from '../host/end-process.ts';
import { commandLine, processIds } from '../host/processes.ts';
import { identityOf, type ProcessIdentity, signalProcess } from '../host/process-identity.ts';
import type { ContainerdLayout } from './layout.ts';
import { readIfThere } from './write-file.ts';

/** Shims of this containerd, known by the socket on their command line: they outlive it on purpose. */
export function findShims(layout: ContainerdLayout): readonly ProcessIdentity[] {
  return processIds().flatMap((pid) => {
    const words = commandLine(pid);
    const isOurs =
      (words[0] ?? '').includes('containerd-shim') && words[words.indexOf('-address') + 1] === layout.socket;
    const identity = isOurs ? identityOf(pid) : undefined;
    return identity ? [identity] : [];
  });
}

/**
 * Ends, by force, every container and shim that is left of this containerd. For when containerd itself is gone or
 * does not answer; while it does, pods are stopped through it, with their network.
 */
export async function endShims(layout: ContainerdLayout, signal: AbortSignal): Promise<void> {
  for (const bundle of bundles(layout)) {
    const pid = Number(readIfThere(join(bundle, 'init.pid')));
    const container = isContainerOf(pid, layout) ? identityOf(pid) : undefined;
    if (container) signalProcess(container, 'SIGKILL');
  }
  await settleAll(findShims(layout).map((shim) => endProcess(shim, 500, signal)));
  for (const bundle of bundles(layout)) removeSocket(bundle);
}

function bundles(layout: ContainerdLayout): readonly string[] {
  const folder = join(layout.state, 'io.containerd.runtime.v2.task', 'k8s.io');
  return existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : [];
}

/** The record may be older than the process that has its number now: only a child of one of our shims is a container. */
function isContainerOf(pid: number, layout: ContainerdLayout): boolean {
  if (!Number.isInteger(pid) || pid <= 1) return false;
  const parent = Number(/^PPid:\s+(\d+)$/m.exec(readIfThere(`/proc/${pid}/status`) ?? '')?.[1]);
  return findShims(layout).some((shim) => shim.pid === parent);
}

function removeSocket(bundle: string): void {
  const path = socketOf(bundle);
  if (path?.startsWith('/run/containerd/s/')) rmSync(path, { force: true });
}

/**
 * The socket of a bundle's shim, in a folder that all containerds of a host share. Containerd 1 keeps the bare address,
 * containerd 2 what the shim said when it began.
 */
export function socketOf(bundle: string): string | undefined {
  const said = readIfThere(join(bundle, 'bootstrap.json'));
  const address = said
    ? (JSON.parse(said) as { readonly address?: string }).address
    : readIfThere(join(bundle, 'address'));
  return address?.trim().replace(/^unix:\/\//, '');
}
