import { type Container, type Pod, qosClassOf } from '@navarch/api';
import { quantityValue } from '@navarch/machinery';
import type { PodRules } from '../pod-rules.ts';
import type { HostFacts } from '../ports.ts';

const PAGE_BYTES = 4096;

/**
 * Settings of a container's group that hold it up before it reaches its limit, and keep what it asks for from others
 * (KEP-2570), by the kernel's names. Only where the node's configuration says so, and cgroup v2 has them.
 */
export function memoryQos(
  pod: Pod,
  container: Container,
  { cgroupVersion, memoryBytes }: Pick<HostFacts, 'memoryBytes' | 'cgroupVersion'>,
  { memoryThrottlingFactor: factor, isMemoryTiered, memoryAllocatable = memoryBytes }: PodRules,
): Readonly<Record<string, string>> {
  if (cgroupVersion === 1) return {};
  const { requests = {}, limits = {} } = container.resources ?? {};
  const limit = quantityValue(limits['memory']);
  const request = quantityValue(requests['memory'] ?? limits['memory']);
  const qos = pod.status.qosClass ?? qosClassOf(pod.spec);
  // Who may have no more than it asks for has nothing between to be held up in.
  const isElastic = qos !== 'Guaranteed' && !(limit > 0 && request === limit);
  const most = limit > 0 ? limit : memoryAllocatable;
  const high =
    factor !== undefined && isElastic ? Math.floor((request + (most - request) * factor) / PAGE_BYTES) * PAGE_BYTES : 0;
  const kept = isMemoryTiered && request > 0 ? KEPT_BY[qos] : undefined;
  return {
    ...(high > request ? { 'memory.high': String(high) } : {}),
    ...(kept === undefined ? {} : { [kept]: String(request) }),
  };
}

/** Never taken from them, and taken only where nothing else is left. */
const KEPT_BY: Readonly<Record<string, string | undefined>> = { Guaranteed: 'memory.min', Burstable: 'memory.low' };
