import { podGroup } from '@navarch/api';
import { formatTime, hasReason, keyOf } from '@navarch/machinery';
import type { OutcomeDeps } from '../outcome.ts';
import type { PodGroup } from './pod-groups.ts';

const TRIES_MAX = 10;
const RETRY_MS = 1000;

const TYPE = 'PodGroupInitiallyScheduled';

interface GroupReport {
  readonly group: PodGroup;
  readonly reason: 'Scheduled' | 'Unschedulable' | 'SchedulerError';
  readonly message: string;
  /** Nothing was found out about the group since. */
  isLatest(): boolean;
}

/** Says whether a group has been placed, where that is news. Once it has been, that is never taken back. */
export async function reportGroup(
  { group, reason, message, isLatest }: GroupReport,
  { api, clock, log }: OutcomeDeps,
  signal: AbortSignal,
): Promise<void> {
  const known = group.status.conditions?.find(({ type }) => type === TYPE);
  const status = reason === 'Scheduled' ? 'True' : 'False';
  if (known?.status === 'True' || (known?.status === status && known.reason === reason && known.message === message))
    return;
  const { name, generation, uid } = group.metadata;
  let { resourceVersion } = group.metadata;
  const isPlaced = status === 'True';
  const condition = {
    type: TYPE,
    status,
    reason,
    message,
    ...(generation === undefined ? {} : { observedGeneration: generation }),
    lastTransitionTime: known?.status === status ? known.lastTransitionTime : formatTime(clock.now()),
  };
  // Of a group that is placed nothing else will ask again.
  for (let tries = 1; !signal.aborted; tries++) {
    // A word that is late must not take back that it is placed.
    const metadata = isPlaced ? { uid } : { uid, resourceVersion };
    const body = { metadata, status: { conditions: [condition] } };
    try {
      await api.of(podGroup).patch(keyOf(group), { type: 'strategic', body }, { subresource: 'status' });
      return;
    } catch (error) {
      if (signal.aborted || hasReason(error, 'NotFound')) return;
      if (!isPlaced && hasReason(error, 'Conflict')) {
        const live = isLatest()
          ? await api
              .of(podGroup)
              .get(keyOf(group))
              .catch(() => undefined)
          : undefined;
        // What changed meanwhile may have been the status that was written before this.
        if (!live || live.metadata.uid !== uid || live.status.conditions?.some(isTrue)) return;
        resourceVersion = live.metadata.resourceVersion;
        if (tries < TRIES_MAX) continue;
      }
      if (tries === TRIES_MAX && !hasReason(error, 'Conflict'))
        log.warn('cannot write the status of a pod group', { group: name, error });
      if (tries === TRIES_MAX) return;
      await clock.sleep(RETRY_MS, signal).catch(() => undefined);
    }
  }
}

const isTrue = ({ type, status }: { readonly type: string; readonly status: string }): boolean =>
  type === TYPE && status === 'True';
