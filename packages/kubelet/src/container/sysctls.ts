import type { Pod, PodSpec } from '@navarch/api';

/** Kernel settings that a pod can have of its own without harm to others (Kubernetes's list of safe sysctls). */
const SAFE: ReadonlySet<string> = new Set([
  'kernel.shm_rmid_forced',
  'net.ipv4.ip_local_port_range',
  'net.ipv4.tcp_syncookies',
  'net.ipv4.ping_group_range',
  'net.ipv4.ip_unprivileged_port_start',
  'net.ipv4.ip_local_reserved_ports',
  'net.ipv4.tcp_keepalive_time',
  'net.ipv4.tcp_fin_timeout',
  'net.ipv4.tcp_keepalive_intvl',
  'net.ipv4.tcp_keepalive_probes',
  'net.ipv4.tcp_rmem',
  'net.ipv4.tcp_wmem',
]);

/** The pod's settings by their dotted names. */
export const sysctlsOf = ({ securityContext }: PodSpec): Readonly<Record<string, string>> =>
  Object.fromEntries((securityContext?.sysctls ?? []).map(({ name, value }) => [dotted(name), value]));

/** Why this node does not let the pod set what it wants to; undefined when it does. */
export function forbiddenSysctl({ spec }: Pod): string | undefined {
  for (const name of Object.keys(sysctlsOf(spec))) {
    const quoted = JSON.stringify(name);
    if (spec.hostNetwork && name.startsWith('net.'))
      return `forbidden sysctl: ${quoted} not allowed with host net enabled`;
    if (spec.hostIPC && /^(?:kernel\.(?:shm|msg|sem)|fs\.mqueue\.)/.test(name))
      return `forbidden sysctl: ${quoted} not allowed with host ipc enabled`;
    if (!SAFE.has(name)) return `forbidden sysctl: ${quoted} not allowlisted`;
  }
  return undefined;
}

/** `net/ipv4/x.y` is the kernel's other way to write `net.ipv4.x/y` (sysctl(8)): what comes first is the separator. */
function dotted(sysctl: string): string {
  const first = /[./]/.exec(sysctl)?.[0];
  return first === '/' ? sysctl.replace(/[./]/g, (c) => (c === '/' ? '.' : '/')) : sysctl;
}
