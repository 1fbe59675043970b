import { type PodSpec, safeSysctls } from '@navarch/api';
import {
  type Check,
  defineCheck,
  everyContainer,
  isForeignProfile,
  named,
  plural,
  quoted,
  setters,
  sortedSet,
} from './check.ts';
import { foreignSeccomp } from './seccomp.ts';

const APP_ARMOR = 'container.apparmor.security.beta.kubernetes.io/';

const appArmorProfile = defineCheck({
  id: 'appArmorProfile',
  since: 0,
  find({ annotations = {} }, spec) {
    const isPod = isForeignProfile(spec.securityContext?.appArmorProfile?.type);
    const containers = everyContainer(spec).filter((c) => isForeignProfile(c.securityContext?.appArmorProfile?.type));
    const values = [
      ...(isPod ? [spec.securityContext?.appArmorProfile?.type ?? ''] : []),
      ...containers.map((c) => c.securityContext?.appArmorProfile?.type ?? ''),
    ];
    const notes = Object.entries(annotations)
      .filter(
        ([key, value]) =>
          key.startsWith(APP_ARMOR) && value !== '' && value !== 'runtime/default' && !value.startsWith('localhost/'),
      )
      .sort()
      .map(([key, value]) => `${JSON.stringify(key)}=${JSON.stringify(value)}`);
    if (values.length === 0 && notes.length === 0) return undefined;
    const details = [
      ...(values.length > 0
        ? [`${setters(isPod, containers)} must not set AppArmor profile type to ${quoted(sortedSet(values))}`]
        : []),
      ...(notes.length > 0 ? [`${plural('annotation', 'annotations', notes.length)} ${notes.join(', ')}`] : []),
    ];
    return {
      reason: plural('forbidden AppArmor profile', 'forbidden AppArmor profiles', values.length + notes.length),
      detail: details.join(' and '),
    };
  },
});

const DEFAULT_CAPABILITIES = new Set([
  'AUDIT_WRITE',
  'CHOWN',
  'DAC_OVERRIDE',
  'FOWNER',
  'FSETID',
  'KILL',
  'MKNOD',
  'NET_BIND_SERVICE',
  'SETFCAP',
  'SETGID',
  'SETPCAP',
  'SETUID',
  'SYS_CHROOT',
]);

const capabilities = defineCheck({
  id: 'capabilities_baseline',
  since: 0,
  sparesWindows: true,
  find(_metadata, spec) {
    const added = (c: ReturnType<typeof everyContainer>[number]): readonly string[] =>
      (c.securityContext?.capabilities?.add ?? []).filter((name) => !DEFAULT_CAPABILITIES.has(name));
    const bad = everyContainer(spec).filter((c) => added(c).length > 0);
    if (bad.length === 0) return undefined;
    return {
      reason: 'non-default capabilities',
      detail: `${named(bad)} must not include ${quoted(sortedSet(bad.flatMap(added)))} in securityContext.capabilities.add`,
    };
  },
});

const hostNamespaces = defineCheck({
  id: 'hostNamespaces',
  since: 0,
  find(_metadata, spec) {
    const used = (['hostNetwork', 'hostPID', 'hostIPC'] as const).filter((name) => spec[name] === true);
    return used.length === 0
      ? undefined
      : { reason: 'host namespaces', detail: used.map((name) => `${name}=true`).join(', ') };
  },
});

const hostPathVolumes = defineCheck({
  id: 'hostPathVolumes',
  since: 0,
  find(_metadata, spec) {
    const bad = (spec.volumes ?? []).filter((volume) => volume.hostPath !== undefined).map((volume) => volume.name);
    return bad.length === 0
      ? undefined
      : { reason: 'hostPath volumes', detail: `${plural('volume', 'volumes', bad.length)} ${quoted(bad)}` };
  },
});

const hostPorts = defineCheck({
  id: 'hostPorts',
  since: 0,
  find(_metadata, spec) {
    const portsOf = (c: ReturnType<typeof everyContainer>[number]): readonly number[] =>
      (c.ports ?? []).flatMap((port) => (port.hostPort ? [port.hostPort] : []));
    const bad = everyContainer(spec).filter((c) => portsOf(c).length > 0);
    if (bad.length === 0) return undefined;
    const ports = sortedSet(bad.flatMap(portsOf).map(String));
    return {
      reason: 'hostPort',
      detail: `${named(bad)} ${plural('uses', 'use', bad.length)} ${plural('hostPort', 'hostPorts', ports.length)} ${ports.join(', ')}`,
    };
  },
});

interface Handler {
  readonly httpGet?: { readonly host?: string };
  readonly tcpSocket?: { readonly host?: string };
}

