import type { Container, Pod, VolumeMount } from '@navarch/api';
import { type NodeDirs, podDir } from '../container-config.ts';
import type { Device, Input, Mount, MountPropagation } from '../cri/index.ts';
import { isUnicode } from '../environment/byte-text.ts';
import { expand } from '../environment/expand.ts';
import { hostsFile, nodeHostsFile } from './hosts-file.ts';
import type { Files } from '../ports.ts';
import { configError } from '../start-error.ts';
import type { PodVolumes } from '../volumes/pod-volumes.ts';

export interface MountsInput {
  readonly pod: Pod;
  readonly container: Container;
  readonly attempt: number;
  /** The pod's addresses; none on the host's network. */
  readonly podIPs: readonly string[];
  readonly environment: ReadonlyMap<string, string>;
  /** What the runtime knows images by that are mounted, by the volume. */
  readonly imageRefs: ReadonlyMap<string, string>;
}

export interface MountsDeps {
  readonly files: Files;
  readonly dirs: NodeDirs;
  readonly clusterDomain: string;
  readonly volumes: PodVolumes;
  readonly hasRecursiveReadOnlyMounts: boolean;
  /** The runtime mounts images itself; else they are folders of the node by now. */
  readonly hasImageVolumes: boolean;
}

const ETC_HOSTS = '/etc/hosts';

/** Everything mounted into a container: its volumes, /etc/hosts, its termination message. Throws StartError. */
export async function containerMounts(input: MountsInput, deps: MountsDeps): Promise<readonly Input<Mount>[]> {
  const { pod, container, attempt, podIPs } = input;
  const { files, dirs, clusterDomain } = deps;
  const base = podDir(dirs, pod.metadata.uid);
  const mounts: Input<Mount>[] = [];
  for (const [index, mount] of (container.volumeMounts ?? []).entries())
    mounts.push(await volumeMount(mount, index, input, deps));
  if (!mounts.some(({ containerPath }) => containerPath === ETC_HOSTS)) {
    const text = pod.spec.hostNetwork
      ? nodeHostsFile(pod, (await files.readText(ETC_HOSTS)) ?? '')
      : hostsFile(pod, podIPs, clusterDomain);
    await files.makeDir(base, 0o755);
    await files.write(`${base}/etc-hosts`, text, { mode: 0o644 });
    mounts.push({ containerPath: ETC_HOSTS, hostPath: `${base}/etc-hosts`, readonly: false });
  }
  if (container.terminationMessagePath) {
    const folder = `${base}/containers/${container.name}`;
    await files.makeDir(folder, 0o755);
    await files.write(`${folder}/${attempt}`, '', { mode: 0o666 });
    mounts.push({ containerPath: container.terminationMessagePath, hostPath: `${folder}/${attempt}`, readonly: false });
  }
  return mounts;
}

/** Block devices that a container gets instead of a mounted file system. Throws StartError. */
export async function containerDevices(
  { pod, container }: Pick<MountsInput, 'pod' | 'container'>,
  { files, volumes }: Pick<MountsDeps, 'files' | 'volumes'>,
): Promise<readonly Input<Device>[]> {
  const devices: Input<Device>[] = [];
  for (const { name, devicePath } of container.volumeDevices ?? []) {
    const volume = volumes.find(pod, name);
    const hostPath = volume && (await files.readLink(volume.path));
    if (!volume || !hostPath)
      throw configError(
        `cannot find volume ${JSON.stringify(name)} to pass into container ${JSON.stringify(container.name)}`,
      );
    devices.push({ hostPath, containerPath: devicePath, permissions: volume.isReadOnly ? 'mr' : 'mrw' });
  }
  return devices;
}

const PROPAGATION: Readonly<Record<NonNullable<VolumeMount['mountPropagation']>, MountPropagation>> = {
  None: 'PROPAGATION_PRIVATE',
  HostToContainer: 'PROPAGATION_HOST_TO_CONTAINER',
  Bidirectional: 'PROPAGATION_BIDIRECTIONAL',
};

async function volumeMount(
  mount: VolumeMount,
  index: number,
  input: MountsInput,
  deps: MountsDeps,
): Promise<Input<Mount>> {
  const { pod, container, environment, imageRefs } = input;
  const volume = deps.volumes.find(pod, mount.name);
  if (!volume)
    throw configError(
      `cannot find volume ${JSON.stringify(mount.name)} to mount into container ${JSON.stringify(container.name)}`,
    );
  const subPath = subPathOf(mount, environment);
  const shared = {
    containerPath: mount.mountPath.startsWith('/') ? mount.mountPath : `/${mount.mountPath}`,
    readonly: volume.isReadOnly || (mount.readOnly ?? false),
    recursiveReadOnly: isRecursiveReadOnly(mount, deps.hasRecursiveReadOnlyMounts),
    propagation: PROPAGATION[mount.mountPropagation ?? 'None'],
  };
  const image = imageRefs.get(mount.name);
  if (image !== undefined && deps.hasImageVolumes)
    return {
      ...shared,
      hostPath: '',
      image: { image, userSpecifiedImage: volume.image ?? '' },
      imageSubPath: subPath,
    };
  if (subPath === '') return { ...shared, hostPath: volume.path };
  const target = `${podDir(deps.dirs, pod.metadata.uid)}/volume-subpaths/${mount.name}/${container.name}/${index}`;
  try {
    // What an earlier instance of the container was given may not be there any more.
    await deps.files.unmountBelow(target);
    await deps.files.bindInside(volume.path, subPath, target);
  } catch (error) {
    // No details: they would tell the pod's author about the node's files.
    throw configError(
      `failed to prepare subPath for volumeMount ${JSON.stringify(mount.name)} of container ${JSON.stringify(container.name)}`,
      { cause: error },
    );
  }
  return { ...shared, hostPath: target };
}

/** The part of the volume that is mounted; empty for all of it. */
function subPathOf({ subPath = '', subPathExpr = '' }: VolumeMount, environment: ReadonlyMap<string, string>): string {
  const missing = /\$(?:\$|\(([^)]*)\))/g;
  for (const [, name] of subPathExpr.matchAll(missing)) {
    if (name !== undefined && !environment.get(name)) throw configError(`missing value for ${JSON.stringify(name)}`);
  }
  const path = subPathExpr === '' ? subPath : expand(subPathExpr, environment);
  if (!isUnicode(path)) throw configError('unable to provision SubPath: it is not UTF-8');
  if (path.startsWith('/')) throw configError(`error SubPath \`${path}\` must not be an absolute path`);
  if (path.split('/').includes('..'))
    throw configError(`unable to provision SubPath \`${path}\`: must not contain '..'`);
  return path;
}

function isRecursiveReadOnly(
  { name, readOnly, recursiveReadOnly = 'Disabled', mountPropagation = 'None' }: VolumeMount,
  isSupported: boolean,
): boolean {
  if (recursiveReadOnly === 'Disabled') return false;
  if (!readOnly)
    throw configError(`volume ${JSON.stringify(name)} requested recursive read-only mode, but it is not read-only`);
  if (mountPropagation !== 'None')
    throw configError(
      `volume ${JSON.stringify(name)} requested recursive read-only mode, but it is not compatible with propagation ${mountPropagation}`,
    );
  if (recursiveReadOnly === 'Enabled' && !isSupported)
    throw configError(
      `volume ${JSON.stringify(name)} requested recursive read-only mode, but it is not supported by the runtime`,
    );
  return isSupported;
}
