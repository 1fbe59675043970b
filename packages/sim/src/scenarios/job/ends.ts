import assert from 'node:assert/strict';
import { job, type Pod, pod } from '@navarch/api';
import type { PodLife } from '../pod-player.ts';
import type { Scenario } from '../scenario.ts';
import {
  endingScenario,
  indexOf,
  isOver,
  jobOf,
  neverMoreActiveThan,
  oneActivePerIndex,
  work,
  ended,
} from './properties.ts';

/** Pods of some indexes end with a code, the others well. */
const failingIndexes = (exitCode: number, ...indexes: readonly number[]): PodLife => ({
  ends: (p: Pod) => ({ afterMs: 1000, exitCode: indexes.includes(indexOf(p)) ? exitCode : 0 }),
});
const failing: PodLife = { ends: () => ({ afterMs: 1000, exitCode: 1 }) };
const COMPLETED = { type: 'Complete', reason: 'CompletionsReached' } as const;
const indexed = (completions: number, more: object = {}) => ({
  completions,
  parallelism: completions,
  completionMode: 'Indexed',
  ...more,
});
const onExitCode = (action: string) => ({
  rules: [{ action, onExitCodes: { operator: 'In', values: [42] } }],
});

export const jobEndScenarios: readonly Scenario[] = [
  endingScenario({
    name: 'job/one-pod',
    says: 'A job that says nothing runs one pod to its end.',
    spec: {},
    ...COMPLETED,
    counts: { succeeded: 1 },
    always: [neverMoreActiveThan(1)],
  }),
  endingScenario({
    name: 'job/completions',
    says: 'As many pods side by side as parallelism says, until as many succeeded as completions says.',
    spec: { completions: 6, parallelism: 2 },
    ...COMPLETED,
    counts: { succeeded: 6 },
    always: [neverMoreActiveThan(2)],
  }),
  endingScenario({
    name: 'job/more-parallel-than-wanted',
    says: 'Never more pods than completions are wanting, whatever parallelism allows.',
    spec: { completions: 2, parallelism: 10 },
    ...COMPLETED,
    counts: { succeeded: 2 },
    always: [neverMoreActiveThan(2)],
  }),
  endingScenario({
    name: 'job/indexed',
    says: 'Every index is done once, and is told to its pod.',
    spec: indexed(5, { parallelism: 3 }),
    ...COMPLETED,
    counts: { succeeded: 5 },
    always: [neverMoreActiveThan(3), oneActivePerIndex],
    end(view) {
      ended(view, 'Complete', 'CompletionsReached', { succeeded: 5 });
      assert.equal(jobOf(view).status.completedIndexes, '0-4');
      assert.deepEqual(
        view
          .list(pod)
          .map(indexOf)
          .toSorted((a, b) => a - b),
        [0, 1, 2, 3, 4],
      );
      for (const p of view.list(pod)) assert.equal(p.spec.hostname, `work-${indexOf(p)}`);
    },
  }),
  endingScenario({
    name: 'job/failures-are-replaced',
    says: 'A pod that fails is replaced until enough have succeeded.',
    spec: { completions: 3, parallelism: 3, backoffLimit: 100 },
    pods: { ends: (_, random) => ({ afterMs: 1000, exitCode: random.uint32() % 4 === 0 ? 1 : 0 }) },
    ...COMPLETED,
    counts: { succeeded: 3 },
    always: [neverMoreActiveThan(3)],
    end(view) {
      const failed = view.list(pod).filter((p) => p.status.phase === 'Failed').length;
      ended(view, 'Complete', 'CompletionsReached', { succeeded: 3, failed });
    },
  }),
  endingScenario({
    name: 'job/backoff-limit',
    says: 'One failure more than backoffLimit ends the job.',
    spec: { backoffLimit: 2 },
    pods: failing,
    type: 'Failed',
    reason: 'BackoffLimitExceeded',
    counts: { succeeded: 0, failed: 3 },
    always: [neverMoreActiveThan(1)],
  }),
  endingScenario({
    name: 'job/backoff-times',
    says: 'A failed pod is replaced after 10 seconds, the next after 20, then after 40.',
    spec: { backoffLimit: 3 },
    pods: failing,
    spares: ['clock jumps', 'crashes'],
    type: 'Failed',
    reason: 'BackoffLimitExceeded',
    counts: { succeeded: 0, failed: 4 },
    end(view) {
      ended(view, 'Failed', 'BackoffLimitExceeded', { succeeded: 0, failed: 4 });
      const made = view
        .list(pod)
        .map((p) => Date.parse(p.metadata.creationTimestamp))
        .toSorted((a, b) => a - b);
      const waits = made.slice(1).map((at, i) => (at - (made[i] ?? 0)) / 1000);
      for (const [i, wait] of waits.entries()) assert.ok(wait >= 10 * 2 ** i, `waited ${waits.join(', ')} s`);
    },
  }),
  endingScenario({
    name: 'job/backoff-limit-per-index',
    says: 'An index fails when its own limit is reached, and the others go on (KEP-3850).',
    spec: indexed(3, { backoffLimitPerIndex: 1 }),
    pods: failingIndexes(1, 1),
    type: 'Failed',
    reason: 'FailedIndexes',
    counts: { succeeded: 2, failed: 2 },
    always: [oneActivePerIndex],
    end(view) {
      ended(view, 'Failed', 'FailedIndexes', { succeeded: 2, failed: 2 });
      const { failedIndexes, completedIndexes } = jobOf(view).status;
      assert.deepEqual([failedIndexes, completedIndexes], ['1', '0,2']);
    },
  }),
  endingScenario({
    name: 'job/max-failed-indexes',
    says: 'More failed indexes than maxFailedIndexes end the job at once.',
    spec: indexed(4, { backoffLimitPerIndex: 0, maxFailedIndexes: 1 }),
    pods: {
      ends: (p) => (indexOf(p) < 2 ? { afterMs: 500, exitCode: 1 } : { afterMs: 3_600_000, exitCode: 0 }),
    },
    type: 'Failed',
    reason: 'MaxFailedIndexesExceeded',
    counts: { succeeded: 0, failed: undefined },
    always: [oneActivePerIndex],
  }),
  endingScenario({
    name: 'job/policy-fail-job',
    says: 'A pod failure policy ends the job at an exit code that no retry mends (KEP-3329).',
    spec: indexed(3, { backoffLimit: 10, podFailurePolicy: onExitCode('FailJob') }),
    pods: {
      ends: (p) => (indexOf(p) === 0 ? { afterMs: 500, exitCode: 42 } : { afterMs: 3_600_000, exitCode: 0 }),
    },
    type: 'Failed',
    reason: 'PodFailurePolicy',
    counts: { succeeded: 0, failed: undefined },
  }),
  endingScenario({
    name: 'job/policy-ignore',
    says: 'What was ended from outside does not count where the policy says so.',
    spec: {
      backoffLimit: 0,
      podFailurePolicy: {
        rules: [{ action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] }],
      },
    },
    pods: {
      ends: (_, random) =>
        random.uint32() % 2 === 0 ? { afterMs: 500, exitCode: 137, isDisrupted: true } : { afterMs: 500, exitCode: 0 },
    },
    ...COMPLETED,
    counts: { succeeded: 1, failed: 0 },
  }),
  endingScenario({
    name: 'job/policy-count',
    says: 'A rule that says Count lets a failure count as without a policy.',
    spec: { backoffLimit: 1, podFailurePolicy: onExitCode('Count') },
    pods: { ends: () => ({ afterMs: 500, exitCode: 42 }) },
    type: 'Failed',
    reason: 'BackoffLimitExceeded',
    counts: { succeeded: 0, failed: 2 },
  }),
  endingScenario({
    name: 'job/policy-fail-index',
    says: 'A rule that says FailIndex gives up an index without another try.',
    spec: indexed(3, { backoffLimitPerIndex: 5, podFailurePolicy: onExitCode('FailIndex') }),
    pods: failingIndexes(42, 2),
    type: 'Failed',
    reason: 'FailedIndexes',
    counts: { succeeded: 2, failed: 1 },
  }),
  endingScenario({
    name: 'job/success-policy-indexes',
    says: 'When the indexes of a success policy are done the job is, and the others are stopped (KEP-3998).',
    spec: indexed(4, { successPolicy: { rules: [{ succeededIndexes: '0' }] } }),
    pods: { ends: (p) => ({ afterMs: indexOf(p) === 0 ? 500 : 3_600_000, exitCode: 0 }) },
    type: 'Complete',
    reason: 'SuccessPolicy',
    counts: { succeeded: 1 },
    end(view) {
      const { status } = jobOf(view);
      assert.ok(
        isOver(view) && status.succeeded === 1 && (status.active ?? 0) === 0 && (status.terminating ?? 0) === 0,
      );
      assert.equal(status.conditions?.find((c) => c.type === 'Complete')?.reason, 'SuccessPolicy');
    },
  }),
  endingScenario({
    name: 'job/success-policy-count',
    says: 'A success policy may ask for some, whichever they are.',
    spec: indexed(4, { successPolicy: { rules: [{ succeededCount: 2 }] } }),
    pods: { ends: (p) => ({ afterMs: indexOf(p) % 2 === 1 ? 500 : 3_600_000, exitCode: 0 }) },
    type: 'Complete',
    reason: 'SuccessPolicy',
    counts: { succeeded: 2 },
    end(view) {
      const { status } = jobOf(view);
      assert.equal(status.completedIndexes, '1,3');
      assert.equal(status.conditions?.find((c) => c.type === 'Complete')?.reason, 'SuccessPolicy');
    },
  }),
  endingScenario({
    name: 'job/active-deadline',
    says: 'A job that is active for longer than activeDeadlineSeconds has failed, and its pods go.',
    spec: { parallelism: 2, completions: 2, activeDeadlineSeconds: 30 },
    pods: {},
    type: 'Failed',
    reason: 'DeadlineExceeded',
    counts: { succeeded: 0, failed: 2 },
  }),
  endingScenario({
    name: 'job/work-queue',
    says: 'Without completions the first success says that the work is done: no pod comes after it.',
    spec: { parallelism: 3 },
    pods: { ends: (_, random) => ({ afterMs: 500 + (random.uint32() % 3000), exitCode: 0 }) },
    ...COMPLETED,
    counts: { succeeded: 3 },
    always: [neverMoreActiveThan(3)],
    act: async (world) => {
      await world.create(job, work({ parallelism: 3 }));
      await world.until('the job is over', isOver);
    },
    end(view) {
      const { succeeded = 0 } = jobOf(view).status;
      assert.ok(succeeded >= 1 && succeeded <= 3, `${succeeded} succeeded`);
      ended(view, 'Complete', 'CompletionsReached', { succeeded });
    },
  }),
];
