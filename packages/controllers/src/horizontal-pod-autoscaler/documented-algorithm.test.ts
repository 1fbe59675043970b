import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Behavior, ScalingRules } from './autoscaler.ts';
import { type Limits, limited } from './limits.ts';
import type { PodGroups, Samples } from './pod-groups.ts';
import { averageTarget, podBasedReplicas, utilizationTarget } from './replica-calculation.ts';

// The algorithm as the documentation of autoscaling tells it, in whole numbers, beside ours.

const tolerances = { up: 0.1, down: 0.1 };
const runs = { numRuns: 1000 };

/** Rounded up; where nothing is to be rounded, upstream's doubles (and ours) may come to one more: 499 / 7 x 7 is 499.00000000000006. */
function assertCeil(found: number, dividend: number, divisor: number): void {
  const exact = Math.floor(dividend / divisor);
  if (dividend % divisor === 0) assert.ok(found === exact || found === exact + 1, String(found));
  else assert.equal(found, exact + 1);
}
/** At most a tenth away: |value / target - 1| <= 0.1, without a fraction. */
const isNear = (value: number, target: number): boolean => Math.abs(value - target) * 10 <= target;

const samplesOf = (values: readonly number[]): Samples =>
  new Map(values.map((milli, i) => [`p${i}`, { milli, atMs: 0, windowMs: 15_000 }]));
const names = (from: number, count: number): readonly string[] =>
  Array.from({ length: count }, (_, i) => `p${from + i}`);
const groupsOf = (readyCount: number, missing = 0, unready = 0): PodGroups => ({
  readyCount,
  missing: names(readyCount, missing),
  unready: names(readyCount + missing, unready),
  ignored: [],
});

/** Values of pods whose average is a whole number. */
const averages = fc
  .tuple(fc.integer({ min: 0, max: 5000 }), fc.array(fc.integer({ min: 0, max: 2000 }), { maxLength: 20 }))
  .map(([average, spread]) => {
    const kept = spread.map((by) => Math.min(by, average));
    return { average, values: [...kept.map((by) => average - by), ...kept.map((by) => average + by), average] };
  });
const target = fc.integer({ min: 1, max: 4000 });

test('podBasedReplicas() is ceil(pods x value / target) but within a tenth of the target', () => {
  fc.assert(
    fc.property(averages, target, ({ average, values }, wanted) => {
      const { replicas, milli } = podBasedReplicas({
        current: values.length,
        samples: samplesOf(values),
        groups: groupsOf(values.length),
        target: averageTarget(wanted),
        tolerances,
      });
      // On the very edge of the tolerance a fraction decides, and it is one of binary.
      fc.pre(Math.abs(average - wanted) * 10 !== wanted);
      assert.equal(milli, average);
      if (isNear(average, wanted)) assert.equal(replicas, values.length);
      else assertCeil(replicas, values.length * average, wanted);
    }),
    runs,
  );
});

test('podBasedReplicas() of a utilization goes by whole per cents of what pods ask for', () => {
  fc.assert(
    fc.property(averages, fc.integer({ min: 1, max: 150 }), ({ average, values }, percent) => {
      const request = 1000;
      const { replicas, utilization } = podBasedReplicas({
        current: values.length,
        samples: samplesOf(values),
        groups: groupsOf(values.length),
        target: utilizationTarget(new Map(names(0, values.length).map((name) => [name, request])), percent),
        tolerances,
      });
      const used = Math.floor((average * 100) / request);
      fc.pre(Math.abs(used - percent) * 10 !== percent);
      assert.equal(utilization, used);
      if (isNear(used, percent)) assert.equal(replicas, values.length);
      else assertCeil(replicas, values.length * used, percent);
    }),
    runs,
  );
});

test('podBasedReplicas() with pods that are missing or not ready never turns around, nor goes further than without', () => {
  const few = fc.integer({ min: 0, max: 5 });
  fc.assert(
    fc.property(averages, target, few, few, ({ values }, wanted, missing, unready) => {
      const of = (current: number, groups: PodGroups): number =>
        podBasedReplicas({ current, samples: samplesOf(values), groups, target: averageTarget(wanted), tolerances })
          .replicas;
      const current = values.length + missing + unready;
      const careful = of(current, groupsOf(values.length, missing, unready));
      const plain = values.reduce((sum, value) => sum + value, 0) / values.length / wanted;
      if (plain > 1.1) assert.ok(careful >= current && careful <= Math.max(current, Math.ceil(plain * current) + 1));
      else if (plain < 0.9 && unready === 0) assert.ok(careful <= current);
    }),
    runs,
  );
});

