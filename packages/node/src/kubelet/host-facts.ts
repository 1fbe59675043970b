import { existsSync, readFileSync, statfsSync } from 'node:fs';
import { arch, availableParallelism, hostname, networkInterfaces, release, totalmem } from 'node:os';
import type { HostFacts } from '@navarch/kubelet';
import { cgroupLayout, readMounts } from '../host/index.ts';

const textOf = (file: string): string => (existsSync(file) ? readFileSync(file, 'utf8').trim() : '');

/** What this machine says of itself. `dataDir` is on the disk that pods use; `nodeName` is what the node is called. */
export function hostFacts(dataDir: string, nodeName: string): HostFacts {
  const disk = statfsSync(dataDir);
  const lines = resolverLines();
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
    cgroupVersion: cgroupLayout(readMounts())?.version ?? 2,
  };
}

/** What systemd-resolved asks itself. Its own address, in resolv.conf, leads nowhere in a pod. */
const RESOLVED = '/run/systemd/resolve/resolv.conf';

function resolverLines(): readonly (readonly string[])[] {
  const [own, resolved] = ['/etc/resolv.conf', RESOLVED].map((file) =>
    textOf(file)
      .split('\n')
      .map((line) => line.trim().split(/\s+/)),
  );
  const isLocal = own?.every(([word, address = '']) => word !== 'nameserver' || /^(?:127\.|::1$)/.test(address));
  return (isLocal && existsSync(RESOLVED) ? resolved : own) ?? [];
}
