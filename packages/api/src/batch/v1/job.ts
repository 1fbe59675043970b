import { cloneJson, humanDuration, type Kind, type Mutable } from '@navarch/machinery';
import { builtIn } from '../../built-in.ts';
import { columnsOf, containerImages, containerNames, selectorText } from '../../columns.ts';
import { completePodTemplate } from '../../core/v1/pod-defaults.ts';
import { nameWarnings, podWarnings } from '../../core/v1/pod-warnings.ts';
import type { Job, JobSpec } from '../../generated/types/batch-v1.ts';
import { statusPart } from '../../parts.ts';
import { validateJob, validateJobUpdate } from './job-validation.ts';
import { validateJobStatus } from './job-status.ts';

const INT32_MAX = 2 ** 31 - 1;

export const job: Kind<Job> = builtIn<Job>('batch/v1.Job', {
  columns: columnsOf('batch/Job', {
    Status: (j) => statusText(j),
    Completions: (j) => completionsText(j),
    Duration: (j, now) => durationText(j, now),
    Containers: (j) => containerNames(j.spec.template),
    Images: (j) => containerImages(j.spec.template),
    Selector: (j) => selectorText(j.spec.selector),
  }),
  selectableFields: { 'status.successful': (j) => String(j.status.succeeded ?? 0) },
  behaviour: {
    complete(j) {
      completeJobSpec(j.spec);
      const { labels } = j.spec.template.metadata;
      if (labels && Object.keys(labels).length > 0 && Object.keys(j.metadata.labels ?? {}).length === 0)
        j.metadata.labels = { ...labels };
    },
    prepareCreate(j) {
      j.status = {};
      selectOwnPods(j);
    },
    prepareUpdate(j, previous) {
      // A client may send the job again as it first wrote it.
      if (j.spec.selector === undefined && previous.spec.selector)
        j.spec.selector = cloneJson(previous.spec.selector) as NonNullable<typeof j.spec.selector>;
    },
    desired: (j) => [j.spec],
    validate: (j, at) => validateJob(j, at),
    validateUpdate: validateJobUpdate,
    warnings(j, previous) {
      if (previous && previous.metadata.generation === j.metadata.generation) return [];
      return [
        ...(previous ? [] : nameWarnings(j.metadata.name, 'Pod names and hostnames')),
        ...jobWarnings(j.spec, 'spec'),
      ];
    },
    parts: { status: statusPart({ validate: (j, previous, at) => validateJobStatus(j, previous, at.at('status')) }) },
  },
});

export function jobWarnings(spec: JobSpec, at: string): readonly string[] {
  const warnings: string[] = [];
  if (spec.completionMode === 'Indexed' && (spec.completions ?? 0) > 100_000 && (spec.parallelism ?? 0) > 10_000) {
    warnings.push(
      `${at}.parallelism: In Indexed Jobs with a number of completions higher than 100000 and a parallelism higher than 10000, Kubernetes might not be able to track completedIndexes when a big number of indexes fail`,
    );
  }
  return [
    ...warnings,
    ...podWarnings(spec.template.spec, spec.template.metadata, `${at}.template.spec`, `${at}.template.metadata`),
  ];
}

/** Defaults of a job and of the template of a cron job. */
export function completeJobSpec(spec: Mutable<JobSpec>): void {
  if (spec.completions === undefined && spec.parallelism === undefined) {
    spec.completions = 1;
    spec.parallelism = 1;
  }
  spec.parallelism ??= 1;
  spec.backoffLimit ??= spec.backoffLimitPerIndex === undefined ? 6 : INT32_MAX;
  spec.completionMode ??= 'NonIndexed';
  spec.suspend ??= false;
  spec.podReplacementPolicy ??= spec.podFailurePolicy ? 'Failed' : 'TerminatingOrFailed';
  spec.manualSelector ??= false;
  for (const rule of spec.podFailurePolicy?.rules ?? [])
    for (const pattern of rule.onPodConditions ?? []) pattern.status ||= 'True';
  completePodTemplate(spec.template);
}

/** Gives the pods labels that no other job's pods have, and selects by them. */
function selectOwnPods(j: Mutable<Job>): void {
  if (j.spec.manualSelector) return;
  // Before it is refused, a job may have no name.
  const { uid, name = '' } = j.metadata as { readonly uid: string; readonly name?: string };
  const labels: Record<string, string> = { ...j.spec.template.metadata.labels };
  for (const [key, value] of [
    ['controller-uid', uid],
    ['job-name', name],
  ] as const) {
    labels[key] ??= value;
    labels[`batch.kubernetes.io/${key}`] ??= value;
  }
  j.spec.template.metadata.labels = Object.fromEntries(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));
  j.spec.selector ??= {};
  if (Object.keys(j.metadata.labels ?? {}).length === 0) j.metadata.labels = { ...j.spec.template.metadata.labels };
  j.spec.selector.matchLabels = { 'batch.kubernetes.io/controller-uid': uid, ...j.spec.selector.matchLabels };
}

function statusText(j: Job): string {
  const holds = (type: string): boolean =>
    j.status.conditions?.some((c) => c.type === type && c.status === 'True') ?? false;
  if (holds('Complete')) return 'Complete';
  if (holds('Failed')) return 'Failed';
  if (j.metadata.deletionTimestamp) return 'Terminating';
  if (holds('Suspended')) return 'Suspended';
  if (holds('FailureTarget')) return 'FailureTarget';
  return holds('SuccessCriteriaMet') ? 'SuccessCriteriaMet' : 'Running';
}

function completionsText(j: Job): string {
  const { completions, parallelism = 0 } = j.spec;
  const { succeeded = 0 } = j.status;
  if (completions !== undefined) return `${succeeded}/${completions}`;
  return parallelism > 1 ? `${succeeded}/1 of ${parallelism}` : `${succeeded}/1`;
}

function durationText(j: Job, now: number): string {
  const { startTime, completionTime } = j.status;
  if (!startTime) return '';
  return humanDuration((completionTime ? Date.parse(completionTime) : now) - Date.parse(startTime));
}
