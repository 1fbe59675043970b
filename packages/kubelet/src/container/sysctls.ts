import { type Pod, type PodSpec, safeSysctls } from '@navarch/api';
import { ORDINARY_RULES, type PodRules } from '../pod-rules.ts';

const SAFE = safeSysctls();

/** The pod's settings by their dotted names. */
const ownSysctls = ({ securityContext }: PodSpec): Readonly<Record<string, string>> =>
  Object.fromEntries((securityContext?.sysctls ?? []).map(({ name, value }) => [dotted(name), value]));

/** Those, and the node's for what the pod has of its own and says nothing of. */
export const sysctlsOf = (spec: PodSpec, rules: PodRules = ORDINARY_RULES): Readonly<Record<string, string>> => ({
  ...Object.fromEntries(
    Object.entries(rules.sysctls)
      .map(([name, value]) => [dotted(name), value] as const)
      .filter(([name]) => hostNamespaceProblem(name, spec) === undefined),
  ),
  ...ownSysctls(spec),
});

/** Why this node does not let the pod set what it wants to; undefined when it does. */
export function forbiddenSysctl({ spec }: Pod, rules: PodRules = ORDINARY_RULES): string | undefined {
  for (const name of Object.keys(ownSysctls(spec))) {
    const quoted = JSON.stringify(name);
    const problem = hostNamespaceProblem(name, spec);
    if (problem !== undefined) return `forbidden sysctl: ${quoted} ${problem}`;
    if (!SAFE.has(name) && !rules.allowedUnsafeSysctls.some((pattern) => isMatch(dotted(pattern), name)))
      return `forbidden sysctl: ${quoted} not allowlisted`;
  }
  return undefined;
}

/** `kernel.msg*` stands for all that begin so. */
const isMatch = (pattern: string, name: string): boolean =>
  pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : pattern === name;

/** What a pod shares with the host is not the pod's to set. */
function hostNamespaceProblem(name: string, { hostNetwork, hostIPC }: PodSpec): string | undefined {
  if (hostNetwork && name.startsWith('net.')) return 'not allowed with host net enabled';
  if (hostIPC && /^(?:kernel\.(?:shm|msg|sem)|fs\.mqueue\.)/.test(name)) return 'not allowed with host ipc enabled';
  return undefined;
}

/** `net/ipv4/x.y` is the kernel's other way to write `net.ipv4.x/y` (sysctl(8)): what comes first is the separator. */
function dotted(sysctl: string): string {
  const first = /[./]/.exec(sysctl)?.[0];
  return first === '/' ? sysctl.replace(/[./]/g, (c) => (c === '/' ? '.' : '/')) : sysctl;
}
