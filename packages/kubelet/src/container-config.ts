import { type Container, type Pod, type PodSpec, qosClassOf } from '@navarch/api';
import { quantityMilliValue, quantityValue } from '@navarch/machinery';
import type { ContainerConfig, Input, LinuxContainerResources, LinuxContainerSecurityContext, Mount, NamespaceOption, PodSandboxConfig, SecurityProfile } from './cri/index.ts';
import { expand } from './environment.ts';
import type { HeldImage } from './images/images.ts';
import type { HostFacts } from './ports.ts';

/** Where the node keeps what belongs to pods. */
export interface NodeDirs {
  readonly root: string;
  readonly podLogs: string;
  /** The cgroup below which all pods are, `/navarch-node1`: its own, so that it can be removed whole. */
  readonly cgroupRoot: string;
}

export interface DnsSettings {
  /** Address of the cluster's DNS; empty: pods use the node's resolvers. */
  readonly clusterDns: string;
  readonly clusterDomain: string;
}

export const podDir = (dirs: NodeDirs, uid: string): string => `${dirs.root}/pods/${uid}`;
const logDir = (dirs: NodeDirs, pod: Pod): string => `${dirs.podLogs}/${pod.metadata.namespace}_${pod.metadata.name}_${pod.metadata.uid}`;
export const logPath = (name: string, attempt: number): string => `${name}/${attempt}.log`;
export const logFile = (dirs: NodeDirs, pod: Pod, name: string, attempt: number): string => `${logDir(dirs, pod)}/${logPath(name, attempt)}`;

export const POD_NAME = 'io.kubernetes.pod.name';
export const POD_NAMESPACE = 'io.kubernetes.pod.namespace';
export const POD_UID = 'io.kubernetes.pod.uid';
export const CONTAINER_NAME = 'io.kubernetes.container.name';

const podLabels = ({ metadata }: Pod): Readonly<Record<string, string>> =>
  ({ [POD_NAME]: metadata.name, [POD_NAMESPACE]: metadata.namespace ?? '', [POD_UID]: metadata.uid });

/** What the sandbox of a pod is: its names, network, resolver, cgroup. */
export function sandboxConfig(pod: Pod, attempt: number, dirs: NodeDirs, dns: DnsSettings, host: HostFacts): Input<PodSandboxConfig> {
  const { metadata, spec } = pod;
  const hostname = spec.hostNetwork ? host.hostname : (spec.hostname ?? metadata.name).slice(0, 63).replace(/[-.]+$/, '');
  const ports = [...(spec.initContainers ?? []), ...spec.containers].flatMap((c) => c.ports ?? []);
  return {
    metadata: { name: metadata.name, namespace: metadata.namespace ?? '', uid: metadata.uid, attempt },
    hostname, logDirectory: logDir(dirs, pod), dnsConfig: dnsConfig(pod, dns, host), labels: { ...metadata.labels, ...podLabels(pod) },
    annotations: metadata.annotations ?? {},
    portMappings: spec.hostNetwork ? [] : ports.filter((p) => p.hostPort).map((p) => ({
      protocol: p.protocol ?? 'TCP', containerPort: p.containerPort, hostPort: p.hostPort ?? 0, hostIp: p.hostIP ?? '',
    })),
    linux: {
      cgroupParent: cgroupParent(pod, dirs.cgroupRoot), sysctls: Object.fromEntries((spec.securityContext?.sysctls ?? []).map((s) => [s.name, s.value])),
      securityContext: {
        namespaceOptions: namespaces(spec), privileged: spec.containers.some((c) => c.securityContext?.privileged),
        seccomp: { profileType: 'RuntimeDefault' },
        ...(spec.securityContext?.runAsUser === undefined ? {} : { runAsUser: { value: spec.securityContext.runAsUser } }),
        ...(spec.securityContext?.runAsGroup === undefined ? {} : { runAsGroup: { value: spec.securityContext.runAsGroup } }),
        supplementalGroups: groups(spec),
      },
    },
  };
}

const namespaces = (spec: PodSpec): Input<NamespaceOption> => ({
  network: spec.hostNetwork ? 'NODE' : 'POD', pid: spec.hostPID ? 'NODE' : spec.shareProcessNamespace ? 'POD' : 'CONTAINER', ipc: spec.hostIPC ? 'NODE' : 'POD',
});

