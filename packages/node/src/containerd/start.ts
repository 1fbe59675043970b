import { spawn } from 'node:child_process';
import { chmodSync, closeSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { canOverlay } from '../host/can-overlay.ts';
import { readCapabilities } from '../host/capabilities.ts';
import { programPath } from '../host/command.ts';
import { endProcess } from '../host/end-process.ts';
import { findCniFolder } from '../host/probe-host.ts';
import { isAlive, type ProcessIdentity } from '../host/process-identity.ts';
import { type ConfigPatches, patchToml } from './config-patches.ts';
import { containerdToml, type RegistryMirror, registryToml } from './config.ts';
import { type ContainerdLayout, containerdLayout } from './layout.ts';
import { snapshotterOf } from './snapshotter.ts';
import { forgetRecord, readRecord, writeRecord } from './record.ts';
import { readIfThere, writeFileAtomically } from './write-file.ts';

export interface ContainerdOptions {
  /** Everything of this containerd lives here. The path must leave room for a unix socket's name. */
  readonly dir: string;
  /** The image of the process that holds a pod's namespaces. It must be imported, or be pullable. */
  readonly sandboxImage: string;
  /** Path of the network namespace to run in: the node's. The host's where left out. */
  readonly netns?: string;
  /** Mirrors by registry, `docker.io`. */
  readonly registries?: Readonly<Record<string, readonly RegistryMirror[]>>;
  /** How layers become a file system. `auto` stacks them where the kernel can. */
  readonly snapshotter?: 'auto' | 'overlayfs' | 'native';
  /** What whoever runs the node wants otherwise. */
  readonly patches?: ConfigPatches;
  /** Bound on the time until the socket answers. Default 15 s. */
  readonly startTimeoutMs?: number;
}

export interface Containerd {
  readonly layout: ContainerdLayout;
  readonly socketPath: string;
  readonly process: ProcessIdentity;
  /** It ran already, with its pods; nothing was started. */
  readonly wasRunning: boolean;
}

/**
 * Makes sure that the containerd of this folder runs: adopts the one that does, or starts it as a process of its own,
 * which goes on, with its pods, when this program ends or is killed. Throws, with its last words, when it cannot start.
 */
export async function startContainerd(options: ContainerdOptions, signal: AbortSignal): Promise<Containerd> {
  const layout = containerdLayout(options.dir);
  const isChanged = await writeConfiguration(options, layout, signal);
  const running = readRecord(layout);
  if (running && !isChanged) return adopt(layout, running, options, signal);
  // Pods live in their shims: a containerd that comes back with another configuration finds them again.
  if (running) await endProcess(running, 10_000, signal);
  rmSync(layout.socket, { force: true });
  const started = launch(layout, options.netns);
  try {
    await isAnswering(layout, started, options.startTimeoutMs ?? 15_000, signal);
  } catch (error) {
    await endProcess(started, 2_000, AbortSignal.timeout(10_000));
    forgetRecord(layout);
    throw error;
  }
  return { layout, socketPath: layout.socket, process: started, wasRunning: false };
}

/** The containerd of this folder if it runs, for commands that only look. */
export function findContainerd(dir: string): Containerd | undefined {
  const layout = containerdLayout(dir);
  const running = readRecord(layout);
  return running && { layout, socketPath: layout.socket, process: running, wasRunning: true };
}

async function adopt(
  layout: ContainerdLayout,
  running: ProcessIdentity,
  options: ContainerdOptions,
  signal: AbortSignal,
): Promise<Containerd> {
  await isAnswering(layout, running, options.startTimeoutMs ?? 15_000, signal);
  return { layout, socketPath: layout.socket, process: running, wasRunning: true };
}

async function writeConfiguration(
  options: ContainerdOptions,
  layout: ContainerdLayout,
  signal: AbortSignal,
): Promise<boolean> {
  for (const folder of [layout.root, layout.state, layout.registries, layout.cniConfDir, layout.cniStateDir]) {
    mkdirSync(folder, { recursive: true, mode: 0o711 });
  }
  // Users that pods have of their own come through here to their root file systems (KEP-127).
  chmodSync(layout.dir, 0o711);
  for (const [registry, mirrors] of Object.entries(options.registries ?? {})) {
    const server = `https://${registry === 'docker.io' ? 'registry-1.docker.io' : registry}`;
    writeFileAtomically(join(layout.registries, registry, 'hosts.toml'), registryToml(server, mirrors));
  }
  const cniBinDir = findCniFolder();
  if (!cniBinDir)
    throw new Error('cannot start containerd: this host has no CNI plugins; install containernetworking-plugins');
  const config = containerdToml(layout, {
    sandboxImage: options.sandboxImage,
    cniBinDir,
    snapshotter: await chooseSnapshotter(options, layout, signal),
    restrictOomScoreAdj: !readCapabilities().has('CAP_SYS_RESOURCE'),
  });
  return writeFileAtomically(layout.config, options.patches ? patchToml(config, options.patches) : config);
}

/** Snapshots of one kind are of no use to the other: what a folder was begun with stays. */
async function chooseSnapshotter(
  { snapshotter = 'auto' }: ContainerdOptions,
  layout: ContainerdLayout,
  signal: AbortSignal,
): Promise<'overlayfs' | 'native'> {
  if (snapshotter !== 'auto') return snapshotter;
  const begunWith = snapshotterOf(readIfThere(layout.config) ?? '');
  if (begunWith) return begunWith;
  return (await canOverlay(layout.root, signal)) ? 'overlayfs' : 'native';
}

function launch(layout: ContainerdLayout, netns: string | undefined): ProcessIdentity {
  const log = openSync(layout.log, 'a', 0o640);
  try {
    const command = [...(netns ? ['nsenter', `--net=${netns}`, '--'] : []), 'containerd', '--config', layout.config];
    const child = spawn(command[0] ?? '', command.slice(1), {
      detached: true,
      cwd: '/',
      stdio: ['ignore', log, log],
      env: { PATH: programPath(), HOME: '/root', ...proxySettings() },
    });
    child.on('error', () => undefined); // Without a process id, said below.
    child.unref();
    if (child.pid === undefined) throw new Error(`cannot start ${command[0]}: is it installed?`);
    return writeRecord(layout, child.pid);
  } finally {
    closeSync(log);
  }
}

/** Of the caller's environment only this is containerd's business: how it gets out to registries. */
function proxySettings(): Readonly<Record<string, string>> {
  const entries = Object.entries(process.env).filter(
    ([name, value]) => value && /^(?:https?|no|all)_proxy$/i.test(name),
  );
  return Object.fromEntries(entries.map(([name, value = '']) => [name, value]));
}

async function isAnswering(
  layout: ContainerdLayout,
  running: ProcessIdentity,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<void> {
  const end = performance.now() + timeoutMs;
  while (!(await accepts(layout.socket))) {
    if (!isAlive(running)) throw new Error(`containerd ended while starting: ${lastWords(layout.log)}`);
    if (performance.now() > end)
      throw new Error(`containerd does not answer on ${layout.socket} after ${timeoutMs} ms: ${lastWords(layout.log)}`);
    await sleep(10, undefined, { signal });
  }
}

function accepts(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(socketPath);
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}

/** The last complaint in the log, which is where containerd says why it ends. */
function lastWords(log: string): string {
  const lines = readFileSync(log, 'utf8').trimEnd().split('\n').slice(-50);
  return lines.findLast((line) => /level=(?:fatal|error)|^containerd:/.test(line)) ?? lines.at(-1) ?? 'it said nothing';
}
