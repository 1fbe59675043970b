import { type Pod, pod as podKind } from '@navarch/api';
import type { Api, CacheReader } from '@navarch/client';
import { formatTime, hasReason, keyOf } from '@navarch/machinery';
import type { Sent } from '../measures/group-measures.ts';
import { unitKeyOf } from '../gang/pod-groups.ts';
import { observed, type OutcomeDeps } from '../outcome.ts';

const REASON = 'PreemptionByScheduler';
const TYPE = 'DisruptionTarget';
const RETRY_MS = 1000;
/** Of a group that goes as a whole: after that many the rest of it stays. */
const TRIES_MAX = 600;
/** Of one that goes by itself: then others may be sent away instead. */
const TRIES_MAX_ALONE = 5;

export interface Eviction {
  readonly victim: Pod;
  readonly schedulerName: string;
  /** For whom, and where. Absent: that was before a crash. */
  readonly by?: { readonly preemptor: Pod; readonly nodeName: string };
}

interface Sending {
  readonly objects: CacheReader;
  readonly deps: OutcomeDeps;
  /** Does it beside everything else. */
  write(work: (signal: AbortSignal) => Promise<void>): void;
  /** Counts what came of it. */
  sent(sent: Sent): void;
  readonly preemptor: Sent['preemptor'];
  /** All have been told, or cannot be. */
  done(): void;
}

/** Sends pods away; those of a group that is disrupted as a whole all or none. */
export function sendAway(evictions: readonly Eviction[], { objects, deps, write, done, ...sending }: Sending): void {
  const units = Map.groupBy(evictions, ({ victim }) => unitKeyOf(victim, objects) ?? victim.metadata.uid);
  const { preemptor } = sending;
  const startedMs = deps.clock.monotonic();
  let isDone = true;
  let left = units.size;
  if (left === 0) done();
  for (const unit of units.values())
    write(async (signal) => {
      const isWhole = unit.some(({ victim }) => unitKeyOf(victim, objects) !== undefined);
      if (isWhole) isDone = (await evictUnit(unit, deps, signal)) && isDone;
      else for (const each of unit) isDone = (await evict(each, deps, signal)) && isDone;
      left -= 1;
      if (left > 0) return;
      if (!signal.aborted) sending.sent({ preemptor, units: units.size, isDone, startedMs });
      done();
    });
}

/** Says of itself that it is about to go. */
export const isMarked = ({ status }: Pod): boolean =>
  status.conditions?.some(({ type, status: is, reason }) => type === TYPE && is === 'True' && reason === REASON) ??
  false;

/** Its condition says why before it goes; that it cannot be said keeps nobody. */
async function evict(eviction: Eviction, deps: OutcomeDeps, signal: AbortSignal): Promise<boolean> {
  const isTold = await untilDone(mark, eviction, { ...deps, triesMax: TRIES_MAX_ALONE }, signal);
  return (await untilDone(remove, eviction, { ...deps, triesMax: TRIES_MAX_ALONE }, signal)) && isTold;
}

/** The first goes when all are marked: whoever finds all that are left marked after a crash finishes it. */
async function evictUnit(unit: readonly Eviction[], deps: OutcomeDeps, signal: AbortSignal): Promise<boolean> {
  for (const step of [mark, remove])
    for (const eviction of unit)
      if (!(await untilDone(step, eviction, { ...deps, triesMax: TRIES_MAX }, signal))) return false;
  return true;
}

interface Trying extends OutcomeDeps {
  readonly triesMax: number;
}

async function untilDone(step: typeof mark, eviction: Eviction, deps: Trying, signal: AbortSignal): Promise<boolean> {
  for (let tries = 1; !signal.aborted; tries++)
    try {
      await step(eviction, deps);
      return true;
    } catch (error) {
      if (signal.aborted) break;
      deps.log.warn('cannot evict a pod', { pod: keyOf(eviction.victim), error });
      if (tries === deps.triesMax) break;
      await deps.clock.sleep(RETRY_MS, signal).catch(() => undefined);
    }
  return false;
}

const mark = ({ victim, schedulerName }: Eviction, { api, clock }: OutcomeDeps): Promise<void> =>
  unlessGone(victim, api, async () => {
    const condition = {
      type: TYPE,
      ...observed(victim),
      status: 'True',
      reason: REASON,
      message: `${schedulerName}: preempting to accommodate a higher priority pod`,
      lastTransitionTime: formatTime(clock.now()),
    };
    const body = { metadata: { uid: victim.metadata.uid }, status: { conditions: [condition] } };
    await api.of(podKind).patch(keyOf(victim), { type: 'strategic', body }, { subresource: 'status' });
  });

const remove = ({ victim, by }: Eviction, { api, recorder }: OutcomeDeps): Promise<void> =>
  unlessGone(victim, api, async () => {
    await api.of(podKind).delete(keyOf(victim), { preconditions: { uid: victim.metadata.uid } });
    if (!by) return;
    recorder.record(victim, {
      type: 'Normal',
      reason: 'Preempted',
      action: 'Preempting',
      message: `Preempted by pod ${by.preemptor.metadata.uid} on node ${by.nodeName}`,
    });
  });

/** The pod is gone, or another has its name: there is nothing to do any more. */
async function unlessGone(victim: Pod, api: Api, write: () => Promise<void>): Promise<void> {
  try {
    await write();
  } catch (error) {
    if (hasReason(error, 'NotFound')) return;
    // Others may have written it so often that the server gave up.
    if (!hasReason(error, 'Conflict') || (await isThere(victim, api))) throw error;
  }
}

async function isThere({ metadata }: Pod, api: Api): Promise<boolean> {
  try {
    return (await api.of(podKind).get(keyOf({ metadata }))).metadata.uid === metadata.uid;
  } catch (error) {
    return !hasReason(error, 'NotFound');
  }
}