const groups = (spec: PodSpec): readonly number[] =>
  [...(spec.securityContext?.supplementalGroups ?? []), ...(spec.securityContext?.fsGroup === undefined ? [] : [spec.securityContext.fsGroup])];

/** The pod's cgroup, below its class of service (cgroupfs paths, the same for v1 and v2). */
export function cgroupParent(pod: Pod, root: string): string {
  const qos = pod.status.qosClass ?? qosClassOf(pod.spec);
  const parent = qos === 'Guaranteed' ? `${root}/kubepods` : `${root}/kubepods/${qos.toLowerCase()}`;
  return `${parent}/pod${pod.metadata.uid}`;
}

/** resolv.conf by the pod's policy (KEP-2379 and the DNS documentation). */
export function dnsConfig({ spec, metadata }: Pod, { clusterDns, clusterDomain }: DnsSettings, host: HostFacts): { servers: readonly string[]; searches: readonly string[]; options: readonly string[] } {
  const policy = spec.dnsPolicy === 'ClusterFirst' && spec.hostNetwork ? 'Default' : spec.dnsPolicy;
  const usesCluster = clusterDns !== '' && (policy === 'ClusterFirst' || policy === 'ClusterFirstWithHostNet');
  const cluster = [`${metadata.namespace}.svc.${clusterDomain}`, `svc.${clusterDomain}`, clusterDomain];
  const own = policy === 'None' ? { servers: [], searches: [], options: [] }
    : usesCluster ? { servers: [clusterDns], searches: [...cluster, ...host.searches], options: ['ndots:5'] }
    : { servers: host.resolvers, searches: host.searches, options: [] };
  const extra = spec.dnsConfig;
  const options = [...own.options, ...(extra?.options ?? []).map((o) => (o.value ? `${o.name}:${o.value}` : (o.name ?? '')))];
  return { servers: [...own.servers, ...(extra?.nameservers ?? [])], searches: [...own.searches, ...(extra?.searches ?? [])], options };
}

export interface ContainerInput {
  readonly pod: Pod;
  readonly container: Container;
  readonly attempt: number;
  readonly image: HeldImage;
  readonly environment: ReadonlyMap<string, string>;
  readonly mounts: readonly Input<Mount>[];
  readonly nodeMemoryBytes: number;
}

const DEFAULT_MASKED = ['/proc/asound', '/proc/acpi', '/proc/interrupts', '/proc/kcore', '/proc/keys', '/proc/latency_stats', '/proc/timer_list', '/proc/timer_stats', '/proc/sched_debug', '/proc/scsi', '/sys/firmware', '/sys/devices/virtual/powercap'];
const DEFAULT_READONLY = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'];

export function containerConfig({ pod, container, attempt, image, environment, mounts, nodeMemoryBytes }: ContainerInput): Input<ContainerConfig> {
  const encoder = new TextEncoder();
  return {
    metadata: { name: container.name, attempt }, image: { image: image.ref, userSpecifiedImage: container.image ?? '' },
    command: (container.command ?? []).map((word) => expand(word, environment)), args: (container.args ?? []).map((word) => expand(word, environment)),
    workingDir: container.workingDir ?? '', envs: [...environment].map(([key, value]) => ({ key, value: encoder.encode(value) })), mounts,
    labels: { ...podLabels(pod), [CONTAINER_NAME]: container.name },
    annotations: {
      'io.kubernetes.container.restartCount': String(attempt), 'io.kubernetes.container.terminationMessagePath': container.terminationMessagePath ?? '',
      'io.kubernetes.container.terminationMessagePolicy': container.terminationMessagePolicy ?? '',
      'io.kubernetes.pod.terminationGracePeriod': String(pod.spec.terminationGracePeriodSeconds ?? 30),
    },
    logPath: logPath(container.name, attempt), stdin: container.stdin ?? false, stdinOnce: container.stdinOnce ?? false, tty: container.tty ?? false,
    linux: { resources: linuxResources(pod, container, nodeMemoryBytes), securityContext: securityContext(pod, container) },
  };
}

