import assert from 'node:assert/strict';
import { isActive, job, type Pod, pod } from '@navarch/api';
import { jobController, trackingFinalizersController } from '@navarch/controllers';
import type { Draft, ObjectOf } from '@navarch/machinery';
import { conditionOf, named, podTemplate } from '../drafts.ts';
import type { PodLife } from '../pod-player.ts';
import { defineProperty, invariantOf, type Property } from '../property.ts';
import { defineScenario, type Scenario } from '../scenario.ts';
import type { View } from '../view.ts';
import type { World } from '../world.ts';

export type Job = ObjectOf<typeof job>;
export const KEY = 'default/work';
const TRACKING = 'batch.kubernetes.io/job-tracking';

/** A job `work`. */
export const work = (spec: object = {}): Draft<Job> => ({
  metadata: named('work'),
  spec: { template: podTemplate('work', 'v1', { restartPolicy: 'Never' }), ...spec } as unknown as Draft<Job>['spec'],
});

export const jobOf = (view: View): Job => {
  const found = view.get(job, KEY);
  assert.ok(found, 'the job is there');
  return found;
};

export const indexOf = (p: Pod): number =>
  Number(p.metadata.annotations?.['batch.kubernetes.io/job-completion-index'] ?? -1);

export const change = (world: World, spec: Partial<Job['spec']>): Promise<Job> =>
  world.change(job, KEY, (j) => ({ ...j, spec: { ...j.spec, ...spec } }));

/** Pods that run this long and end well. */
export const endingWell = (afterMs = 1000): PodLife => ({ ends: () => ({ afterMs, exitCode: 0 }) });

export const neverMoreActiveThan = (most: number): Property =>
  invariantOf(`never more than ${most} pods side by side`, [pod], (view) => {
    const { length } = view.list(pod).filter(isActive);
    return length > most ? `${length} are` : undefined;
  });

/** Neither counted twice nor made up. */
export const countsAreTrue: Property = defineProperty({
  name: 'counts are true',
  of: [pod, job],
  begin() {
    const ended = { Succeeded: new Set<string>(), Failed: new Set<string>() };
    return (view) => {
      for (const { status, metadata } of view.list(pod)) {
        const { phase } = status;
        if (phase === 'Succeeded' || phase === 'Failed') ended[phase].add(metadata.uid);
        // What is on its way out when it ends counts as failed.
        else if (metadata.deletionTimestamp) ended.Failed.add(metadata.uid);
      }
      for (const { status } of view.list(job)) {
        // A job that has failed counts what still runs as failed, before it is stopped.
        if (conditionOf({ status }, 'FailureTarget'))
          for (const { metadata } of view.list(pod)) ended.Failed.add(metadata.uid);
        const uncounted = status.uncountedTerminatedPods;
        const succeeded = (status.succeeded ?? 0) + (uncounted?.succeeded?.length ?? 0);
        const failed = (status.failed ?? 0) + (uncounted?.failed?.length ?? 0);
        if (succeeded > ended.Succeeded.size) return `${succeeded} succeeded of ${ended.Succeeded.size}`;
        if (failed > ended.Failed.size) return `${failed} failed of ${ended.Failed.size}`;
      }
      return undefined;
    };
  },
});

/** Two at work on one index would do it twice. */
export const oneActivePerIndex: Property = invariantOf('never two active pods of one index', [pod], (view) => {
  const indexes = view.list(pod).filter(isActive).map(indexOf);
  return new Set(indexes).size < indexes.length ? `indexes ${indexes.join(', ')}` : undefined;
});

/** How a job has ended, and that nothing of it is left to do. */
export function ended(view: View, type: 'Complete' | 'Failed', reason: string, counts: Counts): void {
  const { status } = jobOf(view);
  const condition = conditionOf({ status }, type);
  assert.deepEqual([condition?.status, condition?.reason], ['True', reason]);
  const { succeeded = 0, failed = 0 } = status;
  assert.deepEqual(
    { succeeded, failed },
    { succeeded: counts.succeeded, failed: 'failed' in counts ? (counts.failed ?? failed) : 0 },
  );
  assert.deepEqual([status.active ?? 0, status.ready ?? 0, status.terminating ?? 0], [0, 0, 0]);
  assert.equal(
    view.list(pod).find((p) => isActive(p) || p.metadata.finalizers?.includes(TRACKING))?.metadata.name,
    undefined,
    'no pod is active or tracked',
  );
}

interface Counts {
  readonly succeeded: number;
  /** Undefined: as many as there were when it ended. */
  readonly failed?: number | undefined;
}

export const isOver = (view: View): boolean =>
  ['Complete', 'Failed'].some((type) => conditionOf(view.get(job, KEY), type)?.status === 'True');

type Ending = Partial<Scenario> &
  Pick<Scenario, 'name' | 'says'> & {
    readonly spec: object;
    readonly type: 'Complete' | 'Failed';
    readonly reason: string;
    readonly counts: Counts;
  };

/** A job that is made, and ends. */
export const endingScenario = ({ spec, type, reason, counts, always = [], ...more }: Ending): Scenario =>
  defineScenario({
    controllers,
    pods: endingWell(),
    act: async (world) => {
      await world.create(job, work(spec));
      await world.until('the job is over', isOver, '3h');
    },
    end: (view) => ended(view, type, reason, counts),
    ...more,
    always: [countsAreTrue, ...always],
  });

export const controllers = () => [jobController(), trackingFinalizersController];
