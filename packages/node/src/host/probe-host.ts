import { join } from 'node:path';
import { canOverlay } from './can-overlay.ts';
import { type Capability, readCapabilities } from './capabilities.ts';
import { cgroupLayout, missingControllers } from './cgroup/layout.ts';
import { runCommand } from './command.ts';
import { findProgram, isExecutable } from './find-program.ts';
import { type Mount, readMounts } from './mounts.ts';
import { cniFolders, cniPackage, cniPlugins, programs } from './requirements.ts';

/** One thing that stands between this host and containers. */
export interface Missing {
  /** `containerd`, `root`, `control groups`. */
  readonly what: string;
  /** One sentence without a final stop: what it is needed for, or what is so. */
  readonly why: string;
  /** The Debian package that brings it, where a package does. */
  readonly package?: string;
}

export interface HostReport {
  readonly canRunContainers: boolean;
  readonly missing: readonly Missing[];
  readonly cgroupVersion: 1 | 2 | undefined;
  /** Without it containers cannot lower their OOM score: containerd must be told to keep to its own. */
  readonly canLowerOomScore: boolean;
  /** Whether layers can be stacked by the kernel; otherwise containerd copies them (`native`). */
  readonly hasOverlay: boolean;
  /** The folder with the CNI plugins. */
  readonly cniBinDir: string | undefined;
}

const requiredCapabilities: readonly Capability[] = ['CAP_SYS_ADMIN', 'CAP_NET_ADMIN', 'CAP_MKNOD', 'CAP_SYS_CHROOT'];

/** Looks at this host, changes nothing, and says what containers would lack. `dataDir` is where layers would be kept. */
export async function probeHost(dataDir: string, signal: AbortSignal): Promise<HostReport> {
  if (process.platform !== 'linux') return withoutLinux(process.platform);
  const capabilities = readCapabilities();
  const mounts = readMounts();
  const missing = [
    ...missingPrivileges(capabilities),
    ...missingControlGroups(mounts),
    ...missingPrograms(),
    // Asking the kernel takes privileges; without them the answer above is enough.
    ...(capabilities.has('CAP_NET_ADMIN') ? await missingKernelParts(signal) : []),
  ];
  return {
    canRunContainers: missing.length === 0,
    missing,
    cgroupVersion: cgroupLayout(mounts)?.version,
    canLowerOomScore: capabilities.has('CAP_SYS_RESOURCE'),
    hasOverlay: capabilities.has('CAP_SYS_ADMIN') && (await canOverlay(dataDir, signal)),
    cniBinDir: findCniFolder(),
  };
}

/** The folder that holds every CNI plugin of the pod network. */
export function findCniFolder(): string | undefined {
  return cniFolders.find((folder) => cniPlugins.every((plugin) => isExecutable(join(folder, plugin))));
}

function withoutLinux(platform: string): HostReport {
  const why = `containers need a Linux kernel, and this is ${platform}`;
  return {
    canRunContainers: false,
    missing: [{ what: 'Linux', why }],
    cgroupVersion: undefined,
    canLowerOomScore: false,
    hasOverlay: false,
    cniBinDir: undefined,
  };
}

function missingPrivileges(capabilities: ReadonlySet<Capability>): readonly Missing[] {
  if (process.getuid?.() !== 0)
    return [{ what: 'root', why: "mounts, namespaces and control groups are root's: run it with sudo" }];
  return requiredCapabilities
    .filter((name) => !capabilities.has(name))
    .map((name) => ({
      what: name,
      why: 'this root user has been denied the capability: give it to the container or service that this runs in',
    }));
}

function missingControlGroups(mounts: readonly Mount[]): readonly Missing[] {
  const layout = cgroupLayout(mounts);
  if (!layout)
    return [
      {
        what: 'control groups',
        why: 'neither cgroup v1 controllers nor a cgroup v2 tree is mounted below /sys/fs/cgroup',
      },
    ];
  return missingControllers(layout).map((name) => ({
    what: `control group ${name}`,
    why: `the kernel offers no ${name} controller here`,
  }));
}

function missingPrograms(): readonly Missing[] {
  const absent = programs
    .filter(({ program }) => !findProgram(program))
    .map(({ program, why, debianPackage }) => ({ what: program, why: `it ${why}`, package: debianPackage }));
  const plugins =
    findCniFolder() === undefined
      ? [{ what: 'CNI plugins', why: `${cniPlugins.join(', ')} connect pods to the network`, package: cniPackage }]
      : [];
  return [...absent, ...plugins];
}

/** Tries each part of the kernel in a network namespace that ends with the command: modules load by being used. */
async function missingKernelParts(signal: AbortSignal): Promise<readonly Missing[]> {
  const tries: readonly (readonly [what: string, why: string, needs: string, script: string])[] = [
    ['bridge', 'pods on a node are joined by a bridge', 'ip', 'ip link add nvprobe type bridge'],
    [
      'veth',
      'each pod is connected by a pair of virtual interfaces',
      'ip',
      'ip link add nvprobe type veth peer name nvpeer',
    ],
    [
      'nftables with NAT',
      'Services are translated by the kernel',
      'nft',
      'nft "add table ip nvprobe; add chain ip nvprobe out { type nat hook postrouting priority 100; }; add rule ip nvprobe out ct state new masquerade"',
    ],
  ];
  const missing: Missing[] = [];
  for (const [what, why, needs, script] of tries) {
    if (!findProgram(needs) || !findProgram('unshare')) continue;
    try {
      await runCommand(['unshare', '--net', 'sh', '-c', script], {}, signal);
    } catch (error) {
      signal.throwIfAborted();
      missing.push({ what: `kernel: ${what}`, why: `${why}; the kernel says: ${(error as Error).message}` });
    }
  }
  return missing;
}
