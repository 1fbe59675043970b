import type { Lease, Node } from '@navarch/api';
import { timestamp } from '../shared/time.ts';

type Condition = NonNullable<Node['status']['conditions']>[number];

/** What was last seen of a node, on this controller's own clock: the clocks of nodes are not trusted. */
export interface Heartbeat {
  readonly uid: string;
  readonly renewTime: string | undefined;
  readonly heartbeatTime: string | undefined;
  /** Monotonic ms at which either of them last changed. */
  readonly seenMs: number;
}

/** Conditions that only the node itself can know. */
const OWN_CONDITIONS = ['Ready', 'MemoryPressure', 'DiskPressure', 'PIDPressure'];

export const readyOf = (n: Node): Condition | undefined =>
  n.status.conditions?.find((condition) => condition.type === 'Ready');

export function observe(n: Node, lease: Lease | undefined, before: Heartbeat | undefined, nowMs: number): Heartbeat {
  const renewTime = lease?.spec.renewTime;
  const heartbeatTime = readyOf(n)?.lastHeartbeatTime;
  const isSame =
    before?.uid === n.metadata.uid && before.renewTime === renewTime && before.heartbeatTime === heartbeatTime;
  return isSame ? before : { uid: n.metadata.uid, renewTime, heartbeatTime, seenMs: nowMs };
}

/** The conditions of a node that has been silent for too long; undefined when they say so already. `nowMs` since the epoch. */
export function silentConditions(n: Node, nowMs: number): readonly Condition[] | undefined {
  const now = timestamp(nowMs);
  const before = n.status.conditions ?? [];
  const after = before.map((condition) =>
    OWN_CONDITIONS.includes(condition.type) && condition.status !== 'Unknown'
      ? {
          ...condition,
          status: 'Unknown',
          reason: 'NodeStatusUnknown',
          message: 'Kubelet stopped posting node status.',
          lastTransitionTime: now,
        }
      : condition,
  );
  const missing = OWN_CONDITIONS.filter((type) => !before.some((condition) => condition.type === type)).map((type) => ({
    type,
    status: 'Unknown',
    lastHeartbeatTime: n.metadata.creationTimestamp,
    lastTransitionTime: now,
    reason: 'NodeStatusNeverUpdated',
    message: 'Kubelet never posted node status.',
  }));
  const hasChanged = missing.length > 0 || after.some((condition, i) => condition !== before[i]);
  return hasChanged ? [...after, ...missing] : undefined;
}
