import { existsSync, readdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { settleAll } from '@navarch/base';
import { RpcError } from '@navarch/kubelet';
import { connectRuntime, type GrpcRuntime } from '../cri/grpc-runtime.ts';
import { openCgroups } from '../host/cgroup/layout.ts';
import { endProcess } from '../host/end-process.ts';
import { unmountBelow } from '../host/mount.ts';
import { identityOf, signalProcess } from '../host/process-identity.ts';
import { removeHostPorts } from './host-ports.ts';
import { type ContainerdLayout, containerdLayout } from './layout.ts';
import { removeBridge } from './pod-bridge.ts';
import { forgetRecord, readRecord } from './record.ts';
import { endShims } from './shims.ts';

export interface TeardownOptions {
  readonly dir: string;
  /** The group below which this node's pods have theirs, `/navarch-NODE`. Removed with all it holds. */
  readonly cgroupRoot?: string;
  /** The bridge of the pod network, and the network namespace that it is in. */
  readonly bridge?: string;
  readonly netns?: string;
  /** Keep images and snapshots for the next start. */
  readonly keepImages?: boolean;
}

/** Ends containerd and leaves its pods running in their shims; `startContainerd()` finds them again. */
export async function stopContainerd(dir: string, signal: AbortSignal): Promise<void> {
  const layout = containerdLayout(dir);
  const running = readRecord(layout);
  if (running) await endProcess(running, 10_000, signal);
  forgetRecord(layout);
}

/**
 * Takes away everything that was started from this folder: pods, containerd, shims, mounts, control groups, the
 * bridge, CNI's state and, unless told otherwise, the folder. May be repeated after an interruption at any point.
 */
export async function teardownContainerd(options: TeardownOptions, signal: AbortSignal): Promise<void> {
  const layout = containerdLayout(options.dir);
  if (options.cgroupRoot !== undefined && !/^\/[^/]/.test(options.cgroupRoot)) {
    throw new Error(
      `${options.cgroupRoot || 'an empty path'} is not ours to remove: name the node's own control group`,
    );
  }
  if (readRecord(layout)) await removePods(layout, signal);
  await stopContainerd(options.dir, signal);
  await endShims(layout, signal);
  await unmountBelow(layout.dir, signal);
  if (options.cgroupRoot) await removeCgroups(options.cgroupRoot, signal);
  if (options.bridge) {
    // A network namespace that has gone has taken both with it.
    if (options.netns === undefined || existsSync(options.netns)) {
      await removeBridge({ ...options, bridge: options.bridge }, signal);
      await removeHostPorts(options.bridge, options.netns, signal);
    }
    removeResults(options.bridge);
  }
  removeFiles(layout, options.keepImages ?? false);
}

/** What `startContainerd()` made, by name, and the folder if nothing of others is in it. */
function removeFiles(layout: ContainerdLayout, keepImages: boolean): void {
  const running = [layout.state, dirname(layout.cniConfDir), layout.socket, `${layout.socket}.ttrpc`];
  const kept = [layout.root, layout.registries, layout.config, layout.log, layout.record];
  for (const path of keepImages ? running : [...running, ...kept]) rmSync(path, { recursive: true, force: true });
  if (existsSync(layout.dir) && readdirSync(layout.dir).length === 0) rmSync(layout.dir, { recursive: true });
}

/** Through the runtime, as long as it answers: only so are networks given back by the plugins that made them. */
async function removePods(layout: ContainerdLayout, signal: AbortSignal): Promise<void> {
  try {
    using runtime = await connectRuntime(
      { socketPath: layout.socket, connectTimeoutMs: 3_000, callTimeoutMs: 30_000 },
      signal,
    );
    const { items } = await runtime.listPodSandbox({}, signal);
    await settleAll(items.map((sandbox) => removePod(runtime, sandbox.id, signal)));
  } catch (error) {
    signal.throwIfAborted();
    // It hangs or answers nonsense: what it would have done is done by force below.
    if (!RpcError.is(error)) throw error;
  }
}

async function removePod(runtime: GrpcRuntime, podSandboxId: string, signal: AbortSignal): Promise<void> {
  const { containers } = await runtime.listContainers({ filter: { podSandboxId } }, signal);
  await settleAll(
    containers.map((container) => runtime.stopContainer({ containerId: container.id, timeout: 0 }, signal)),
  );
  await runtime.stopPodSandbox({ podSandboxId }, signal);
  await runtime.removePodSandbox({ podSandboxId }, signal);
}

/** Ends whatever still lives in our own groups, then removes them. */
async function removeCgroups(path: string, signal: AbortSignal): Promise<void> {
  const cgroups = openCgroups();
  for (let attempt = 0; !cgroups.remove(path); attempt += 1) {
    if (attempt > 100)
      throw new Error(`control group ${path} still has processes: ${cgroups.processes(path).join(', ')}`);
    for (const pid of cgroups.processes(path)) {
      const identity = identityOf(pid);
      if (identity) signalProcess(identity, 'SIGKILL');
    }
    await sleep(20, undefined, { signal });
  }
}

/** libcni notes each network it makes in one folder for the whole host; ours belong to sandboxes of our network. */
function removeResults(network: string): void {
  const folder = '/var/lib/cni/results';
  const names = existsSync(folder) ? readdirSync(folder) : [];
  const ours = names.flatMap((name) => (name.startsWith(`${network}-`) ? [name.split('-').at(-2) ?? ''] : []));
  for (const name of names)
    if (ours.includes(name.split('-').at(-2) ?? '')) rmSync(join(folder, name), { force: true });
}
