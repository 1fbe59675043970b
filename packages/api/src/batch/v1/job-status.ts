import { equalJson, type Field } from '@navarch/machinery';
import { each, notNegative } from '../../checks/values.ts';
import type { Job, JobStatus } from '../../generated/types/batch-v1.ts';
import { countIndexes, firstOverlap } from './index-intervals.ts';

const COUNTS = ['active', 'succeeded', 'failed', 'ready', 'terminating'] as const;
const TERMINAL = ['Failed', 'Complete', 'FailureTarget'] as const;

type Condition = (typeof TERMINAL)[number] | 'SuccessCriteriaMet' | 'Suspended';

const holds = (status: JobStatus, type: Condition): boolean =>
  status.conditions?.some((condition) => condition.type === type && condition.status === 'True') ?? false;
const isFinished = (status: JobStatus): boolean => holds(status, 'Complete') || holds(status, 'Failed');

/** A status beside what it was before: what was wrong already and is not touched stays, so that the rest may change. */
interface Change {
  readonly job: Job;
  readonly status: JobStatus;
  readonly previous: JobStatus;
  isChanged(...names: readonly (keyof JobStatus)[]): boolean;
  hasTurned(...types: readonly Condition[]): boolean;
}

/** What a status may say, and may no longer take back once the job is over. */
export function validateJobStatus(job: Job, before: Job, at: Field): void {
  const [status, previous] = [job.status, before.status];
  const change: Change = {
    job,
    status,
    previous,
    isChanged: (...names) => names.some((name) => !equalJson(status[name], previous[name])),
    hasTurned: (...types) => types.some((type) => holds(status, type) !== holds(previous, type)),
  };
  for (const name of COUNTS) notNegative(status[name], at.at(name));
  validateUncounted(status, at.at('uncountedTerminatedPods'));
  validateEnd(change, at);
  validateFinished(change, at);
  validateIndexes(change, at);
  validatePods(change, at);
  validateCriteria(change, at.at('conditions'));
  validateChange(change, at);
}

/** Each pod is waiting to be counted once. */
function validateUncounted({ uncountedTerminatedPods: uncounted }: JobStatus, at: Field): void {
  const seen = new Set<string>();
  for (const list of ['succeeded', 'failed'] as const) {
    each(uncounted?.[list], at.at(list), (uid, here) => {
      if (uid === '') here.invalid(uid, 'must not be empty');
      else if (seen.has(uid)) here.duplicate(uid);
      seen.add(uid);
    });
  }
}

/** Which conditions go together, and with which times. */
function validateEnd({ status, isChanged, hasTurned }: Change, at: Field): void {
  const { startTime, completionTime } = status;
  const [isComplete, hasFailed] = [holds(status, 'Complete'), holds(status, 'Failed')];
  const conditions = at.at('conditions');
  if (hasTurned('Complete', 'Failed') && isComplete && hasFailed)
    conditions.invalidOmitted('cannot set Complete=True and Failed=true conditions');
  if (hasTurned('Complete', 'FailureTarget') && isComplete && holds(status, 'FailureTarget')) {
    conditions.invalidOmitted('cannot set Complete=True and FailureTarget=true conditions');
  }
  const here = at.at('completionTime');
  if (hasTurned('Complete') || isChanged('completionTime')) {
    if (completionTime && !isComplete)
      here.invalid(completionTime, 'cannot set completionTime when there is no Complete=True condition');
    if (!completionTime && isComplete) here.required('completionTime is required for Complete jobs');
  }
  if (
    isChanged('startTime', 'completionTime') &&
    startTime &&
    completionTime &&
    Date.parse(completionTime) < Date.parse(startTime)
  ) {
    here.invalid(completionTime, 'completionTime cannot be set before startTime');
  }
  if (hasTurned('Failed', 'FailureTarget') && hasFailed && !holds(status, 'FailureTarget')) {
    conditions.invalidOmitted('cannot set Failed=True condition without the FailureTarget=true condition');
  }
  if (hasTurned('Complete', 'SuccessCriteriaMet') && isComplete && !holds(status, 'SuccessCriteriaMet')) {
    conditions.invalidOmitted('cannot set Complete=True condition without the SuccessCriteriaMet=true condition');
  }
}

/** Nothing runs or waits to be counted once the job is over. */
function validateFinished({ status, previous, isChanged }: Change, at: Field): void {
  if (!isFinished(status)) return;
  const isNew = !isFinished(previous);
  const { active = 0, uncountedTerminatedPods: uncounted } = status;
  if ((isNew || isChanged('active')) && active > 0)
    at.at('active').invalid(active, 'active>0 is invalid for finished job');
  if ((isNew || isChanged('startTime')) && !status.startTime)
    at.at('startTime').required('startTime is required for finished job');
  if (
    (isNew || isChanged('uncountedTerminatedPods')) &&
    (uncounted?.succeeded?.length ?? 0) + (uncounted?.failed?.length ?? 0) > 0
  ) {
    at.at('uncountedTerminatedPods').invalid(uncounted, 'uncountedTerminatedPods needs to be empty for finished job');
  }
}

