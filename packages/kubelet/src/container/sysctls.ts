import { type Pod, type PodSpec, safeSysctls } from '@navarch/api';

const SAFE = safeSysctls();

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
