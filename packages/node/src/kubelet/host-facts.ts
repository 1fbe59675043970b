import { existsSync, readdirSync, readFileSync, statfsSync } from 'node:fs';
import { arch, availableParallelism, hostname, networkInterfaces, release, totalmem } from 'node:os';
import { join } from 'node:path';
import type { HostFacts } from '@navarch/kubelet';
import { type CgroupLayout, cgroupLayout, childGroups, readMounts } from '../host/index.ts';

const textOf = (file: string): string => (existsSync(file) ? readFileSync(file, 'utf8').trim() : '');

/** What this machine says of itself. `dataDir` is on the disk that pods use; `nodeName` is what the node is called; no resolver file is one that is empty. */
export function hostFacts(dataDir: string, nodeName: string, resolverFile?: string): HostFacts {
  const disk = statfsSync(dataDir);
  const layout = cgroupLayout(readMounts());
  const lines = resolverLines(resolverFile);
  return {
    hostname: nodeName || hostname().toLowerCase(),
    addresses: Object.values(networkInterfaces()).flatMap((list) =>
      (list ?? []).filter((i) => !i.internal && i.family === 'IPv4').map((i) => i.address),
    ),
    cpus: availableParallelism(),
    memoryBytes: totalmem(),
    diskBytes: disk.blocks * disk.bsize,
    machineId: textOf('/etc/machine-id').replaceAll('-', ''),
    systemUuid: textOf('/sys/class/dmi/id/product_uuid'),
    bootId: textOf('/proc/sys/kernel/random/boot_id'),
    kernelVersion: release(),
    osImage: /^PRETTY_NAME="?([^"\n]*)"?$/m.exec(textOf('/etc/os-release'))?.[1] ?? 'Linux',
    operatingSystem: 'linux',
    architecture: arch() === 'x64' ? 'amd64' : arch(),
    resolvers: lines.filter(([word]) => word === 'nameserver').map(([, address]) => address ?? ''),
    // Of several lines the last counts (resolv.conf(5)).
    searches: lines.findLast(([word]) => word === 'search')?.slice(1) ?? [],
    resolverOptions: lines.filter(([word]) => word === 'options').flatMap(([, ...options]) => options),
    hasAppArmor: textOf('/sys/module/apparmor/parameters/enabled') === 'Y',
    cgroupVersion: layout?.version ?? 2,
    ...swapOf(layout),
    ...hugePagesOf(),
  };
}

/** What systemd-resolved asks itself. Its own address, in resolv.conf, leads nowhere in a pod. */
const USUAL = '/etc/resolv.conf';
const RESOLVED = '/run/systemd/resolve/resolv.conf';

function resolverLines(file = USUAL): readonly (readonly string[])[] {
  const [own, resolved] = [file, RESOLVED].map((file) =>
    textOf(file)
      .split('\n')
      .map((line) => line.trim().split(/\s+/)),
  );
  const isLocal = own?.every(([word, address = '']) => word !== 'nameserver' || /^(?:127\.|::1$)/.test(address));
  return (file === USUAL && isLocal && existsSync(RESOLVED) ? resolved : own) ?? [];
}

function swapOf(layout: CgroupLayout | undefined): Pick<HostFacts, 'swap'> {
  const kilobytes = Number(/^SwapTotal:\s+(\d+) kB$/m.exec(textOf('/proc/meminfo'))?.[1] ?? 0);
  if (kilobytes === 0 || !layout) return {};
  const isCounted =
    layout.version === 1
      ? existsSync(join(layout.controllers.get('memory') ?? '/nonexistent', 'memory.memsw.limit_in_bytes'))
      : childGroups(layout.tree).some((name) => existsSync(join(layout.tree, name, 'memory.swap.max')));
  return { swap: { bytes: kilobytes * 1024, isCounted } };
}

const HUGE_PAGES = '/sys/kernel/mm/hugepages';

/** Folders are called by the size of the page, `hugepages-2048kB`. */
function hugePagesOf(): Pick<HostFacts, 'hugePages'> {
  if (!existsSync(HUGE_PAGES)) return {};
  const sizes = readdirSync(HUGE_PAGES).flatMap((folder) => {
    const kilobytes = Number(/^hugepages-(\d+)kB$/.exec(folder)?.[1] ?? 0);
    const name =
      kilobytes >= 2 ** 20
        ? `${kilobytes / 2 ** 20}Gi`
        : kilobytes >= 1024
          ? `${kilobytes / 1024}Mi`
          : `${kilobytes}Ki`;
    const count = Number(textOf(join(HUGE_PAGES, folder, 'nr_hugepages')) || 0);
    return kilobytes > 0 ? [[name, kilobytes * 1024 * count] as const] : [];
  });
  return { hugePages: Object.fromEntries(sizes) };
}
