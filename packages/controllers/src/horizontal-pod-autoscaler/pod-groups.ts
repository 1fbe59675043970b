import type { Pod } from '@navarch/api';

/** What one pod uses of something, in thousandths. */
export interface Sample {
  readonly milli: number;
  readonly atMs: number;
  readonly windowMs: number;
}

/** By the name of the pod. */
export type Samples = ReadonlyMap<string, Sample>;

/** Pods by what their samples are worth. */
export interface PodGroups {
  readonly readyCount: number;
  /** Not yet in service: what they use says nothing. */
  readonly unready: readonly string[];
  /** In service, and nobody has measured them. */
  readonly missing: readonly string[];
  /** On their way out. */
  readonly ignored: readonly string[];
}

/** While a pod is so young, its CPU counts only once it is ready and measured since: --horizontal-pod-autoscaler-cpu-initialization-period. */
const CPU_INITIALIZATION_MS = 5 * 60_000;
/** A pod whose readiness has not changed since so shortly after its start has never been ready: --horizontal-pod-autoscaler-initial-readiness-delay. */
const INITIAL_READINESS_MS = 30_000;

export function groupPods(pods: readonly Pod[], samples: Samples, resource: string, nowMs: number): PodGroups {
  let readyCount = 0;
  const [unready, missing, ignored]: [string[], string[], string[]] = [[], [], []];
  for (const pod of pods) {
    const { name } = pod.metadata;
    const sample = samples.get(name);
    if (pod.metadata.deletionTimestamp || pod.status.phase === 'Failed') ignored.push(name);
    else if (pod.status.phase === 'Pending') unready.push(name);
    else if (!sample) missing.push(name);
    else if (resource === 'cpu' && isStarting(pod, sample, nowMs)) unready.push(name);
    else readyCount += 1;
  }
  return { readyCount, unready, missing, ignored };
}

function isStarting({ status }: Pod, sample: Sample, nowMs: number): boolean {
  const ready = status.conditions?.find(({ type }) => type === 'Ready');
  if (!ready || !status.startTime) return true;
  const startedMs = Date.parse(status.startTime);
  const changedMs = Date.parse(ready.lastTransitionTime ?? status.startTime);
  if (startedMs + CPU_INITIALIZATION_MS > nowMs)
    return ready.status === 'False' || sample.atMs < changedMs + sample.windowMs;
  return ready.status === 'False' && startedMs + INITIAL_READINESS_MS > changedMs;
}
