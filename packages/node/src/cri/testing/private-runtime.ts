import { existsSync, mkdtempSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { cri } from '@navarch/kubelet';
import { importImages } from '../../containerd/import-images.ts';
import { type Containerd, type ContainerdOptions, startContainerd } from '../../containerd/start.ts';
import { teardownContainerd, type TeardownOptions } from '../../containerd/stop.ts';
import { writePodNetwork } from '../../containerd/cni-config.ts';
import { openCgroups } from '../../host/cgroup/layout.ts';
import { runCommand } from '../../host/command.ts';
import { mountsBelow } from '../../host/mounts.ts';
import { commandLine, processIds } from '../../host/processes.ts';
import { connectRuntime, type GrpcRuntime } from '../grpc-runtime.ts';

/** A containerd of a test's own, with its network and control groups; nothing of it is shared with the host's. */
export interface PrivateRuntime {
  readonly containerd: Containerd;
  readonly runtime: GrpcRuntime;
  readonly cgroupRoot: string;
  readonly teardown: TeardownOptions;
}

export const sandboxImage = 'docker.io/library/pause:3.10';

/** Starts one below the temporary folder, with the images of the archives, and waits until it can run pods. */
export async function startPrivateRuntime(
  archives: readonly string[],
  registries: ContainerdOptions['registries'],
  signal: AbortSignal,
): Promise<PrivateRuntime> {
  const dir = mkdtempSync(join(tmpdir(), 'nvr-'));
  const name = `nv${process.pid}`;
  const teardown = { dir, cgroupRoot: `/${name}`, bridge: name };
  // Of this process alone: another test may run beside it on this machine's network.
  const podCidr = `10.213.${process.pid % 256}.0/24`;
  try {
    const containerd = await startContainerd({ dir, sandboxImage, registries: registries ?? {} }, signal);
    writePodNetwork(containerd.layout, { bridge: name, podCidrs: [podCidr] });
    for (const archive of archives) await importImages(containerd, archive, signal);
    const runtime = await connectRuntime({ socketPath: containerd.socketPath }, signal);
    await isReady(runtime, signal);
    return { containerd, runtime, cgroupRoot: teardown.cgroupRoot, teardown };
  } catch (error) {
    await teardownContainerd(teardown, AbortSignal.timeout(60_000));
    throw error;
  }
}

/** The configuration of a pod with nothing special about it. */
export function sandboxConfig(
  { cgroupRoot, containerd }: PrivateRuntime,
  name: string,
): cri.Input<cri.PodSandboxConfig> {
  return {
    metadata: { name, uid: `uid-${name}`, namespace: 'default', attempt: 0 },
    hostname: name,
    logDirectory: join(containerd.layout.state, 'logs', name),
    labels: { app: name },
    linux: { cgroupParent: `${cgroupRoot}/kubepods/${name}` },
  };
}

/** Everything on this host that a runtime in that folder, with that network, would leave behind. */
export async function leftovers(
  { dir, cgroupRoot = '', bridge = '' }: TeardownOptions,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const { stdout } = await runCommand(['ip', '-o', 'link'], {}, signal);
  const results = existsSync('/var/lib/cni/results') ? readdirSync('/var/lib/cni/results') : [];
  return [
    ...processIds()
      .filter((pid) => commandLine(pid).some((word) => word.startsWith(dir)))
      .map((pid) => `process ${pid}`),
    ...mountsBelow(dir).map((path) => `mount ${path}`),
    ...(existsSync(dir) ? [`folder ${dir}`] : []),
    ...(openCgroups().exists(cgroupRoot) || openCgroups().children(cgroupRoot).length > 0
      ? [`control group ${cgroupRoot}`]
      : []),
    ...(stdout.includes(` ${bridge}:`) ? [`bridge ${bridge}`] : []),
    ...results.filter((name) => name.startsWith(`${bridge}-`)).map((name) => `CNI result ${name}`),
  ];
}

async function isReady(runtime: GrpcRuntime, signal: AbortSignal): Promise<void> {
  for (;;) {
    const { status } = await runtime.status({}, signal);
    // Newer runtimes have more to say of themselves.
    const isSo = (type: string): boolean => status?.conditions.some((one) => one.type === type && one.status) ?? false;
    if (isSo('RuntimeReady') && isSo('NetworkReady')) return;
    await sleep(20, undefined, { signal });
  }
}
