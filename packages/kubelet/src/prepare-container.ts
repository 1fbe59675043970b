import type { Container, Pod, Secret } from '@navarch/api';
import { containerConfig, type DnsSettings, type NodeDirs } from './container-config.ts';
import { containerMounts } from './container-mounts.ts';
import type { ContainerConfig, Input } from './cri/index.ts';
import { environmentOf, type EnvironmentSources } from './environment.ts';
import type { Images } from './images/images.ts';
import type { Files, HostFacts } from './ports.ts';
import type { PodVolumes } from './volumes/pod-volumes.ts';

export interface PrepareInput {
  readonly pod: Pod;
  readonly container: Container;
  readonly attempt: number;
  /** The sandbox's address; empty on the host's network. */
  readonly ip: string;
  event(type: 'Normal' | 'Warning', reason: string, message: string): void;
}

export interface PrepareDeps {
  readonly files: Files;
  readonly images: Images;
  readonly dirs: NodeDirs;
  readonly dns: DnsSettings;
  readonly host: HostFacts;
  readonly nodeIP: string;
  sources(pod: Pod): Promise<EnvironmentSources>;
  pullSecrets(pod: Pod): Promise<readonly Secret[]>;
}

/** Everything that a container needs before it is made: its image, its variables, its mounts. Throws StartError. */
export async function prepareContainer(input: PrepareInput, volumes: PodVolumes, deps: PrepareDeps, signal: AbortSignal): Promise<Input<ContainerConfig>> {
  const { pod, container, attempt, ip, event } = input;
  const { files, dirs, dns, host } = deps;
  const secrets = await deps.pullSecrets(pod);
  const image = await deps.images.ensure({ pod, image: container.image ?? '', policy: container.imagePullPolicy, secrets, event }, signal);
  const environment = environmentOf(pod, container, { ...(await deps.sources(pod)), podIP: ip || deps.nodeIP });
  const mounts = await containerMounts({ pod, container, attempt, ip, environment }, { files, dirs, dns, volumes });
  return containerConfig({ pod, container, attempt, image, environment, mounts, nodeMemoryBytes: host.memoryBytes });
}
