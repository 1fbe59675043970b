import type { Container, EphemeralContainer, Pod, Secret } from '@navarch/api';
import { containerDevices, containerMounts } from './container/mounts.ts';
import { refuseRoot } from './container/security-context.ts';
import { containerConfig, CONTAINER_NAME, type DnsSettings, type NodeDirs, POD_UID } from './container-config.ts';
import type { ContainerConfig, ContainerRuntime, Input, Mount } from './cri/index.ts';
import { textOfBytes } from './environment/byte-text.ts';
import { type EnvFiles, environmentOf, type EnvironmentSources, type Skipped } from './environment/environment.ts';
import type { ImageRequest, Images } from './images/images.ts';
import { EscapeError, type Files, type HostFacts, type ImageMounts } from './ports.ts';
import type { PodRules } from './pod-rules.ts';
import { configError } from './start-error.ts';
import type { NodeResources } from './node-resources/node-resources.ts';
import { type UserIds } from './user-ids/user-ids.ts';
import { mappingsOf, type IdRange } from './user-ids/id-range.ts';
import type { PodVolumes } from './volumes/pod-volumes.ts';

export interface PrepareInput {
  readonly pod: Pod;
  readonly container: Container;
  readonly attempt: number;
  /** The sandbox's addresses, of each family one; none on the host's network. */
  readonly ips: readonly string[];
  event(type: 'Normal' | 'Warning', reason: string, message: string): void;
}

export interface PrepareDeps {
  readonly runtime: ContainerRuntime;
  readonly files: Files;
  readonly images: Images;
  readonly imageMounts?: ImageMounts;
  readonly dirs: NodeDirs;
  readonly dns: DnsSettings;
  readonly host: HostFacts;
  readonly rules?: PodRules;
  readonly resources: Pick<NodeResources, 'partOf'>;
  readonly userIds: Pick<UserIds, 'of'>;
  sources(pod: Pod): Promise<EnvironmentSources>;
  pullSecrets(pod: Pod): Promise<readonly Secret[]>;
}

/** Everything that a container needs before it is made: its image, its variables, its mounts. Throws StartError. */
export async function prepareContainer(
  input: PrepareInput,
  volumes: PodVolumes,
  deps: PrepareDeps,
  signal: AbortSignal,
): Promise<Input<ContainerConfig>> {
  const { pod, container, attempt, ips, event } = input;
  const { files, dirs, dns, host } = deps;
  const request: Omit<ImageRequest, 'image' | 'policy'> = { pod, secrets: await pullSecretsOf(input, deps), event };
  const image = await deps.images.ensure(
    { ...request, image: container.image ?? '', policy: container.imagePullPolicy },
    signal,
  );
  const imageRefs = await ensureImageVolumes(input, request, volumes, deps, signal);
  refuseRoot(pod, container, image);
  const skipped: Skipped = (what, name, keys) =>
    event(
      'Warning',
      'InvalidEnvironmentVariableNames',
      `Keys [${keys.join(', ')}] from the EnvFrom ${what} ${pod.metadata.namespace}/${name} were skipped since they are considered invalid environment variable names.`,
    );
  const sources = await deps.sources(pod);
  const environment = environmentOf(
    pod,
    container,
    { ...sources, podIPs: ips.length > 0 ? ips : sources.hostIPs, envFile: await envFiles(input, volumes, files) },
    skipped,
  );
  const { hasRecursiveReadOnlyMounts, hasImageVolumes } = deps.runtime.features();
  const mounts = await containerMounts(
    { pod, container, attempt, podIPs: ips, environment, imageRefs },
    { files, dirs, clusterDomain: dns.clusterDomain, volumes, hasRecursiveReadOnlyMounts, hasImageVolumes },
  );
  const devices = await containerDevices(input, { files, volumes });
  const part = await deps.resources.partOf(pod, container, signal).catch((cause: Error) => {
    signal.throwIfAborted();
    throw configError(cause.message, { cause });
  });
  const targetId = await targetOf(input, deps, signal);
  const userIds = await deps.userIds.of(pod);
  return containerConfig(
    { pod, container, attempt, image, environment, mounts: shownAs(userIds, mounts), devices, part, targetId, userIds },
    dirs,
    host,
    deps.rules,
  );
}

