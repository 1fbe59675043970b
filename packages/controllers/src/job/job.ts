import { isActive, job, type Pod, pod, podGroup, workload } from '@navarch/api';
import { compileLabelSelector } from '@navarch/machinery';
import { type Context, type Controller, defineController, type Outcome, owned, self } from '../controller.ts';
import { staleLooks } from '../shared/measure.ts';
import { claim } from '../shared/claim.ts';
import { timestamp } from '../shared/time.ts';
import { keepBooks, uncountedOf } from './accounting.ts';
import { PodFailureBackOff } from './back-off.ts';
import { endsIndex, lastFailures } from './failures-per-index.ts';
import { judgeFailure } from './failure-policy.ts';
import { inGroup } from './job-group.ts';
import { IndexSet } from './index-set.ts';
import {
  hasFailed,
  hasLimitPerIndex,
  hasSucceeded,
  indexOf,
  isFinished,
  isIndexed,
  isSuspended,
  isTerminating,
  isTracked,
  type Job,
  readyCount,
  TRACKING_FINALIZER,
} from './job-pods.ts';
import { type Action, countExternal, countSync } from './measures.ts';
import { removeActive, scale, type Scaled } from './scale.ts';
import { completionsReached, judge, remainingDeadline, type Tally, type Verdict } from './verdict.ts';

const OURS = 'kubernetes.io/job-controller';

/** Jobs that somebody else says to run (KEP-4368) are left alone. */
const isOurs = ({ spec }: Job): boolean => spec.managedBy === undefined || spec.managedBy === OURS;

export interface JobOptions {
  /** Jobs have workloads and groups of pods (`WorkloadWithJob`, KEP-5547). */
  readonly hasGroups?: boolean | undefined;
}

const NOT_ADOPTED = (): boolean => false;

/** Runs pods until as many have succeeded as a job wants, and says how it went. */
export const jobController = ({ hasGroups = false }: JobOptions = {}): Controller => {
  const backOff = new PodFailureBackOff();
  return defineController({
    name: 'job-controller',
    queueName: 'job',
    stale: staleLooks('job_controller'),
    watches: [
      {
        ...self(job),
        count: (change, metrics) =>
          isOurs(change.current ?? (change.previous as Job)) || countExternal(change, metrics),
      },
      owned<Pod, Job>({
        dependent: pod,
        owner: job,
        adopts: (owner, orphan) =>
          isOurs(owner) && compileLabelSelector(owner.spec.selector ?? {}).matches(orphan.metadata.labels),
      }),
      ...(hasGroups
        ? [
            owned({ dependent: workload, owner: job, adopts: NOT_ADOPTED }),
            owned({ dependent: podGroup, owner: job, adopts: NOT_ADOPTED }),
          ]
        : []),
    ],
    async reconcile(key, context) {
      const owner = context.cache.get(job, key);
      if (!owner || !isOurs(owner)) return undefined;
      if (isFinished(owner)) {
        backOff.forget(owner);
        return undefined;
      }
      return counted(owner, { backOff, hasGroups }, context);
    },
  });
};

interface Ways {
  readonly backOff: PodFailureBackOff;
  readonly hasGroups: boolean;
}

async function counted(owner: Job, ways: Ways, context: Context): Promise<Outcome> {
  const beganMs = context.clock.monotonic();
  const said: { action: Action } = { action: 'reconciling' };
  let failed = true;
  try {
    const outcome = await sync(owner, ways, said, context);
    failed = false;
    return outcome;
  } finally {
    countSync(owner, said.action, beganMs, failed, context);
  }
}

async function sync(
  owner: Job,
  { backOff, hasGroups }: Ways,
  said: { action: Action },
  context: Context,
): Promise<Outcome> {
  const { clock } = context;
  const selector = compileLabelSelector(owner.spec.selector ?? {});
  const pods = await claim({ kind: pod, owner, ownerKind: job, selector, finalizer: TRACKING_FINALIZER }, context);
  const started: Job =
    owner.status.startTime || isSuspended(owner)
      ? owner
      : { ...owner, status: { ...owner.status, startTime: timestamp(clock.now()) } };
  const { tally, succeededBefore } = tallyOf(started, pods);
  const ends = judge(started, pods, tally, clock.now());
  const held = tally.failedIndexes
    ? lastFailures(started, pods, {
        succeeded: tally.succeededIndexes,
        failed: tally.failedIndexes,
        nowMs: clock.now(),
      })
    : undefined;
  const grouped = hasGroups && !ends ? await inGroup({ ...started, status: owner.status }, pods, context) : started;
  const scaled = ends
    ? await removeActive(started, pods, context)
    : await scale(
        {
          owner: { ...started, spec: grouped.spec },
          pods,
          tally,
          held,
          waitMs: backOff.remaining(started, pods, clock.now()),
        },
        context,
      );
  if (!ends) said.action = scaled.removed.length > 0 ? 'pods_deleted' : scaled.created ? 'pods_created' : 'tracking';
  const verdict = ends ?? (isComplete(started, tally, scaled) ? completionsReached : undefined);
  const status = statusOf(started, pods, scaled, verdict, context);
  const heldPods = new Set([...(held ?? new Map<number, Pod>()).values()].map((p) => p.metadata.uid));
  const books = await keepBooks(
    { owner, status, pods, tally, succeededBefore, verdict, isHeld: (p) => heldPods.has(p.metadata.uid) },
    context,
  );
  if (scaled.error !== undefined) throw scaled.error;
  if (books.isMore) return { requeueAfterMs: 1 };
  return next([scaled.waitMs, remainingDeadline({ ...owner, status: books.status }, clock.now())]);
}

