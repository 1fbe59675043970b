import type { AppArmorProfile, Container, Pod, PodSpec, SeccompProfile } from '@navarch/api';
import type {
  Input,
  LinuxContainerSecurityContext,
  LinuxSandboxSecurityContext,
  NamespaceOption,
  SecurityProfile,
} from '../cri/index.ts';
import type { HeldImage } from '../images/images.ts';
import { configError } from '../start-error.ts';
import { type IdRange, mappingsOf } from '../user-ids/id-range.ts';

/** Where the profiles are that pods name as `Localhost`. */
const seccompDir = (root: string): string => `${root}/seccomp`;

const DEFAULT_MASKED = [
  '/proc/asound',
  '/proc/acpi',
  '/proc/interrupts',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/sys/firmware',
  '/sys/devices/virtual/powercap',
];
const DEFAULT_READONLY = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'];

/** What the sandbox's own process may do: as little as there is, whatever the pod asks for its containers. */
export function sandboxSecurity({ spec }: Pod, userIds?: IdRange): Input<LinuxSandboxSecurityContext> {
  const shared = spec.securityContext;
  const user = shared?.runAsUser;
  return {
    namespaceOptions: namespaces(spec, userIds),
    privileged: [...(spec.initContainers ?? []), ...spec.containers].some((c) => c.securityContext?.privileged),
    seccomp: { profileType: 'RuntimeDefault' },
    supplementalGroups: groups(spec),
    supplementalGroupsPolicy: shared?.supplementalGroupsPolicy ?? 'Merge',
    selinuxOptions: shared?.seLinuxOptions,
    ...(user === undefined ? {} : { runAsUser: { value: Number(user) } }),
    // Runtimes refuse a group without a user.
    ...(user === undefined || shared?.runAsGroup === undefined
      ? {}
      : { runAsGroup: { value: Number(shared.runAsGroup) } }),
  };
}

export interface Surroundings {
  readonly image: HeldImage;
  /** The kubelet's folder. */
  readonly root: string;
  /** Id of the container whose processes this one is to see (kubectl debug --target). */
  readonly targetId: string | undefined;
  /** Of a pod with users of its own. */
  readonly userIds?: IdRange | undefined;
  /** Who names no seccomp profile has the runtime's. */
  readonly isSeccompDefault?: boolean;
}

/** What a container may do. What it does not say itself, its pod says; who it runs as, in the end its image. */
export function containerSecurity(
  { spec }: Pod,
  container: Container,
  { image, root, targetId, userIds, isSeccompDefault = false }: Surroundings,
): Input<LinuxContainerSecurityContext> {
  const own = container.securityContext;
  const shared = spec.securityContext;
  const user = own?.runAsUser ?? shared?.runAsUser ?? image.uid;
  const group = own?.runAsGroup ?? shared?.runAsGroup;
  const privileged = own?.privileged ?? false;
  const isUnmasked = privileged || own?.procMount === 'Unmasked';
  const profile = own?.appArmorProfile ?? shared?.appArmorProfile;
  return {
    namespaceOptions: { ...namespaces(spec, userIds), ...(targetId === undefined ? {} : { pid: 'TARGET', targetId }) },
    privileged,
    readonlyRootfs: own?.readOnlyRootFilesystem ?? false,
    capabilities: { addCapabilities: own?.capabilities?.add ?? [], dropCapabilities: own?.capabilities?.drop ?? [] },
    noNewPrivs: own?.allowPrivilegeEscalation === false,
    seccomp: seccomp(
      own?.seccompProfile ?? shared?.seccompProfile ?? (isSeccompDefault ? { type: 'RuntimeDefault' } : undefined),
      root,
    ),
    ...(profile ? { apparmor: apparmor(profile) } : {}),
    selinuxOptions: own?.seLinuxOptions ?? shared?.seLinuxOptions,
    supplementalGroups: groups(spec),
    supplementalGroupsPolicy: shared?.supplementalGroupsPolicy ?? 'Merge',
    maskedPaths: isUnmasked ? [] : DEFAULT_MASKED,
    readonlyPaths: isUnmasked ? [] : DEFAULT_READONLY,
    ...(user === undefined ? { runAsUsername: image.username } : { runAsUser: { value: Number(user) } }),
    ...(group === undefined ? {} : { runAsGroup: { value: Number(group) } }),
  };
}

const namespaces = (spec: PodSpec, userIds: IdRange | undefined): Input<NamespaceOption> => ({
  network: spec.hostNetwork ? 'NODE' : 'POD',
  pid: spec.hostPID ? 'NODE' : spec.shareProcessNamespace ? 'POD' : 'CONTAINER',
  ipc: spec.hostIPC ? 'NODE' : 'POD',
  ...(userIds ? { usernsOptions: { mode: 'POD', uids: mappingsOf(userIds), gids: mappingsOf(userIds) } } : {}),
});

const groups = ({ securityContext: shared }: PodSpec): readonly number[] => [
  ...(shared?.fsGroup === undefined ? [] : [Number(shared.fsGroup)]),
  ...(shared?.supplementalGroups ?? []).map(Number),
];

function seccomp(profile: SeccompProfile | undefined, root: string): Input<SecurityProfile> {
  if (profile?.type === 'RuntimeDefault') return { profileType: 'RuntimeDefault' };
  if (profile?.type !== 'Localhost') return { profileType: 'Unconfined' };
  if (!profile.localhostProfile) throw configError('localhostProfile must be set if seccompProfile type is Localhost.');
  return { profileType: 'Localhost', localhostRef: `${seccompDir(root)}/${profile.localhostProfile}` };
}

function apparmor({ type, localhostProfile = '' }: AppArmorProfile): Input<SecurityProfile> {
  if (type !== 'Localhost') return { profileType: type };
  if (localhostProfile === '') throw configError('missing localhost apparmor profile name');
  return { profileType: 'Localhost', localhostRef: localhostProfile };
}

/** Throws StartError when the container must not run as root and would, or may (API: SecurityContext.runAsNonRoot). */
export function refuseRoot({ metadata, spec }: Pod, container: Container, image: HeldImage): void {
  const own = container.securityContext;
  if (!(own?.runAsNonRoot ?? spec.securityContext?.runAsNonRoot)) return;
  const where = `(pod: ${JSON.stringify(`${metadata.name}_${metadata.namespace}(${metadata.uid})`)}, container: ${container.name})`;
  const user = own?.runAsUser ?? spec.securityContext?.runAsUser;
  if (user === 0) throw configError(`container's runAsUser breaks non-root policy ${where}`);
  if (user !== undefined) return;
  if (image.uid === undefined && image.username !== '') {
    throw configError(
      `container has runAsNonRoot and image has non-numeric user (${image.username}), cannot verify user is non-root ${where}`,
    );
  }
  // An image that says nothing runs as root.
  if ((image.uid ?? 0) === 0) throw configError(`container has runAsNonRoot and image will run as root ${where}`);
}
