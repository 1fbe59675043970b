import { equalJson, type Field } from '@navarch/machinery';
import { each, notNegative } from '../../checks/values.ts';
import type { Job, JobStatus } from '../../generated/types/batch-v1.ts';

const COUNTS = ['active', 'succeeded', 'failed', 'ready', 'terminating'] as const;

const holds = (status: JobStatus, type: string): boolean =>
  status.conditions?.some((condition) => condition.type === type && condition.status === 'True') ?? false;

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

/** What a status may say, and may no longer take back once the job is over. */
export function validateJobStatus(next: Job, previous: Job, at: Field): void {
  const { status } = next;
  for (const name of COUNTS) notNegative(status[name], at.at(name));
  validateUncounted(status, at.at('uncountedTerminatedPods'));
  const [isComplete, hasFailed] = [holds(status, 'Complete'), holds(status, 'Failed')];
  if (isComplete && hasFailed) at.at('conditions').invalid(status.conditions, 'cannot set Complete=True and Failed=true conditions');
  if (isComplete && holds(status, 'FailureTarget')) at.at('conditions').invalid(status.conditions, 'cannot set Complete=True and FailureTarget=true conditions');
  if (status.completionTime && !isComplete) at.at('completionTime').invalid(status.completionTime, 'cannot set completionTime when there is no Complete=True condition');
  for (const type of ['Complete', 'Failed'] as const) {
    if (holds(previous.status, type) && !holds(status, type)) at.at('conditions').invalid(status.conditions ?? null, `cannot disable the terminal ${type}=True condition`);
  }
  if ((isComplete || hasFailed) && (status.active ?? 0) > 0) at.at('active').invalid(status.active, 'active>0 is invalid for finished job');
  if (previous.status.completionTime && !equalJson(status.completionTime, previous.status.completionTime)) {
    at.at('completionTime').invalid(status.completionTime ?? null, 'completionTime cannot be mutated');
  }
  const isSuspended = next.spec.suspend === true && previous.status.startTime === undefined;
  const wasUnsuspended = previous.status.startTime !== undefined && status.startTime === undefined && !next.spec.suspend;
  if (wasUnsuspended && !isSuspended) at.at('startTime').required('startTime cannot be removed for unsuspended job');
  for (const name of ['succeeded', 'failed'] as const) {
    const before = previous.status[name] ?? 0;
    if ((status[name] ?? 0) < before) at.at(name).invalid(status[name] ?? 0, `cannot decrease the ${name} counter`);
  }
}