function next(waits: readonly (number | undefined)[]): Outcome {
  const known = waits.filter((wait) => wait !== undefined && wait > 0) as number[];
  return known.length > 0 ? { requeueAfterMs: Math.min(...known) } : undefined;
}

/** Counted before, noted to be counted, and ended since: each pod in one of the three. */
function tallyOf(owner: Job, pods: readonly Pod[]): { readonly tally: Tally; readonly succeededBefore: IndexSet } {
  const { status, spec } = owner;
  const noted = uncountedOf(status);
  const valid = pods.filter((p) => isTracked(p) && (!isIndexed(owner) || indexOf(p, owner) !== undefined));
  const failures = valid.filter((p) => hasFailed(p, owner));
  const newFailed = failures.filter((p) => !noted.failed.includes(p.metadata.uid) && countsFor(owner, p));
  const failed = (status.failed ?? 0) + noted.failed.length + newFailed.length;
  if (!isIndexed(owner)) {
    const newSucceeded = valid.filter((p) => hasSucceeded(p) && !noted.succeeded.includes(p.metadata.uid));
    const succeeded = (status.succeeded ?? 0) + noted.succeeded.length + newSucceeded.length;
    return {
      tally: { succeeded, failed, succeededIndexes: IndexSet.empty, failedIndexes: undefined },
      succeededBefore: IndexSet.empty,
    };
  }
  const limit = spec.completions ?? 0;
  const indexesOf = (some: readonly Pod[]): readonly number[] => some.map((p) => indexOf(p, owner) ?? 0);
  const succeededBefore = IndexSet.parse(status.completedIndexes, limit);
  const succeededIndexes = succeededBefore.with(indexesOf(valid.filter(hasSucceeded)));
  const failedIndexes = hasLimitPerIndex(owner)
    ? IndexSet.parse(status.failedIndexes, limit).with(indexesOf(failures.filter((p) => endsIndex(owner, p))))
    : undefined;
  return { tally: { succeeded: succeededIndexes.size, failed, succeededIndexes, failedIndexes }, succeededBefore };
}

const countsFor = (owner: Job, p: Pod): boolean => judgeFailure(owner, p).counts;

/** A job that does not say how many is complete when one succeeded and the rest has ended. */
function isComplete({ spec }: Job, { succeeded }: Tally, { active }: Scaled): boolean {
  return active === 0 && (spec.completions === undefined ? succeeded > 0 : succeeded >= spec.completions);
}

function statusOf(
  owner: Job,
  pods: readonly Pod[],
  scaled: Scaled,
  verdict: Verdict | undefined,
  context: Context,
): Job['status'] {
  const { active: _, ready: __, terminating: ___, ...rest } = owner.status;
  const counts = {
    ...(scaled.active > 0 ? { active: scaled.active } : {}),
    ready: Math.max(0, readyCount(pods.filter(isActive)) - readyCount(scaled.removed)),
    terminating: pods.filter(isTerminating).length + scaled.removed.length,
  };
  const status = { ...rest, ...counts, uncountedTerminatedPods: rest.uncountedTerminatedPods ?? {} };
  return verdict || owner.metadata.deletionTimestamp ? status : withSuspension(owner, status, context);
}

/** Says that a job rests or goes on. It starts anew when it goes on. */
function withSuspension(owner: Job, status: Job['status'], { clock, events }: Context): Job['status'] {
  const before = status.conditions?.find(({ type }) => type === 'Suspended');
  const rests = isSuspended(owner);
  if (rests ? before?.status === 'True' : before?.status !== 'True') return status;
  const now = timestamp(clock.now());
  const condition = {
    type: 'Suspended',
    status: rests ? 'True' : 'False',
    lastProbeTime: now,
    lastTransitionTime: now,
    reason: rests ? 'JobSuspended' : 'JobResumed',
    message: rests ? 'Job suspended' : 'Job resumed',
  };
  events.record(owner, { type: 'Normal', reason: rests ? 'Suspended' : 'Resumed', message: condition.message });
  const conditions = before
    ? (status.conditions ?? []).map((other) => (other === before ? condition : other))
    : [...(status.conditions ?? []), condition];
  // Its time begins anew when it goes on; until then a queue may place it as if it had never run.
  const { startTime: _, ...others } = status;
  return { ...others, conditions, ...(rests ? {} : { startTime: now }) };
}
