import type { Container, Pod } from '@navarch/api';
import { type DnsSettings, hostsFile, type NodeDirs, podDir } from './container-config.ts';
import type { Input, Mount } from './cri/index.ts';
import { expand } from './environment.ts';
import type { Files } from './ports.ts';
import { configError } from './start-error.ts';
import type { PodVolumes } from './volumes/pod-volumes.ts';

export interface MountsInput {
  readonly pod: Pod;
  readonly container: Container;
  readonly attempt: number;
  /** The pod's address; empty on the host's network. */
  readonly ip: string;
  readonly environment: ReadonlyMap<string, string>;
}

export interface MountsDeps {
  readonly files: Files;
  readonly dirs: NodeDirs;
  readonly dns: DnsSettings;
  readonly volumes: PodVolumes;
}

/** Everything mounted into a container: its volumes, /etc/hosts, its termination message. Throws StartError. */
export async function containerMounts({ pod, container, attempt, ip, environment }: MountsInput, { files, dirs, dns, volumes }: MountsDeps): Promise<readonly Input<Mount>[]> {
  const base = podDir(dirs, pod.metadata.uid);
  const mounts: Input<Mount>[] = [];
  for (const mount of container.volumeMounts ?? []) {
    const root = volumes.rootOf(pod, mount.name);
    if (root === undefined) throw configError(`volume ${JSON.stringify(mount.name)} not found`);
    const subPath = mount.subPathExpr ? expand(mount.subPathExpr, environment) : mount.subPath;
    if (subPath && !(await files.kindOf(`${root}/${subPath}`))) await files.makeDir(`${root}/${subPath}`, 0o755);
    mounts.push({
      containerPath: mount.mountPath, hostPath: subPath ? `${root}/${subPath}` : root, readonly: mount.readOnly ?? false,
      propagation: mount.mountPropagation === 'Bidirectional' ? 'PROPAGATION_BIDIRECTIONAL' : mount.mountPropagation === 'HostToContainer' ? 'PROPAGATION_HOST_TO_CONTAINER' : 'PROPAGATION_PRIVATE',
    });
  }
  if (!pod.spec.hostNetwork && !mounts.some((m) => m.containerPath === '/etc/hosts')) {
    const hostname = (pod.spec.hostname ?? pod.metadata.name).slice(0, 63);
    await files.makeDir(base, 0o755);
    await files.write(`${base}/etc-hosts`, hostsFile(pod, ip, hostname, dns.clusterDomain), { mode: 0o644 });
    mounts.push({ containerPath: '/etc/hosts', hostPath: `${base}/etc-hosts`, readonly: false });
  }
  const message = `${base}/containers/${container.name}/${attempt}`;
  await files.makeDir(message.slice(0, message.lastIndexOf('/')), 0o755);
  await files.write(message, '', { mode: 0o666 });
  if (container.terminationMessagePath) mounts.push({ containerPath: container.terminationMessagePath, hostPath: message, readonly: false });
  return mounts;
}