function securityContext({ spec }: Pod, container: Container): Input<LinuxContainerSecurityContext> {
  const own = container.securityContext;
  const shared = spec.securityContext;
  const user = own?.runAsUser ?? shared?.runAsUser;
  const group = own?.runAsGroup ?? shared?.runAsGroup;
  const privileged = own?.privileged ?? false;
  const isUnmasked = privileged || own?.procMount === 'Unmasked';
  return {
    namespaceOptions: namespaces(spec), privileged, readonlyRootfs: own?.readOnlyRootFilesystem ?? false,
    capabilities: { addCapabilities: own?.capabilities?.add ?? [], dropCapabilities: own?.capabilities?.drop ?? [] },
    noNewPrivs: own?.allowPrivilegeEscalation === false, seccomp: seccomp(own?.seccompProfile ?? shared?.seccompProfile),
    supplementalGroups: groups(spec), maskedPaths: isUnmasked ? [] : DEFAULT_MASKED, readonlyPaths: isUnmasked ? [] : DEFAULT_READONLY,
    ...(user === undefined ? {} : { runAsUser: { value: user } }), ...(group === undefined ? {} : { runAsGroup: { value: group } }),
  };
}

function seccomp(profile: { readonly type: string; readonly localhostProfile?: string } | undefined): Input<SecurityProfile> {
  if (profile?.type === 'RuntimeDefault') return { profileType: 'RuntimeDefault' };
  if (profile?.type === 'Localhost') return { profileType: 'Localhost', localhostRef: profile.localhostProfile ?? '' };
  return { profileType: 'Unconfined' };
}

const CPU_PERIOD_US = 100_000;
const CPU_SHARES_MIN = 2;

/** Requests become shares, limits become quotas; who asks for little is killed first when memory runs out. */
export function linuxResources(pod: Pod, container: Container, nodeMemoryBytes: number): Input<LinuxContainerResources> {
  const { requests = {}, limits = {} } = container.resources ?? {};
  const cpu = quantityMilliValue(requests['cpu'] ?? limits['cpu']);
  const cpuLimit = quantityMilliValue(limits['cpu']);
  return {
    cpuShares: Math.max(CPU_SHARES_MIN, Math.floor((cpu * 1024) / 1000)), cpuPeriod: CPU_PERIOD_US,
    ...(cpuLimit > 0 ? { cpuQuota: Math.max(1000, Math.floor((cpuLimit * CPU_PERIOD_US) / 1000)) } : {}),
    memoryLimitInBytes: quantityValue(limits['memory']), oomScoreAdj: oomScore(pod, quantityValue(requests['memory']), nodeMemoryBytes),
  };
}

function oomScore(pod: Pod, memoryRequest: number, nodeMemoryBytes: number): number {
  if ((pod.spec.priority ?? 0) >= 2_000_000_000) return -997;
  const qos = pod.status.qosClass ?? qosClassOf(pod.spec);
  if (qos === 'Guaranteed') return -997;
  if (qos === 'BestEffort') return 1000;
  return Math.min(999, Math.max(3, Math.floor(1000 - (1000 * memoryRequest) / Math.max(1, nodeMemoryBytes))));
}

/** The file that tells a pod its own names. */
export function hostsFile(pod: Pod, ip: string, hostname: string, clusterDomain: string): string {
  const lines = ['# Kubernetes-managed hosts file.', '127.0.0.1\tlocalhost', '::1\tlocalhost ip6-localhost ip6-loopback', 'fe00::0\tip6-localnet', 'fe00::0\tip6-mcastprefix', 'fe00::1\tip6-allnodes', 'fe00::2\tip6-allrouters'];
  const full = pod.spec.subdomain ? `${hostname}.${pod.spec.subdomain}.${pod.metadata.namespace}.svc.${clusterDomain}\t${hostname}` : hostname;
  if (ip) lines.push(`${ip}\t${full}`);
  const aliases = pod.spec.hostAliases ?? [];
  if (aliases.length > 0) lines.push('', '# Entries added by HostAliases.', ...aliases.map((a) => `${a.ip}\t${(a.hostnames ?? []).join('\t')}`));
  return `${lines.join('\n')}\n`;
}