const rules: fc.Arbitrary<ScalingRules> = fc.record({
  stabilizationWindowSeconds: fc.integer({ min: 0, max: 600 }),
  selectPolicy: fc.constantFrom('Max' as const, 'Min' as const, 'Disabled' as const),
  policies: fc.array(
    fc.record({
      type: fc.constantFrom('Pods' as const, 'Percent' as const),
      value: fc.integer({ min: 1, max: 200 }),
      periodSeconds: fc.integer({ min: 1, max: 600 }),
    }),
    { minLength: 1, maxLength: 3 },
  ),
}) as fc.Arbitrary<ScalingRules>;
const behaviors: fc.Arbitrary<Behavior> = fc.record({ scaleUp: rules, scaleDown: rules });

const NOW_MS = Date.UTC(2026, 0, 1);
const past = fc.integer({ min: 0, max: 900 }).map((seconds) => NOW_MS - seconds * 1000);
const situations: fc.Arbitrary<Limits> = fc
  .record({
    min: fc.integer({ min: 1, max: 20 }),
    span: fc.integer({ min: 0, max: 100 }),
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    desired: fc.integer({ min: 0, max: 200 }),
    recommendations: fc.array(fc.record({ atMs: past, replicas: fc.integer({ min: 0, max: 200 }) }), { maxLength: 8 }),
    ups: fc.array(fc.record({ atMs: past, by: fc.integer({ min: 1, max: 20 }) }), { maxLength: 4 }),
    downs: fc.array(fc.record({ atMs: past, by: fc.integer({ min: 1, max: 20 }) }), { maxLength: 4 }),
  })
  .map(({ span, at, ...rest }) => ({
    ...rest,
    max: rest.min + span,
    current: rest.min + Math.round(at * span),
    nowMs: NOW_MS,
  }));

test('limited() stays within what the autoscaler says, whatever its behavior', () => {
  fc.assert(
    fc.property(situations, fc.option(behaviors, { nil: undefined }), (situation, behavior) => {
      const { replicas } = limited(situation, behavior);
      assert.ok(replicas >= situation.min && replicas <= situation.max, String(replicas));
    }),
    runs,
  );
});

test('limited() asks for no more than the least of the window upwards, and no less than the most of that downwards', () => {
  fc.assert(
    fc.property(situations, behaviors, (situation, behavior) => {
      const { current, desired, recommendations, min, max } = situation;
      const { replicas } = limited(situation, behavior);
      const within = (seconds = 300): readonly number[] => [
        desired,
        ...recommendations.filter(({ atMs }) => NOW_MS - atMs < seconds * 1000).map((one) => one.replicas),
      ];
      if (replicas > current)
        assert.ok(replicas <= Math.max(Math.min(...within(behavior.scaleUp?.stabilizationWindowSeconds)), min));
      if (replicas < current)
        assert.ok(replicas >= Math.min(Math.max(...within(behavior.scaleDown?.stabilizationWindowSeconds)), max));
    }),
    runs,
  );
});

test('limited() goes no further in a period than the policy that is chosen allows', () => {
  fc.assert(
    fc.property(situations, behaviors, (situation, behavior) => {
      const { current, ups, downs } = situation;
      const { replicas } = limited(situation, behavior);
      const direction = replicas > current ? 1 : -1;
      const chosen = direction > 0 ? behavior.scaleUp : behavior.scaleDown;
      if (replicas === current || !chosen) return;
      assert.notEqual(chosen.selectPolicy, 'Disabled');
      const moved = (chosen.policies ?? []).map(({ type, value, periodSeconds }) => {
        const sum = (events: Limits['ups']): number =>
          events.filter(({ atMs }) => NOW_MS - atMs < periodSeconds * 1000).reduce((all, { by }) => all + by, 0);
        const base = current - sum(ups) + sum(downs);
        const step = type === 'Pods' ? value : Math.ceil((Math.abs(base) * value) / 100);
        return direction * (replicas - base) <= step;
      });
      assert.ok(chosen.selectPolicy === 'Min' ? moved.every(Boolean) : moved.some(Boolean));
    }),
    runs,
  );
});
