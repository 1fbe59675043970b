import type { Node } from '@navarch/api';

/** What an event about a node says of each condition that comes about, by its new status. Upstream's words. */
const REASONS: Readonly<Record<string, readonly [ifTrue: string, ifFalse: string]>> = {
  MemoryPressure: ['NodeHasInsufficientMemory', 'NodeHasSufficientMemory'],
  DiskPressure: ['NodeHasDiskPressure', 'NodeHasNoDiskPressure'],
  PIDPressure: ['NodeHasInsufficientPID', 'NodeHasSufficientPID'],
  Ready: ['NodeReady', 'NodeNotReady'],
};

export interface NodeEvent {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
}

/**
 * What there is to tell when a node's status turns from `before` into `after`. A node that begins is told of what it has
 * enough of; that it is ready or not only when that changes.
 */
export function nodeEvents(
  name: string,
  before: Node['status'] | undefined,
  after: Node['status'],
): readonly NodeEvent[] {
  const events: NodeEvent[] = [];
  const [last, boot] = [before?.nodeInfo?.bootID, after.nodeInfo?.bootID];
  if (last && last !== boot)
    events.push({ type: 'Warning', reason: 'Rebooted', message: `Node ${name} has been rebooted, boot id: ${boot}` });
  for (const { type, status } of after.conditions ?? []) {
    const was = before?.conditions?.find((c) => c.type === type)?.status;
    const reasons = REASONS[type];
    if (!reasons || was === status || (type === 'Ready' && was === undefined)) continue;
    const reason = status === 'True' ? reasons[0] : reasons[1];
    events.push({ type: 'Normal', reason, message: `Node ${name} status is now: ${reason}` });
  }
  return events;
}
