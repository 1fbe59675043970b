import type { Behavior, ScalingRules } from './autoscaler.ts';
import type { Recommendation, ScaleEvent } from './scaling-memory.ts';

export interface Limits {
  readonly current: number;
  /** What the metrics ask for. */
  readonly desired: number;
  readonly min: number;
  readonly max: number;
  readonly recommendations: readonly Recommendation[];
  readonly ups: readonly ScaleEvent[];
  readonly downs: readonly ScaleEvent[];
  readonly nowMs: number;
}

interface Said {
  readonly reason: string;
  readonly message: string;
}

export interface Limited {
  readonly replicas: number;
  /** Of the condition AbleToScale. */
  readonly able: Said;
  /** Of the condition ScalingLimited, which is true where it is not what is wanted. */
  readonly limit: Said;
  readonly isLimited: boolean;
}

/** Without a behavior: --horizontal-pod-autoscaler-downscale-stabilization. */
const STABILIZATION_MS = 5 * 60_000;
const FAST_GROWTH = 2;
const FAST_GROWTH_MIN = 4;

const READY: Said = { reason: 'ReadyForNewScale', message: 'recommended size matches current size' };
const SCALE_UP_STABILIZED: Said = {
  reason: 'ScaleUpStabilized',
  message: 'recent recommendations were lower than current one, applying the lowest recent recommendation',
};
const SCALE_DOWN_STABILIZED: Said = {
  reason: 'ScaleDownStabilized',
  message: 'recent recommendations were higher than current one, applying the highest recent recommendation',
};
const WITHIN_RANGE: Said = {
  reason: 'DesiredWithinRange',
  message: 'the desired count is within the acceptable range',
};
const SCALE_UP_LIMIT: Said = {
  reason: 'ScaleUpLimit',
  message: 'the desired replica count is increasing faster than the maximum scale rate',
};
const SCALE_DOWN_LIMIT: Said = {
  reason: 'ScaleDownLimit',
  message: 'the desired replica count is decreasing faster than the maximum scale rate',
};
const TOO_MANY: Said = {
  reason: 'TooManyReplicas',
  message: 'the desired replica count is more than the maximum replica count',
};
const TOO_FEW: Said = {
  reason: 'TooFewReplicas',
  message: 'the desired replica count is less than the minimum replica count',
};

/** What may be done of what the metrics ask for: steadied by what they asked for lately, and no faster and no further than the rules let. */
export function limited(limits: Limits, behavior: Behavior | undefined): Limited {
  const { scaleUp, scaleDown } = behavior ?? {};
  const [steady, able] = scaleUp && scaleDown ? steadied(limits, scaleUp, scaleDown) : steadiedDown(limits);
  const [replicas, limit] =
    scaleUp && scaleDown ? ruled(limits, steady, { scaleUp, scaleDown }) : bounded(limits, steady);
  return { replicas, able, limit, isLimited: replicas !== steady };
}

function steadiedDown({ desired, recommendations, nowMs }: Limits): readonly [number, Said] {
  const recent = recommendations.filter(({ atMs }) => nowMs - atMs < STABILIZATION_MS);
  const steady = Math.max(desired, ...recent.map(({ replicas }) => replicas));
  return [steady, steady === desired ? READY : SCALE_DOWN_STABILIZED];
}

/** No more than the least that was asked for within the window upwards, no less than the most within that downwards. */
function steadied(
  { current, desired, recommendations, nowMs }: Limits,
  scaleUp: ScalingRules,
  scaleDown: ScalingRules,
): readonly [number, Said] {
  const within = (windowMs: number): readonly number[] =>
    recommendations.filter(({ atMs }) => nowMs - atMs < windowMs).map(({ replicas }) => replicas);
  const least = Math.min(desired, ...within((scaleUp.stabilizationWindowSeconds ?? 0) * 1000));
  const most = Math.max(
    desired,
    ...within(
      scaleDown.stabilizationWindowSeconds === undefined
        ? STABILIZATION_MS
        : scaleDown.stabilizationWindowSeconds * 1000,
    ),
  );
  const steady = current < least ? least : current > most ? most : current;
  if (steady === desired) return [steady, READY];
  return [steady, desired >= current ? SCALE_UP_STABILIZED : SCALE_DOWN_STABILIZED];
}

function bounded({ current, min, max }: Limits, steady: number): readonly [number, Said] {
  const fastest = Math.max(FAST_GROWTH * current, FAST_GROWTH_MIN);
  if (steady < min) return [min, TOO_FEW];
  if (steady > Math.min(max, fastest)) return max > fastest ? [fastest, SCALE_UP_LIMIT] : [max, TOO_MANY];
  return [steady, WITHIN_RANGE];
}

function ruled(
  limits: Limits,
  steady: number,
  { scaleUp, scaleDown }: { readonly scaleUp: ScalingRules; readonly scaleDown: ScalingRules },
): readonly [number, Said] {
  const { current, min, max } = limits;
  if (steady > current) {
    const fastest = Math.max(current, farthest(limits, scaleUp, 1));
    if (steady > Math.min(max, fastest)) return max > fastest ? [fastest, SCALE_UP_LIMIT] : [max, TOO_MANY];
  } else if (steady < current) {
    const slowest = Math.min(current, farthest(limits, scaleDown, -1));
    if (steady < Math.max(min, slowest)) return min < slowest ? [slowest, SCALE_DOWN_LIMIT] : [min, TOO_FEW];
  }
  return [steady, WITHIN_RANGE];
}

/** How far the policies let it go, counted from where it was when the period of each began. */
function farthest(
  { current, ups, downs, nowMs }: Limits,
  { policies = [], selectPolicy }: ScalingRules,
  direction: 1 | -1,
): number {
  if (selectPolicy === 'Disabled') return current;
  const reached = policies.map(({ type, value, periodSeconds }) => {
    const during = (events: readonly ScaleEvent[]): number =>
      events.filter(({ atMs }) => nowMs - atMs < periodSeconds * 1000).reduce((sum, { by }) => sum + by, 0);
    const before = current - during(ups) + during(downs);
    if (type === 'Pods') return before + direction * value;
    const share = before * (1 + (direction * value) / 100);
    return direction > 0 ? Math.ceil(share) : Math.trunc(share);
  });
  // The greatest change is the highest number upwards and the lowest downwards.
  return (selectPolicy === 'Min') === direction > 0 ? Math.min(...reached) : Math.max(...reached);
}