function validateIndexes({ job: { spec }, status, isChanged }: Change, at: Field): void {
  const { completions, backoffLimitPerIndex } = spec;
  const { completedIndexes: completed = '', failedIndexes: failed } = status;
  const [completedAt, failedAt] = [at.at('completedIndexes'), at.at('failedIndexes')];
  const readable = (text: string, name: string, here: Field): void => {
    const count = countIndexes(text, completions ?? 0);
    if (typeof count === 'string') here.invalid(text, `error parsing ${name}: ${count}`);
  };
  if (isChanged('completedIndexes') && completions !== undefined) readable(completed, 'completedIndexes', completedAt);
  if (
    isChanged('failedIndexes') &&
    completions !== undefined &&
    backoffLimitPerIndex !== undefined &&
    failed !== undefined
  )
    readable(failed, 'failedIndexes', failedAt);
  if (isChanged('completedIndexes') && completed !== '' && spec.completionMode !== 'Indexed') {
    completedAt.invalid(completed, 'cannot set non-empty completedIndexes when non-indexed completion mode');
  }
  if (isChanged('failedIndexes') && backoffLimitPerIndex === undefined && failed !== undefined) {
    failedAt.invalid(failed, 'cannot set non-null failedIndexes when backoffLimitPerIndex is null');
  }
  if (!isChanged('failedIndexes', 'completedIndexes') || completions === undefined || failed === undefined) return;
  const overlap = firstOverlap(completed, failed, completions);
  if (overlap !== undefined)
    failedAt.invalid(failed, `failedIndexes and completedIndexes overlap at index: ${overlap}`);
}

function validatePods({ status, previous, isChanged }: Change, at: Field): void {
  const { terminating = 0, ready = 0, active = 0 } = status;
  if (isFinished(status) && (!isFinished(previous) || isChanged('terminating')) && terminating > 0) {
    at.at('terminating').invalid(terminating, 'terminating>0 is invalid for finished job');
  }
  if (isChanged('ready', 'active') && ready > active)
    at.at('ready').invalid(ready, 'cannot set more ready pods than active');
}

/** A job that met its criteria does not fail any more. */
function validateCriteria({ job: { spec }, status }: Change, at: Field): void {
  const isMet = holds(status, 'SuccessCriteriaMet');
  if (isMet && holds(status, 'Failed'))
    at.invalidOmitted('cannot set SuccessCriteriaMet=True and Failed=true conditions');
  if (isMet && holds(status, 'FailureTarget'))
    at.invalidOmitted('cannot set SuccessCriteriaMet=True and FailureTarget=true conditions');
  if (spec.successPolicy && !isMet && holds(status, 'Complete')) {
    at.invalidOmitted('cannot set Complete=True for Job with SuccessPolicy unless SuccessCriteriaMet=True');
  }
}

function validateChange({ job: { spec }, status, previous, isChanged }: Change, at: Field): void {
  const conditions = at.at('conditions');
  for (const type of TERMINAL) {
    if (holds(previous, type) && !holds(status, type))
      conditions.invalidOmitted(`cannot disable the terminal ${type}=True condition`);
  }
  // Of an indexed job that shrinks, pods that had succeeded no longer count.
  const mayShrink = spec.completionMode === 'Indexed' && spec.completions === spec.parallelism;
  for (const name of mayShrink ? (['failed'] as const) : (['failed', 'succeeded'] as const)) {
    if ((status[name] ?? 0) < (previous[name] ?? 0))
      at.at(name).invalid(status[name] ?? 0, `cannot decrease the ${name} counter`);
  }
  if (status.completionTime && previous.completionTime && isChanged('completionTime'))
    at.at('completionTime').invalid(status.completionTime, 'completionTime cannot be mutated');
  // Whoever lets a job go on lets its time begin anew.
  const isResumed = holds(previous, 'Suspended') && status.startTime !== undefined;
  if (previous.startTime && isChanged('startTime') && !spec.suspend && !isResumed)
    at.at('startTime').required('startTime cannot be removed for unsuspended job');
  const [isMet, wasMet] = [holds(status, 'SuccessCriteriaMet'), holds(previous, 'SuccessCriteriaMet')];
  if (wasMet && !isMet) conditions.invalidOmitted('cannot disable the SuccessCriteriaMet=True condition');
  if (holds(previous, 'Complete') && !wasMet && isMet)
    conditions.invalidOmitted('cannot set SuccessCriteriaMet=True for Job already has Complete=true conditions');
}
