import type { PodGroups, Samples } from './pod-groups.ts';

/** How far from its target a metric may be without a change: a share of the target. */
export interface Tolerances {
  readonly up: number;
  readonly down: number;
}

/** What a metric is, beside what it should be. */
interface Ratio {
  /** 1 is on target. */
  readonly ratio: number;
  /** In per cent of what was asked for; only of utilizations. */
  readonly utilization?: number;
  /** Of one pod on the average, in thousandths. */
  readonly averageMilli: number;
}

export interface Proposal {
  readonly replicas: number;
  readonly utilization?: number;
  readonly milli: number;
}

const isWithin = (ratio: number, { up, down }: Tolerances): boolean => 1 - down <= ratio && ratio <= 1 + up;

/** Values of pods, in thousandths. */
type Values = ReadonlyMap<string, number>;

/** How a set of values compares with the target, and what a pod that nobody measured is taken to use when that argues for fewer pods. */
export interface Target {
  ratioOf(values: Values): Ratio;
  assumedMilli(name: string): number;
}

/** So much of what each pod asked for, in per cent. Throws RangeError where no measured pod asked for any. */
export const utilizationTarget = (requests: Values, percent: number): Target => ({
  ratioOf(values) {
    const known = [...values].flatMap(([name, milli]) =>
      requests.has(name) ? [{ milli, requested: requests.get(name) ?? 0 }] : [],
    );
    const [used, requested] = [sum(known.map(({ milli }) => milli)), sum(known.map((one) => one.requested))];
    if (requested === 0) throw new RangeError('no metrics returned matched known pods');
    const utilization = Math.trunc((used * 100) / requested);
    return { ratio: utilization / percent, utilization, averageMilli: Math.trunc(used / known.length) };
  },
  // More than all of it where more than all is the target.
  assumedMilli: (name) => ((requests.get(name) ?? 0) * Math.max(100, percent)) / 100,
});

/** So much on the average of all pods. */
export const averageTarget = (targetMilli: number): Target => ({
  ratioOf(values) {
    const averageMilli = Math.trunc(sum([...values.values()]) / values.size);
    return { ratio: averageMilli / targetMilli, averageMilli };
  },
  assumedMilli: () => targetMilli,
});

export interface PodBased {
  readonly current: number;
  readonly samples: Samples;
  readonly groups: PodGroups;
  readonly target: Target;
  readonly tolerances: Tolerances;
}

/**
 * How many pods bring the metric to its target. Pods that were not measured, and those that are not ready, are taken to
 * speak against the change; if with them the change would be another one, there is none. Throws RangeError when nothing
 * is known.
 */
export function podBasedReplicas({ current, samples, groups, target, tolerances }: PodBased): Proposal {
  const { readyCount, unready, missing, ignored } = groups;
  const passedOver = new Set([...ignored, ...unready]);
  const values = new Map(
    [...samples].filter(([name]) => !passedOver.has(name)).map(([name, { milli }]) => [name, milli]),
  );
  if (values.size === 0) throw new RangeError('did not receive metrics for targeted pods (pods might be unready)');
  const { ratio, utilization, averageMilli } = target.ratioOf(values);
  const found = { milli: averageMilli, ...(utilization === undefined ? {} : { utilization }) };
  const growsPastUnready = unready.length > 0 && ratio > 1;
  if (!growsPastUnready && missing.length === 0) {
    return { ...found, replicas: isWithin(ratio, tolerances) ? current : Math.ceil(ratio * readyCount) };
  }
  for (const name of missing) {
    if (ratio < 1) values.set(name, target.assumedMilli(name));
    else if (ratio > 1) values.set(name, 0);
  }
  if (growsPastUnready) for (const name of unready) values.set(name, 0);
  const { ratio: careful } = target.ratioOf(values);
  const turns = (ratio < 1 && careful > 1) || (ratio > 1 && careful < 1);
  if (isWithin(careful, tolerances) || turns) return { ...found, replicas: current };
  const replicas = Math.ceil(careful * values.size);
  const isBackwards = (careful < 1 && replicas > current) || (careful > 1 && replicas < current);
  return { ...found, replicas: isBackwards ? current : replicas };
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, n) => total + n, 0);

export interface ValueBased {
  readonly current: number;
  /** Asked only where it matters. Throws RangeError where nobody knows. */
  readonly readyCount: () => number;
  readonly milli: number;
  readonly targetMilli: number;
  readonly tolerances: Tolerances;
}

/** How many pods bring a value to its target that all of them work on. From none it begins with as many as the ratio says. */
export function valueReplicas({ current, readyCount, milli, targetMilli, tolerances }: ValueBased): number {
  const ratio = milli / targetMilli;
  if (current === 0) return Math.ceil(ratio);
  return isWithin(ratio, tolerances) ? current : Math.ceil(ratio * readyCount());
}

export interface AverageBased {
  /** How large the target says it is. */
  readonly reported: number;
  readonly milli: number;
  readonly targetMilli: number;
  readonly tolerances: Tolerances;
}

/** How many pods bring each one's part of a value to its target, and what the part of each is now. */
export function averageReplicas({ reported, milli, targetMilli, tolerances }: AverageBased): {
  readonly replicas: number;
  readonly averageMilli: number;
} {
  const isRight = reported > 0 && isWithin(milli / (targetMilli * reported), tolerances);
  return {
    replicas: isRight ? reported : Math.ceil(milli / targetMilli),
    averageMilli: Math.ceil(milli / Math.max(1, reported)),
  };
}
