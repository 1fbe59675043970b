import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Behavior } from './autoscaler.ts';
import { limited, type Limits } from './limits.ts';

const NOW = 10_000_000;
const ago = (seconds: number): number => NOW - seconds * 1000;
const limits = (more: Partial<Limits>): Limits => ({
  current: 5,
  desired: 5,
  min: 1,
  max: 100,
  recommendations: [],
  ups: [],
  downs: [],
  nowMs: NOW,
  ...more,
});
const check = (
  more: Partial<Limits>,
  behavior: Behavior | undefined,
  replicas: number,
  able: string,
  limit: string,
): void => {
  const found = limited(limits(more), behavior);
  assert.deepEqual([found.replicas, found.able.reason, found.limit.reason], [replicas, able, limit]);
};
const up = (...policies: NonNullable<NonNullable<Behavior['scaleUp']>['policies']>): Behavior => ({
  scaleUp: { selectPolicy: 'Max', policies },
  scaleDown: {
    selectPolicy: 'Max',
    policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }],
    stabilizationWindowSeconds: 0,
  },
});
const down = (rules: NonNullable<Behavior['scaleDown']>): Behavior => ({
  scaleUp: { selectPolicy: 'Max', policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }] },
  scaleDown: rules,
});

test('limited() without a behavior doubles at most, and shrinks to the highest of five minutes', () => {
  check({ desired: 5 }, undefined, 5, 'ReadyForNewScale', 'DesiredWithinRange');
  check({ desired: 50 }, undefined, 10, 'ReadyForNewScale', 'ScaleUpLimit');
  check({ current: 1, desired: 50 }, undefined, 4, 'ReadyForNewScale', 'ScaleUpLimit');
  check({ desired: 50, max: 8 }, undefined, 8, 'ReadyForNewScale', 'TooManyReplicas');
  check({ desired: 0 }, undefined, 1, 'ReadyForNewScale', 'TooFewReplicas');
  check(
    { desired: 1, recommendations: [{ atMs: ago(299), replicas: 4 }] },
    undefined,
    4,
    'ScaleDownStabilized',
    'DesiredWithinRange',
  );
  check(
    { desired: 1, recommendations: [{ atMs: ago(301), replicas: 4 }] },
    undefined,
    1,
    'ReadyForNewScale',
    'DesiredWithinRange',
  );
});

test('limited() counts the policies of a behavior from where it was when their periods began', () => {
  const fourOrDouble = up(
    { type: 'Pods', value: 4, periodSeconds: 60 },
    { type: 'Percent', value: 100, periodSeconds: 60 },
  );
  check({ desired: 50 }, fourOrDouble, 10, 'ReadyForNewScale', 'ScaleUpLimit');
  check({ current: 2, desired: 50 }, fourOrDouble, 6, 'ReadyForNewScale', 'ScaleUpLimit');
  check(
    { current: 10, desired: 50, ups: [{ atMs: ago(30), by: 5 }] },
    fourOrDouble,
    10,
    'ReadyForNewScale',
    'ScaleUpLimit',
  );
  check(
    { current: 10, desired: 50, ups: [{ atMs: ago(61), by: 5 }] },
    fourOrDouble,
    20,
    'ReadyForNewScale',
    'ScaleUpLimit',
  );
  const slowly = down({
    selectPolicy: 'Max',
    stabilizationWindowSeconds: 0,
    policies: [
      { type: 'Pods', value: 1, periodSeconds: 60 },
      { type: 'Percent', value: 10, periodSeconds: 60 },
    ],
  });
  check({ current: 50, desired: 1 }, slowly, 45, 'ReadyForNewScale', 'ScaleDownLimit');
  check({ current: 5, desired: 1 }, slowly, 4, 'ReadyForNewScale', 'ScaleDownLimit');
  check({ current: 5, desired: 1, min: 5 }, slowly, 5, 'ReadyForNewScale', 'TooFewReplicas');
  check(
    { desired: 1 },
    down({ selectPolicy: 'Disabled', stabilizationWindowSeconds: 0 }),
    5,
    'ReadyForNewScale',
    'ScaleDownLimit',
  );
});

test('limited() steadies both directions by the windows of a behavior', () => {
  const steady: Behavior = {
    scaleUp: {
      stabilizationWindowSeconds: 60,
      selectPolicy: 'Max',
      policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }],
    },
    scaleDown: {
      stabilizationWindowSeconds: 120,
      selectPolicy: 'Max',
      policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }],
    },
  };
  check(
    { desired: 9, recommendations: [{ atMs: ago(30), replicas: 6 }] },
    steady,
    6,
    'ScaleUpStabilized',
    'DesiredWithinRange',
  );
  check(
    { desired: 9, recommendations: [{ atMs: ago(61), replicas: 6 }] },
    steady,
    9,
    'ReadyForNewScale',
    'DesiredWithinRange',
  );
  check(
    { desired: 2, recommendations: [{ atMs: ago(90), replicas: 4 }] },
    steady,
    4,
    'ScaleDownStabilized',
    'DesiredWithinRange',
  );
  check(
    { desired: 2, recommendations: [{ atMs: ago(121), replicas: 4 }] },
    steady,
    2,
    'ReadyForNewScale',
    'DesiredWithinRange',
  );
});
