import { type Container, type Pod, qosClassOf } from '@navarch/api';
import { dnsConfig, type DnsSettings } from './container/dns-config.ts';
import { kernelHostname } from './container/names.ts';
import { linuxResources } from './container/resources.ts';
import { containerSecurity, sandboxSecurity } from './container/security-context.ts';
import { sysctlsOf } from './container/sysctls.ts';
import type {
  ContainerConfig,
  Device,
  Input,
  LinuxContainerResources,
  Mount,
  PodSandboxConfig,
  Signal,
} from './cri/index.ts';
import { bytesOfText, isUnicode } from './environment/byte-text.ts';
import { expand } from './environment/expand.ts';
import type { HeldImage } from './images/images.ts';
import type { ContainerPart } from './node-resources/container-part.ts';
import { ORDINARY_RULES, type PodRules } from './pod-rules.ts';
import type { HostFacts } from './ports.ts';
import { StartError } from './start-error.ts';
import type { IdRange } from './user-ids/id-range.ts';

export type { DnsSettings } from './container/dns-config.ts';

/** Where the node keeps what belongs to pods. */
export interface NodeDirs {
  readonly root: string;
  readonly podLogs: string;
  /** The cgroup below which all pods are, `/navarch-node1`: its own, so that it can be removed whole. */
  readonly cgroupRoot: string;
}

/** Where the node keeps folders that are persistent volumes. */
export const localVolumesDir = ({ root }: Pick<NodeDirs, 'root'>): string => `${root}/local-volumes`;
export const podDir = (dirs: NodeDirs, uid: string): string => `${dirs.root}/pods/${uid}`;
/** The folder of a pod's logs, named so that people find it. */
const logDir = (dirs: NodeDirs, pod: Pod): string =>
  `${dirs.podLogs}/${pod.metadata.namespace}_${pod.metadata.name}_${pod.metadata.uid}`;
export const logPath = (name: string, attempt: number): string => `${name}/${attempt}.log`;
export const logFile = (dirs: NodeDirs, pod: Pod, name: string, attempt: number): string =>
  `${logDir(dirs, pod)}/${logPath(name, attempt)}`;

export const POD_NAME = 'io.kubernetes.pod.name';
export const POD_NAMESPACE = 'io.kubernetes.pod.namespace';
export const POD_UID = 'io.kubernetes.pod.uid';
export const CONTAINER_NAME = 'io.kubernetes.container.name';

const podLabels = ({ metadata }: Pod): Readonly<Record<string, string>> => ({
  [POD_NAME]: metadata.name,
  [POD_NAMESPACE]: metadata.namespace ?? '',
  [POD_UID]: metadata.uid,
});

/** What the sandbox of a pod is: its names, network, resolver, cgroup. Throws StartError for what this node cannot do. */
export function sandboxConfig(
  pod: Pod,
  attempt: number,
  dirs: NodeDirs,
  dns: DnsSettings,
  host: HostFacts,
  rules: PodRules = ORDINARY_RULES,
  userIds?: IdRange,
): Input<PodSandboxConfig> {
  const { metadata, spec } = pod;
  const ports = [...(spec.initContainers ?? []), ...spec.containers].flatMap((c) => c.ports ?? []);
  return {
    metadata: { name: metadata.name, namespace: metadata.namespace ?? '', uid: metadata.uid, attempt },
    // On the host's network a pod has the host's name: there is no name of its own to set.
    hostname: spec.hostNetwork ? '' : kernelHostname(pod, dns.clusterDomain),
    logDirectory: logDir(dirs, pod),
    dnsConfig: dnsConfig(pod, dns, host),
    labels: { ...metadata.labels, ...podLabels(pod) },
    annotations: metadata.annotations ?? {},
    portMappings: spec.hostNetwork
      ? []
      : ports
          .filter((p) => p.hostPort)
          .map((p) => ({
            protocol: p.protocol ?? 'TCP',
            containerPort: p.containerPort,
            hostPort: p.hostPort ?? 0,
            hostIp: p.hostIP ?? '',
          })),
    linux: {
      cgroupParent: cgroupParent(pod, dirs.cgroupRoot),
      securityContext: sandboxSecurity(pod, userIds),
      sysctls: sysctlsOf(spec, rules),
    },
  };
}

