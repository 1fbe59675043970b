import { isReady, type Pod, type podDisruptionBudget } from '@navarch/api';
import { type ObjectOf, scaledValue } from '@navarch/machinery';

export type Budget = ObjectOf<typeof podDisruptionBudget>;

/** A pod whose eviction was allowed and that is still there after so long is not going. */
const DELETION_TIMEOUT_MS = 2 * 60_000;

export interface Expectation {
  readonly expectedPods: number;
  readonly desiredHealthy: number;
}

/**
 * How many pods there should be and how many of them must stay. A share is one of what the pods' owners want, not of
 * what is there. Throws RangeError for a share that is none.
 *
 * @param scale what the owners want in sum; asked only where it matters
 */
export function expectation({ spec }: Budget, pods: readonly Pod[], scale: () => number): Expectation {
  const { minAvailable, maxUnavailable } = spec;
  if (maxUnavailable !== undefined) {
    const expectedPods = scale();
    return { expectedPods, desiredHealthy: Math.max(0, expectedPods - share(maxUnavailable, expectedPods)) };
  }
  if (typeof minAvailable === 'number') return { expectedPods: pods.length, desiredHealthy: minAvailable };
  if (minAvailable === undefined) return { expectedPods: 0, desiredHealthy: 0 };
  const expectedPods = scale();
  return { expectedPods, desiredHealthy: share(minAvailable, expectedPods) };
}

function share(value: number | string, total: number): number {
  const scaled = scaledValue(value, total, 'up');
  if (scaled === undefined)
    throw new RangeError(`invalid value for IntOrString: invalid type: string is not a percentage: ${value}`);
  return scaled;
}

export interface SeenPods {
  readonly pods: readonly Pod[];
  /** Whether they show all that had happened when the budget's status was written. */
  readonly areCurrent: boolean;
}

export interface Disrupted {
  /** Pods that may go and were not seen to: when they were allowed to, by name. */
  readonly pods: Readonly<Record<string, string>>;
  /** Pods that were allowed to go, and did not. */
  readonly stayed: readonly Pod[];
  /** When the first of them will have stayed, in ms since the epoch. */
  readonly recheckAt: number | undefined;
}

/**
 * An evicted pod that is not among `pods` is gone only if they are as new as the budget: it may have been made and
 * evicted before either was seen, and would count as healthy when it is.
 */
export function disruptedPods({ status }: Budget, { pods, areCurrent }: SeenPods, nowMs: number): Disrupted {
  const found = new Map(pods.map((p) => [p.metadata.name, p]));
  const still: Record<string, string> = {};
  const stayed: Pod[] = [];
  let recheckAt: number | undefined;
  for (const [name, since] of Object.entries(status.disruptedPods ?? {})) {
    const p = found.get(name);
    if (p ? p.metadata.deletionTimestamp : areCurrent) continue;
    const end = Date.parse(since) + DELETION_TIMEOUT_MS;
    if (end < nowMs) {
      if (p) stayed.push(p);
      continue;
    }
    still[name] = since;
    recheckAt = Math.min(recheckAt ?? end, end);
  }
  return { pods: still, stayed, recheckAt };
}

/** Ready, and not about to go. */
export const healthyCount = (pods: readonly Pod[], disrupted: Readonly<Record<string, string>>): number =>
  pods.filter((p) => isReady(p) && !p.metadata.deletionTimestamp && disrupted[p.metadata.name] === undefined).length;
