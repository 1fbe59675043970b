import type { Field, Integer } from '@navarch/machinery';
import { shown } from '../../checks/shown.ts';
import { each, supportedValue, within } from '../../checks/values.ts';
import type {
  AppArmorProfile,
  PodSecurityContext,
  PodSpec,
  SeccompProfile,
  SecurityContext,
} from '../../generated/types/core-v1.ts';
import { descendingPath } from './volume-sources.ts';
import { validateWindowsOptions } from './windows-validation.ts';

const ID_MAX = 2 ** 31 - 1;
const id = (value: Integer | undefined, at: Field): void => within(value, 0, ID_MAX, at);

export function validateSecurityContext(
  context: SecurityContext | undefined,
  hostUsers: boolean | undefined,
  at: Field,
): void {
  if (!context) return;
  id(context.runAsUser, at.at('runAsUser'));
  id(context.runAsGroup, at.at('runAsGroup'));
  if (context.procMount !== undefined) {
    supportedValue(context.procMount, ['Default', 'Unmasked'], at.at('procMount'));
    if (context.procMount === 'Unmasked' && hostUsers !== false)
      at.at('procMount').invalid(context.procMount, '`hostUsers` must be false to use `Unmasked`');
  }
  validateSeccomp(context.seccompProfile, at.at('seccompProfile'));
  if (context.allowPrivilegeEscalation === false) {
    if (context.privileged)
      at.invalid(
        shown('core.v1.SecurityContext', context),
        'cannot set `allowPrivilegeEscalation` to false and `privileged` to true',
      );
    if (context.capabilities?.add?.includes('CAP_SYS_ADMIN')) {
      at.invalid(
        shown('core.v1.SecurityContext', context),
        'cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN',
      );
    }
  }
  validateWindowsOptions(context.windowsOptions, at.at('windowsOptions'));
  validateAppArmor(context.appArmorProfile, at.at('appArmorProfile'));
}

function validateSeccomp(profile: SeccompProfile | undefined, at: Field): void {
  if (!profile) return;
  const { type, localhostProfile } = profile;
  const here = at.at('localhostProfile');
  if (!type) at.at('type').required('type is required when seccompProfile is set');
  else supportedValue(type, ['Localhost', 'RuntimeDefault', 'Unconfined'], at.at('type'));
  if (type !== 'Localhost') {
    if (localhostProfile !== undefined)
      here.invalid(shown('core.v1.SeccompProfile', profile), 'can only be set when seccomp type is Localhost');
  } else if (localhostProfile === undefined) here.required('must be set when seccomp type is Localhost');
  else descendingPath(localhostProfile, here);
}

const PROFILE_BYTES_MAX = 4095;

function validateAppArmor(profile: AppArmorProfile | undefined, at: Field): void {
  if (!profile) return;
  const { type, localhostProfile } = profile;
  const here = at.at('localhostProfile');
  if (type === 'Localhost') {
    if (localhostProfile === undefined) here.required('must be set when AppArmor type is Localhost');
    else {
      const name = localhostProfile.trim();
      if (name !== localhostProfile) here.invalid(localhostProfile, 'must not be padded with whitespace');
      else if (name === '') here.required('must be set when AppArmor type is Localhost');
      if (localhostProfile.length > PROFILE_BYTES_MAX) here.tooLong(PROFILE_BYTES_MAX);
    }
  } else if (type === 'RuntimeDefault' || type === 'Unconfined') {
    if (localhostProfile !== undefined)
      here.invalid(localhostProfile, 'can only be set when AppArmor type is Localhost');
  } else if (!type) at.at('type').required('type is required when appArmorProfile is set');
  else at.at('type').notSupported(type, ['Localhost', 'RuntimeDefault', 'Unconfined']);
}

const SYSCTL_PART = '[a-z0-9]([-_a-z0-9]*[a-z0-9])?';
const SYSCTL = new RegExp(`^${SYSCTL_PART}([./]${SYSCTL_PART})*$`);
const SYSCTL_SHOWN = `(${SYSCTL_PART}[\\./])*${SYSCTL_PART}`;
const SYSCTL_LENGTH_MAX = 253;
const IPC = [
  'kernel.shm',
  'kernel.msg',
  'kernel.shmall',
  'kernel.shmmax',
  'kernel.shmmni',
  'kernel.shm_rmid_forced',
  'kernel.sem',
  'kernel.msgmax',
  'kernel.msgmnb',
  'kernel.msgmni',
];

/** A pod's own security context; for upstream it holds the host's namespaces as well. */
export function validatePodSecurity(spec: PodSpec, at: Field): void {
  const context: PodSecurityContext = spec.securityContext ?? {};
  id(context.fsGroup, at.at('fsGroup'));
  id(context.runAsUser, at.at('runAsUser'));
  id(context.runAsGroup, at.at('runAsGroup'));
  each(context.supplementalGroups, at.at('supplementalGroups'), id);
  if (spec.shareProcessNamespace && spec.hostPID) {
    at.at('shareProcessNamespace').invalid(true, 'ShareProcessNamespace and HostPID cannot both be enabled');
  }
  validateSysctls(spec, at.at('sysctls'));
  if (context.fsGroupChangePolicy !== undefined)
    supportedValue(context.fsGroupChangePolicy, ['Always', 'OnRootMismatch'], at.at('fsGroupChangePolicy'));
  validateSeccomp(context.seccompProfile, at.at('seccompProfile'));
  validateWindowsOptions(context.windowsOptions, at.at('windowsOptions'));
  validateAppArmor(context.appArmorProfile, at.at('appArmorProfile'));
  if (context.supplementalGroupsPolicy !== undefined)
    supportedValue(context.supplementalGroupsPolicy, ['Merge', 'Strict'], at.at('supplementalGroupsPolicy'));
  if (context.seLinuxChangePolicy !== undefined)
    supportedValue(context.seLinuxChangePolicy, ['MountOption', 'Recursive'], at.at('seLinuxChangePolicy'));
}

function validateSysctls(spec: PodSpec, at: Field): void {
  const names = new Set<string>();
  each(spec.securityContext?.sysctls, at, ({ name }, here) => {
    if (!name) here.at('name').required();
    else if (name.length > SYSCTL_LENGTH_MAX || !SYSCTL.test(name)) {
      here
        .at('name')
        .invalid(name, `must have at most ${SYSCTL_LENGTH_MAX} characters and match regex ^${SYSCTL_SHOWN}$`);
    } else if (names.has(name)) here.at('name').duplicate(name);
    names.add(name);
    const dotted = name.includes('/') && !name.includes('.') ? name.replaceAll('/', '.') : name;
    if (spec.hostNetwork && dotted.startsWith('net.'))
      here.at('name').invalid(name, "may not be specified when 'hostNetwork' is true");
    if (spec.hostIPC && (dotted.startsWith('fs.mqueue.') || IPC.includes(dotted)))
      here.at('name').invalid(name, "may not be specified when 'hostIPC' is true");
  });
}