/** The cgroup of each class of service (cgroupfs paths, the same for v1 and v2). */
export function qosCgroup(qos: string, root: string): string {
  return qos === 'Guaranteed' ? `${root}/kubepods` : `${root}/kubepods/${qos.toLowerCase()}`;
}

/** The pod's cgroup, below its class of service. */
export const cgroupParent = (pod: Pod, root: string): string =>
  `${qosCgroup(pod.status.qosClass ?? qosClassOf(pod.spec), root)}/pod${pod.metadata.uid}`;

export interface ContainerInput {
  readonly pod: Pod;
  readonly container: Container;
  readonly attempt: number;
  readonly image: HeldImage;
  readonly environment: ReadonlyMap<string, string>;
  readonly mounts: readonly Input<Mount>[];
  readonly devices: readonly Input<Device>[];
  /** What it has of the node beyond its shares. */
  readonly part: ContainerPart;
  readonly targetId: string | undefined;
  /** Of a pod with users of its own. */
  readonly userIds?: IdRange | undefined;
}

/** A container as the runtime is asked to make it. Throws StartError for what its spec says and cannot be. */
export function containerConfig(
  { pod, container, attempt, image, environment, mounts, devices, part, targetId, userIds }: ContainerInput,
  dirs: NodeDirs,
  host: HostFacts,
  rules: PodRules = ORDINARY_RULES,
): Input<ContainerConfig> {
  const stopSignal = container.lifecycle?.stopSignal;
  return {
    metadata: { name: container.name, attempt },
    image: { image: image.ref, userSpecifiedImage: container.image ?? '' },
    command: (container.command ?? []).map((word) => argument(word, environment)),
    args: (container.args ?? []).map((word) => argument(word, environment)),
    workingDir: container.workingDir ?? '',
    // Of two of one name the pod's own is later, and counts.
    envs: [...Object.entries(part.envs), ...environment].map(([key, value]) => ({ key, value: bytesOfText(value) })),
    mounts: [...part.mounts, ...mounts],
    devices: [...part.devices, ...devices],
    cdiDevices: part.cdiDevices.map((name) => ({ name })),
    labels: { ...podLabels(pod), [CONTAINER_NAME]: container.name },
    annotations: {
      ...part.annotations,
      'io.kubernetes.container.restartCount': String(attempt),
      'io.kubernetes.container.terminationMessagePath': container.terminationMessagePath ?? '',
      'io.kubernetes.container.terminationMessagePolicy': container.terminationMessagePolicy ?? '',
      'io.kubernetes.pod.terminationGracePeriod': String(pod.spec.terminationGracePeriodSeconds ?? 30),
    },
    logPath: logPath(container.name, attempt),
    stdin: container.stdin ?? false,
    stdinOnce: container.stdinOnce ?? false,
    tty: container.tty ?? false,
    ...(stopSignal ? { stopSignal: `SIGNAL_${stopSignal.replace('+', 'PLUS').replace('-', 'MINUS')}` as Signal } : {}),
    linux: {
      resources: { ...linuxResources(pod, container, host, part.hasOwnCpus, rules), ...placeOf(part) },
      securityContext: containerSecurity(pod, container, {
        image,
        root: dirs.root,
        targetId,
        userIds,
        isSeccompDefault: rules.isSeccompDefault,
      }),
    },
  };
}

const placeOf = ({ cpus, memoryNodes }: ContainerPart): Input<LinuxContainerResources> => ({
  ...(cpus === '' ? {} : { cpusetCpus: cpus }),
  ...(memoryNodes === '' ? {} : { cpusetMems: memoryNodes }),
});

/** A word of a command is text in CRI, where a variable is bytes. The message is what upstream's library says then. */
function argument(word: string, environment: ReadonlyMap<string, string>): string {
  const text = expand(word, environment);
  if (isUnicode(text)) return text;
  const message = 'rpc error: code = Internal desc = grpc: error while marshaling: string field contains invalid UTF-8';
  throw new StartError('CreateContainerError', message);
}
