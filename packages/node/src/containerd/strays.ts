import { existsSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Cgroups } from '../host/cgroup/port.ts';
import { unmountBelow } from '../host/mount.ts';
import { identityOf, signalProcess } from '../host/process-identity.ts';
import { commandLine, processIds } from '../host/processes.ts';
import type { ContainerdLayout } from './layout.ts';
import { readIfThere } from './write-file.ts';

/** Something that is there though containerd has no container of that name. Removing it may be repeated. */
export interface Stray {
  /** Tells it from all others. */
  readonly key: string;
  readonly what: 'shim' | 'task' | 'control group' | 'address' | 'network namespace';
  /** The container that it was of; absent where that cannot be told, and it is known by having no process. */
  readonly id?: string;
  remove(signal: AbortSignal): Promise<void>;
}

const TASKS = join('io.containerd.runtime.v2.task', 'k8s.io');
const CONTAINER_ID = /^[0-9a-f]{64}$/;

/** All that belongs to containers of this containerd, except network namespaces: of those only what no process has. */
export function belongings(layout: ContainerdLayout, cgroups: Cgroups, cgroupRoot: string): readonly Stray[] {
  return [
    ...shims(layout),
    ...tasks(layout, cgroups),
    ...groups(cgroups, cgroupRoot),
    ...addresses(layout),
    ...emptyNamespaces(layout),
  ];
}

/** A shim ends with all that it runs; containerd, where it still knows it, tidies up after it. */
function shims(layout: ContainerdLayout): readonly Stray[] {
  return processIds().flatMap((pid) => {
    const words = commandLine(pid);
    const id = words[words.indexOf('-id') + 1] ?? '';
    const isOurs =
      (words[0] ?? '').includes('containerd-shim') && words[words.indexOf('-address') + 1] === layout.socket;
    const shim = isOurs ? identityOf(pid) : undefined;
    if (!shim) return [];
    const remove = async (): Promise<void> => {
      for (const below of childrenOf(pid)) {
        const child = identityOf(below);
        if (child) signalProcess(child, 'SIGKILL');
      }
      signalProcess(shim, 'SIGKILL');
    };
    return [{ key: `shim ${id} ${pid}`, what: 'shim' as const, id, remove }];
  });
}

function childrenOf(pid: number): readonly number[] {
  const text = readIfThere(`/proc/${pid}/task/${pid}/children`) ?? '';
  return text.split(' ').filter(Boolean).map(Number);
}

/** The folder of a task, with what is mounted there and what runc keeps of it. */
function tasks(layout: ContainerdLayout, cgroups: Cgroups): readonly Stray[] {
  return names(join(layout.state, TASKS)).map((id) => {
    const bundle = join(layout.state, TASKS, id);
    const remove = async (signal: AbortSignal): Promise<void> => {
      const group = groupOf(bundle);
      if (group !== undefined) end(cgroups, group);
      await unmountBelow(bundle, signal);
      const folders = [bundle, join(layout.root, TASKS, id), join(layout.runcRoot, 'k8s.io', id)];
      for (const folder of folders) rmSync(folder, { recursive: true, force: true });
    };
    return { key: `task ${id}`, what: 'task', id, remove };
  });
}

/** The control group that runc was told to make. */
function groupOf(bundle: string): string | undefined {
  try {
    const { linux } = JSON.parse(readFileSync(join(bundle, 'config.json'), 'utf8')) as {
      readonly linux?: { readonly cgroupsPath?: string };
    };
    return linux?.cgroupsPath;
  } catch {
    return undefined; // It was killed before it had written that.
  }
}

function groups(cgroups: Cgroups, root: string): readonly Stray[] {
  const below = (path: string): readonly string[] => cgroups.children(path).map((name) => `${path}/${name}`);
  const classes = ['', '/burstable', '/besteffort'].map((name) => `${root}/kubepods${name}`);
  const pods = classes.flatMap(below).filter((path) => /\/pod[^/]+$/.test(path));
  return pods.flatMap(below).flatMap((path) => {
    const id = path.slice(path.lastIndexOf('/') + 1);
    const remove = async (): Promise<void> => end(cgroups, path);
    return CONTAINER_ID.test(id) ? [{ key: `group ${path}`, what: 'control group' as const, id, remove }] : [];
  });
}

/** What has not ended by then is there at the next look too. */
function end(cgroups: Cgroups, path: string): void {
  for (const pid of cgroups.processes(path)) {
    const process = identityOf(pid);
    if (process) signalProcess(process, 'SIGKILL');
  }
  cgroups.remove(path);
}

/** host-local keeps a file for each address that is given; its first line is the sandbox. */
function addresses(layout: ContainerdLayout): readonly Stray[] {
  return names(layout.cniStateDir).flatMap((network) =>
    names(join(layout.cniStateDir, network)).flatMap((name) => {
      const file = join(layout.cniStateDir, network, name);
      const id = (readIfThere(file) ?? '').split(/\r?\n/)[0]?.trim() ?? '';
      const remove = async (): Promise<void> => rmSync(file, { force: true });
      return CONTAINER_ID.test(id) ? [{ key: `address ${network} ${name}`, what: 'address' as const, id, remove }] : [];
    }),
  );
}

function emptyNamespaces(layout: ContainerdLayout): readonly Stray[] {
  const folder = join(layout.state, 'io.containerd.grpc.v1.cri', 'netns');
  const found = names(folder);
  if (found.length === 0) return [];
  const used = new Set(processIds().flatMap((pid) => namespaceOf(pid) ?? []));
  return found.flatMap((name) => {
    const path = join(folder, name);
    const remove = async (signal: AbortSignal): Promise<void> => {
      await unmountBelow(path, signal);
      rmSync(path, { force: true });
    };
    return used.has(inodeOf(path)) ? [] : [{ key: `namespace ${name}`, what: 'network namespace' as const, remove }];
  });
}

/** `net:[4026531840]` names the namespace by the inode that a mount of it has. */
function namespaceOf(pid: number): number | undefined {
  try {
    return Number(/\d+/.exec(readlinkSync(`/proc/${pid}/ns/net`))?.[0]);
  } catch {
    return undefined; // It ended while we looked.
  }
}

function inodeOf(path: string): number {
  try {
    return statSync(path).ino;
  } catch {
    return -1;
  }
}

const names = (folder: string): readonly string[] => (existsSync(folder) ? readdirSync(folder) : []);
