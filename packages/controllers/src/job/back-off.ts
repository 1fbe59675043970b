import type { Pod } from '@navarch/api';
import { finishedAt, hasFailed, hasSucceeded, type Job } from './job-pods.ts';

const DELAY_MIN_MS = 10_000;
const DELAY_MAX_MS = 10 * 60_000;
/** More failures in a row than it takes to get to the longest delay are not remembered. */
const FAILURES_MAX = 8;
/** Jobs that nobody has looked at for the longest time are forgotten first: they start over with a short delay. */
const JOBS_MAX = 10_000;

/** Milliseconds to wait, `sinceMs` after the last of so many failures in a row. */
export function remainingDelay(failures: number, sinceMs: number): number {
  if (failures === 0) return 0;
  return Math.max(0, Math.min(DELAY_MIN_MS * 2 ** (failures - 1), DELAY_MAX_MS) - sinceMs);
}

/**
 * Keeps a job whose pods fail from making new ones as fast as they fail. What has failed is read from the pods that
 * are there; only of those that are gone it remembers anything, so that a restart loses little.
 */
export class PodFailureBackOff {
  /** Of each job, by uid, the last failures since the last success: when, by the pod's uid. */
  readonly #failures = new Map<string, ReadonlyMap<string, number>>();

  /** Milliseconds until the job may make another pod. */
  remaining(owner: Job, pods: readonly Pod[], nowMs: number): number {
    const lastSuccess = Math.max(...pods.filter(hasSucceeded).map((p) => finishedAt(p, nowMs)), -Infinity);
    const failures = new Map(this.#failures.get(owner.metadata.uid));
    for (const p of pods) {
      const { uid } = p.metadata;
      if (hasFailed(p, owner) && !failures.has(uid)) failures.set(uid, Math.min(finishedAt(p, nowMs), nowMs));
    }
    const kept = [...failures]
      .filter(([, at]) => at > lastSuccess)
      .toSorted(([, a], [, b]) => b - a)
      .slice(0, FAILURES_MAX);
    this.#remember(owner.metadata.uid, new Map(kept));
    return remainingDelay(kept.length, nowMs - (kept[0]?.[1] ?? 0));
  }

  forget(owner: Job): void {
    this.#failures.delete(owner.metadata.uid);
  }

  #remember(uid: string, failures: ReadonlyMap<string, number>): void {
    this.#failures.delete(uid);
    if (failures.size === 0) return;
    this.#failures.set(uid, failures);
    for (const [oldest] of this.#failures) {
      if (this.#failures.size <= JOBS_MAX) return;
      this.#failures.delete(oldest);
    }
  }
}