/** What belongs to the node's user 0 belongs to the pod's (KEP-127). */
const shownAs = (ids: IdRange | undefined, mounts: readonly Input<Mount>[]): readonly Input<Mount>[] =>
  ids ? mounts.map((mount) => ({ ...mount, uidMappings: mappingsOf(ids), gidMappings: mappingsOf(ids) })) : mounts;

async function pullSecretsOf({ pod, event }: PrepareInput, deps: PrepareDeps): Promise<readonly Secret[]> {
  const secrets = await deps.pullSecrets(pod);
  const missing = (pod.spec.imagePullSecrets ?? [])
    .map(({ name = '' }) => name)
    .filter((name) => !secrets.some(({ metadata }) => metadata.name === name));
  if (missing.length > 0) {
    event(
      'Warning',
      'FailedToRetrieveImagePullSecret',
      `Unable to retrieve some image pull secrets (${missing.join(', ')}); attempting to pull the image may not succeed.`,
    );
  }
  return secrets;
}

/** The running container whose processes an ephemeral one is to see. */
async function targetOf(
  { pod, container }: PrepareInput,
  { runtime }: PrepareDeps,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { targetContainerName } = container as EphemeralContainer;
  if (!targetContainerName) return undefined;
  const labelSelector = { [POD_UID]: pod.metadata.uid, [CONTAINER_NAME]: targetContainerName };
  const { containers } = await runtime.listContainers(
    { filter: { labelSelector, state: { state: 'CONTAINER_RUNNING' } } },
    signal,
  );
  const [target] = containers;
  if (!target) throw configError(`unable to find target container ${targetContainerName}`);
  return target.id;
}

const ENV_FILE_BYTES_MAX = 64 * 1024;

/** Reads the environment files that a container names. They are in volumes that containers write to: no link of theirs is followed out. */
async function envFiles({ pod, container }: PrepareInput, volumes: PodVolumes, files: Files): Promise<EnvFiles> {
  const found = new Map<string, string>();
  for (const { valueFrom } of container.env ?? []) {
    if (!valueFrom?.fileKeyRef) continue;
    const { volumeName, path } = valueFrom.fileKeyRef;
    const volume = volumes.find(pod, volumeName);
    if (!volume) throw configError(`cannot find the volume ${JSON.stringify(volumeName)} referenced by FileKeyRef`);
    const bytes = await files.readInside(volume.path, path, ENV_FILE_BYTES_MAX).catch((error: unknown) => {
      if (!(error instanceof EscapeError)) throw error;
      throw configError(`environment file ${JSON.stringify(path)} leads out of volume ${JSON.stringify(volumeName)}`, {
        cause: error,
      });
    });
    if (bytes) found.set(`${volumeName}/${path}`, textOfBytes(bytes));
  }
  return (volumeName, path) => found.get(`${volumeName}/${path}`);
}

/**
 * Images that the container mounts are brought as its own is. Where the runtime does not mount them, the node shows them.
 * Resolves to what the runtime knows them by, by the volume: a short reference is none of its names.
 */
async function ensureImageVolumes(
  { pod, container }: PrepareInput,
  request: Omit<ImageRequest, 'image' | 'policy'>,
  volumes: PodVolumes,
  { images, imageMounts, runtime, files }: PrepareDeps,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  const refs = new Map<string, string>();
  const { hasImageVolumes } = runtime.features();
  for (const { name } of container.volumeMounts ?? []) {
    const source = pod.spec.volumes?.find((v) => v.name === name)?.image;
    if (!source) continue;
    if (!hasImageVolumes && !imageMounts)
      throw configError(
        `volume ${JSON.stringify(name)} is an image: the container runtime of this node cannot mount images`,
      );
    const { ref } = await images.ensure(
      { ...request, image: source.reference ?? '', policy: source.pullPolicy },
      signal,
    );
    refs.set(name, ref);
    const path = hasImageVolumes ? undefined : volumes.find(pod, name)?.path;
    if (path === undefined || (await files.isMountPoint(path))) continue;
    await files.makeDir(path, 0o755);
    await imageMounts?.mount(ref, path);
  }
  return refs;
}