/** Probes and hooks that go to another host make the kubelet ask there (since 1.34). */
const hostProbes = defineCheck({
  id: 'hostProbesAndHostLifecycle',
  since: 34,
  find(_metadata, spec) {
    const hostsOf = (c: ReturnType<typeof everyContainer>[number]): readonly string[] => {
      const handlers: readonly (Handler | undefined)[] = [
        c.livenessProbe,
        c.readinessProbe,
        c.startupProbe,
        c.lifecycle?.postStart,
        c.lifecycle?.preStop,
      ];
      return handlers
        .flatMap((handler) => [handler?.httpGet?.host, handler?.tcpSocket?.host])
        .filter((host): host is string => Boolean(host));
    };
    const bad = everyContainer(spec).filter((c) => hostsOf(c).length > 0);
    if (bad.length === 0) return undefined;
    const hosts = sortedSet(bad.flatMap(hostsOf));
    return {
      reason: 'probe or lifecycle host',
      detail: `${named(bad)} ${plural('uses', 'use', bad.length)} probe or lifecycle ${plural('host', 'hosts', hosts.length)} ${quoted(hosts)}`,
    };
  },
});

const privileged = defineCheck({
  id: 'privileged',
  since: 0,
  find(_metadata, spec) {
    const bad = everyContainer(spec).filter((c) => c.securityContext?.privileged === true);
    return bad.length === 0
      ? undefined
      : { reason: 'privileged', detail: `${named(bad)} must not set securityContext.privileged=true` };
  },
});

const procMount = defineCheck({
  id: 'procMount',
  since: 0,
  sparesWindows: true,
  find(_metadata, spec) {
    const bad = everyContainer(spec).filter(
      (c) => c.securityContext?.procMount !== undefined && c.securityContext.procMount !== 'Default',
    );
    if (bad.length === 0) return undefined;
    const values = sortedSet(bad.map((c) => c.securityContext?.procMount ?? ''));
    return { reason: 'procMount', detail: `${named(bad)} must not set securityContext.procMount to ${quoted(values)}` };
  },
});

const SELINUX_TYPES = ['', 'container_t', 'container_init_t', 'container_kvm_t'];

const seLinuxOptions = defineCheck({
  id: 'seLinuxOptions',
  since: 0,
  find(_metadata, spec, minor) {
    const types = minor >= 31 ? [...SELINUX_TYPES, 'container_engine_t'] : SELINUX_TYPES;
    const badTypes = new Set<string>();
    let [user, role] = [false, false];
    const isBad = (
      options: NonNullable<NonNullable<PodSpec['securityContext']>['seLinuxOptions']> | undefined,
    ): boolean => {
      if (!options) return false;
      const isBadType = !types.includes(options.type ?? '');
      if (isBadType) badTypes.add(options.type ?? '');
      user ||= Boolean(options.user);
      role ||= Boolean(options.role);
      return isBadType || Boolean(options.user) || Boolean(options.role);
    };
    const isPod = isBad(spec.securityContext?.seLinuxOptions);
    const bad = everyContainer(spec).filter((c) => isBad(c.securityContext?.seLinuxOptions));
    if (!isPod && bad.length === 0) return undefined;
    const data = [
      ...(badTypes.size > 0 ? [`${plural('type', 'types', badTypes.size)} ${quoted(sortedSet(badTypes))}`] : []),
      ...(user ? ['user may not be set'] : []),
      ...(role ? ['role may not be set'] : []),
    ];
    return {
      reason: 'seLinuxOptions',
      detail: `${setters(isPod, bad)} set forbidden securityContext.seLinuxOptions: ${data.join('; ')}`,
    };
  },
});

const seccompProfile = defineCheck({
  id: 'seccompProfile_baseline',
  since: 19,
  find: (_metadata, spec) => foreignSeccomp(spec),
});

const sysctls = defineCheck({
  id: 'sysctls',
  since: 0,
  find(_metadata, spec, minor) {
    const safe = safeSysctls(minor);
    const bad = (spec.securityContext?.sysctls ?? []).map((sysctl) => sysctl.name).filter((name) => !safe.has(name));
    return bad.length === 0 ? undefined : { reason: 'forbidden sysctls', detail: bad.join(', ') };
  },
});

const windowsHostProcess = defineCheck({
  id: 'windowsHostProcess',
  since: 0,
  find(_metadata, spec) {
    const isPod = spec.securityContext?.windowsOptions?.hostProcess === true;
    const bad = everyContainer(spec).filter((c) => c.securityContext?.windowsOptions?.hostProcess === true);
    if (!isPod && bad.length === 0) return undefined;
    return {
      reason: 'hostProcess',
      detail: `${setters(isPod, bad)} must not set securityContext.windowsOptions.hostProcess=true`,
    };
  },
});

/** Controls of the baseline level, in the order in which they are told. */
export const baselineChecks: readonly Check[] = [
  appArmorProfile,
  capabilities,
  hostNamespaces,
  hostPathVolumes,
  hostPorts,
  hostProbes,
  privileged,
  procMount,
  seLinuxOptions,
  seccompProfile,
  sysctls,
  windowsHostProcess,
];
