import type { Node, Taint } from '@navarch/api';
import { readyOf } from './health.ts';

const NOT_READY = 'node.kubernetes.io/not-ready';
const UNREACHABLE = 'node.kubernetes.io/unreachable';
const UNSCHEDULABLE = 'node.kubernetes.io/unschedulable';

/** Condition type, the status that is bad, and the taint that keeps new pods away meanwhile. */
const BY_CONDITION: readonly (readonly [type: string, status: string, key: string])[] = [
  ['Ready', 'False', NOT_READY],
  ['Ready', 'Unknown', UNREACHABLE],
  ['MemoryPressure', 'True', 'node.kubernetes.io/memory-pressure'],
  ['DiskPressure', 'True', 'node.kubernetes.io/disk-pressure'],
  ['PIDPressure', 'True', 'node.kubernetes.io/pid-pressure'],
  ['NetworkUnavailable', 'True', 'node.kubernetes.io/network-unavailable'],
];
const SCHEDULING_KEYS = new Set([...BY_CONDITION.map(([, , key]) => key), UNSCHEDULABLE]);
const EVICTION_KEYS = new Set([NOT_READY, UNREACHABLE]);

export const isSchedulingTaint = ({ key, effect }: Taint): boolean =>
  effect === 'NoSchedule' && SCHEDULING_KEYS.has(key);
export const isEvictionTaint = ({ key, effect }: Taint): boolean => effect === 'NoExecute' && EVICTION_KEYS.has(key);

/** The keys of the NoSchedule taints that the node's conditions ask for. */
export function schedulingKeys(n: Node): readonly string[] {
  const keys = BY_CONDITION.filter(([type, status]) =>
    n.status.conditions?.some((c) => c.type === type && c.status === status),
  ).map(([, , key]) => key);
  // A node that has said nothing yet keeps the taint that it was created with.
  if (!readyOf(n) && n.spec.taints?.some((t) => t.key === NOT_READY && t.effect === 'NoSchedule')) keys.push(NOT_READY);
  return n.spec.unschedulable ? [...keys, UNSCHEDULABLE] : keys;
}

/** The key of the NoExecute taint that a node that is not ready gets; undefined for one that is. */
export function evictionKey(n: Node): string | undefined {
  switch (readyOf(n)?.status) {
    case 'False':
      return NOT_READY;
    case 'Unknown':
      return UNREACHABLE;
    default:
      return undefined;
  }
}

/** The node's taints with those that `concerns` chooses replaced; what is there already stays as it is, times included. */
export function withTaints(
  n: Node,
  concerns: (taint: Taint) => boolean,
  keys: readonly string[],
  make: (key: string) => Taint,
): readonly Taint[] {
  const before = n.spec.taints ?? [];
  const kept = before.filter((taint) => !concerns(taint) || keys.includes(taint.key));
  const added = keys.filter((key) => !kept.some((taint) => concerns(taint) && taint.key === key)).map(make);
  return added.length === 0 && kept.length === before.length ? before : [...kept, ...added];
}
