import { type Container, isSidecar, type Pod, podRequests, qosClassOf } from '@navarch/api';
import { quantityMilliValue, quantityValue } from '@navarch/machinery';
import type { Input, LinuxContainerResources } from '../cri/index.ts';
import { ORDINARY_RULES, type PodRules } from '../pod-rules.ts';
import { withInherited } from './inherited-limits.ts';
import { memoryQos } from './memory-qos.ts';
import type { Amounts } from '../environment/resource-value.ts';
import type { HostFacts } from '../ports.ts';

const CPU_SHARES_MIN = 2;
const CPU_SHARES_MAX = 262_144;
const CPU_QUOTA_US_MIN = 1000;

/** 1024 a core. */
export const cpuShares = (milli: number): number =>
  Math.min(CPU_SHARES_MAX, Math.max(CPU_SHARES_MIN, Math.floor((milli * 1024) / 1000)));

/** Microseconds per period; undefined where nothing is limited. */
export const cpuQuota = (milli: number, { hasCpuQuota, cpuPeriodUs }: PodRules): number | undefined =>
  milli > 0 && hasCpuQuota ? Math.max(CPU_QUOTA_US_MIN, Math.floor((milli * cpuPeriodUs) / 1000)) : undefined;

const HUGE_PAGES = 'hugepages-';

/** Requests become shares, limits become quotas; who asks for little is killed first when memory runs out. */
export function linuxResources(
  pod: Pod,
  container: Container,
  host: Pick<HostFacts, 'memoryBytes' | 'cgroupVersion' | 'swap'>,
  /** Nobody else runs on its processors: to hold it up now and then would serve nobody. */
  hasOwnCpus = false,
  rules: PodRules = ORDINARY_RULES,
): Input<LinuxContainerResources> {
  const { requests = {} } = container.resources ?? {};
  const limits = limitsOf(pod, container);
  const quota = hasOwnCpus ? undefined : cpuQuota(quantityMilliValue(limits['cpu']), rules);
  const memory = quantityValue(limits['memory']);
  const pages = Object.entries(limits).filter(([name]) => name.startsWith(HUGE_PAGES));
  return {
    cpuShares: cpuShares(quantityMilliValue(requests['cpu'] ?? limits['cpu'])),
    cpuPeriod: rules.cpuPeriodUs,
    ...(quota === undefined ? {} : { cpuQuota: quota }),
    memoryLimitInBytes: memory,
    oomScoreAdj: oomScore(pod, container, host.memoryBytes),
    hugepageLimits: pages.map(([name, text]) => ({
      pageSize: runtimePageSize(name.slice(HUGE_PAGES.length)),
      limit: quantityValue(text),
    })),
    ...limitsOfKernel(pod, container, host, rules),
  };
}

const limitsOf = ({ spec }: Pod, { resources }: Container): Amounts =>
  withInherited(resources?.limits, spec.resources?.limits);

/** What has no field in CRI goes by the kernel's names. */
function limitsOfKernel(
  pod: Pod,
  container: Container,
  host: Pick<HostFacts, 'memoryBytes' | 'cgroupVersion' | 'swap'>,
  rules: PodRules,
): Input<LinuxContainerResources> {
  const { unified, ...ofSwap } = swap(pod, container, host, rules);
  const all = { ...unified, ...memoryQos(pod, container, host, rules) };
  return { ...ofSwap, ...(Object.keys(all).length > 0 ? { unified: all } : {}) };
}

/**
 * None, or of a burstable container that has no claim to its memory the part of the node's swap that its request is of
 * the node's memory (KEP-2400). Nothing is said where the machine has no swap, or the kernel does not count it.
 */
function swap(
  pod: Pod,
  container: Container,
  { swap: found, memoryBytes, cgroupVersion }: Pick<HostFacts, 'memoryBytes' | 'cgroupVersion' | 'swap'>,
  { hasSwap }: PodRules,
): Input<LinuxContainerResources> {
  const { requests = {}, limits = {} } = container.resources ?? {};
  const isCounted = found !== undefined && found.bytes > 0 && found.isCounted;
  if (cgroupVersion === 1) {
    const bytes = quantityValue(limitsOf(pod, container)['memory']);
    return isCounted && bytes > 0 ? { memorySwapLimitInBytes: bytes } : {};
  }
  const memory = quantityValue(limits['memory']);
  // A container is killed whole: one that lost a process to the kernel is a container in an unknown state (KEP-2254).
  const whole = { 'memory.oom.group': '1' };
  if (!isCounted) return { unified: whole };
  const request = quantityValue(requests['memory'] ?? limits['memory']);
  const mayUse =
    hasSwap &&
    (pod.status.qosClass ?? qosClassOf(pod.spec)) === 'Burstable' &&
    pod.spec.priorityClassName?.startsWith('system-') !== true &&
    request > 0 &&
    request !== memory;
  const bytes = mayUse ? Math.floor((request / Math.max(1, memoryBytes)) * found.bytes) : 0;
  return { unified: { ...whole, 'memory.swap.max': String(bytes) } };
}

/** 2Mi is 2MB in the names of the kernel's files. */
const runtimePageSize = (size: string): string => size.replace(/i$/, 'B');

const OOM_GUARANTEED = -997;

function oomScore(pod: Pod, container: Container, nodeMemoryBytes: number): number {
  if (pod.spec.priorityClassName === 'system-node-critical') return OOM_GUARANTEED;
  const qos = pod.status.qosClass ?? qosClassOf(pod.spec);
  if (qos === 'Guaranteed') return OOM_GUARANTEED;
  if (qos === 'BestEffort') return 1000;
  const own = quantityValue(container.resources?.requests?.['memory']);
  // A sidecar must not be killed before those that it serves.
  const request =
    pod.spec.initContainers?.includes(container) && isSidecar(container) ? Math.max(own, leastRequest(pod)) : own;
  const counted = request + shareOfRest(pod);
  return Math.min(
    999,
    Math.max(1000 + OOM_GUARANTEED, 1000 - Math.floor((1000 * counted) / Math.max(1, nodeMemoryBytes))),
  );
}

const leastRequest = ({ spec }: Pod): number =>
  Math.min(...spec.containers.map((c) => quantityValue(c.resources?.requests?.['memory'])));

/** What the pod as a whole asks for beyond its containers is theirs in equal parts, bytes (KEP-2837). */
function shareOfRest({ spec }: Pod): number {
  const whole = quantityValue(spec.resources?.requests?.['memory']);
  if (whole === 0) return 0;
  const { resources: _, overhead: __, ...alone } = spec;
  const rest = whole - quantityValue(podRequests(alone)['memory']);
  return Math.trunc(rest / (spec.containers.length + (spec.initContainers?.length ?? 0)));
}
