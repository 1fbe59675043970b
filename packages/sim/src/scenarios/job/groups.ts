import assert from 'node:assert/strict';
import { job, pod, podGroup, workload } from '@navarch/api';
import { jobController, trackingFinalizersController } from '@navarch/controllers';
import { invariantOf } from '../property.ts';
import { defineScenario, type Scenario } from '../scenario.ts';
import { countsAreTrue, ended, endingWell, work } from './properties.ts';

/** Whoever makes pods knows the group before: a pod without one would be placed apart from the others. */
const allInOneGroup = invariantOf('every pod is of the one group of the job', [pod, podGroup], (view) => {
  const groups = view.list(podGroup).map(({ metadata }) => metadata.name);
  if (groups.length > 1) return `there are ${groups.join(' and ')}`;
  const stray = view.list(pod).find(({ spec }) => spec.schedulingGroup?.podGroupName !== groups[0]);
  return stray && `${stray.metadata.name} is of ${stray.spec.schedulingGroup?.podGroupName ?? 'none'}`;
});

export const jobGroupScenarios: readonly Scenario[] = [
  defineScenario({
    name: 'job/gang',
    says: 'The pods of a job that is a gang are of one group from the first, whatever fails between the making of both.',
    hasGroups: true,
    controllers: () => [jobController({ hasGroups: true }), trackingFinalizersController],
    pods: endingWell(),
    always: [countsAreTrue, allInOneGroup],
    async act(world) {
      const scheduling = { schedulingPolicy: { gang: {} } };
      await world.create(job, work({ parallelism: 3, completions: 3, scheduling }));
    },
    end(view) {
      ended(view, 'Complete', 'CompletionsReached', { succeeded: 3 });
      assert.deepEqual([view.list(workload).length, view.list(podGroup).length], [1, 1]);
      assert.deepEqual(view.list(podGroup)[0]?.spec.schedulingPolicy, { gang: { minCount: 3 } });
    },
  }),
];
