import assert from 'node:assert/strict';
import { isActive, job, pod } from '@navarch/api';
import { garbageCollectorController, ttlAfterFinishedController } from '@navarch/controllers';
import { conditionOf } from '../drafts.ts';
import { invariantOf } from '../property.ts';
import { defineScenario } from '../scenario.ts';
import type { View } from '../view.ts';
import type { World } from '../world.ts';
import {
  change,
  controllers,
  countsAreTrue,
  ended,
  endingWell,
  isOver,
  jobOf,
  KEY,
  neverMoreActiveThan,
  oneActivePerIndex,
  work,
} from './properties.ts';

const activeIn = (view: View): number => view.list(pod).filter(isActive).length;

const suspended = defineScenario({
  name: 'job/suspend',
  says: 'A suspended job has no pods and no start; resumed it runs, suspended again its pods go and count for nothing.',
  controllers,
  always: [countsAreTrue, neverMoreActiveThan(2)],
  async act(world) {
    await world.create(job, work({ suspend: true, parallelism: 2, completions: 2 }));
    await world.until('it is said', (view) => conditionOf(view.get(job, KEY), 'Suspended')?.status === 'True');
    assert.deepEqual([activeIn(world.view), jobOf(world.view).status.startTime], [0, undefined]);
    await change(world, { suspend: false });
    await world.until('it runs', (view) => activeIn(view) === 2 && jobOf(view).status.startTime !== undefined);
    await change(world, { suspend: true });
  },
  end(view) {
    const { status } = jobOf(view);
    assert.equal(conditionOf({ status }, 'Suspended')?.status, 'True');
    assert.deepEqual([activeIn(view), status.active ?? 0, status.failed ?? 0], [0, 0, 0]);
  },
});

const resumed = defineScenario({
  name: 'job/resume',
  says: 'A job that was suspended in the middle goes on where it was.',
  controllers,
  pods: endingWell(2000),
  always: [countsAreTrue, neverMoreActiveThan(1)],
  async act(world) {
    await world.create(job, work({ parallelism: 1, completions: 3 }));
    await world.until('one is done', (view) => (jobOf(view).status.succeeded ?? 0) >= 1);
    await change(world, { suspend: true });
    await world.until('no pod is left', (view) => activeIn(view) === 0);
    await world.pass('10s');
    await change(world, { suspend: false });
  },
  end: (view) => ended(view, 'Complete', 'CompletionsReached', { succeeded: 3 }),
});

/** The template with where its pods go and what they get, as a queue says it that lets the job go on. */
const settle = (world: World, disk: string, cpu: string): Promise<unknown> =>
  world.change(job, KEY, (j) => {
    const { metadata, spec } = j.spec.template;
    const containers = spec.containers.map((c) => ({ ...c, resources: { requests: { cpu } } }));
    const template = { metadata, spec: { ...spec, nodeSelector: { disk }, containers } };
    return { ...j, spec: { ...j.spec, template } };
  });
const placesOf = (view: View): readonly string[] =>
  view
    .list(pod)
    .filter(isActive)
    .map(({ spec }) => `${spec.nodeSelector?.['disk']} ${spec.containers[0]?.resources?.requests?.['cpu']}`);
const isAtRest = (view: View): boolean =>
  conditionOf(jobOf(view), 'Suspended')?.status === 'True' && (jobOf(view).status.active ?? 0) === 0;

const settled = defineScenario({
  name: 'job/suspended-template',
  says: 'A suspended job may be told where its pods go and what they get (KEP-2926, KEP-5440): those it has when it goes on are so.',
  controllers,
  always: [countsAreTrue, neverMoreActiveThan(2)],
  async act(world) {
    await world.create(job, work({ suspend: true, parallelism: 2, completions: 2 }));
    await world.until('it is said', isAtRest);
    await settle(world, 'slow', '1');
    await change(world, { suspend: false });
    await world.until(
      'it runs',
      (view) => placesOf(view).join() === 'slow 1,slow 1' && jobOf(view).status.active === 2,
    );
    await change(world, { suspend: true });
    await world.until('it rests', isAtRest);
    await settle(world, 'ssd', '2');
    await change(world, { suspend: false });
  },
  end: (view) => assert.deepEqual(placesOf(view), ['ssd 2', 'ssd 2']),
});

const wider = defineScenario({
  name: 'job/parallelism',
  says: 'Parallelism may be changed while it runs; what is too much goes and does not count as failed.',
  controllers,
  always: [countsAreTrue, neverMoreActiveThan(5)],
  async act(world) {
    await world.create(job, work({ parallelism: 1, completions: 8 }));
    await world.until('one runs', (view) => jobOf(view).status.ready === 1);
    await change(world, { parallelism: 5 });
    await world.until('five run', (view) => jobOf(view).status.ready === 5);
    await change(world, { parallelism: 2 });
  },
  end(view) {
    const { active, failed = 0 } = jobOf(view).status;
    assert.deepEqual([activeIn(view), active, failed], [2, 2, 0]);
  },
});

const halted = defineScenario({
  name: 'job/parallelism-zero',
  says: 'Parallelism 0 holds a job without an end to it.',
  controllers,
  always: [countsAreTrue],
  async act(world) {
    await world.create(job, work({ parallelism: 2, completions: 4 }));
    await world.until('two run', (view) => activeIn(view) === 2);
    await change(world, { parallelism: 0 });
  },
  end(view) {
    assert.deepEqual([activeIn(view), jobOf(view).status.active ?? 0], [0, 0]);
    assert.ok(!isOver(view));
  },
});

const elastic = defineScenario({
  name: 'job/elastic-indexed',
  says: 'An indexed job grows and shrinks while completions and parallelism stay equal (KEP-3715).',
  controllers,
  always: [oneActivePerIndex],
  async act(world) {
    const size = (n: number) => ({ completions: n, parallelism: n });
    await world.create(job, work({ ...size(2), completionMode: 'Indexed' }));
    await world.until('two run', (view) => activeIn(view) === 2);
    await change(world, size(4));
    await world.until('four run', (view) => activeIn(view) === 4);
    await change(world, size(1));
  },
  end(view) {
    const indexes = view
      .list(pod)
      .filter(isActive)
      .map((p) => p.metadata.annotations?.['batch.kubernetes.io/job-completion-index']);
    assert.deepEqual(indexes, ['0']);
    assert.equal(jobOf(view).status.active, 1);
  },
});

const deletedPod = defineScenario({
  name: 'job/pod-deleted',
  says: 'A pod that somebody deletes is replaced, and counts as failed.',
  controllers,
  pods: endingWell(60_000),
  // It runs for a minute: who hears nothing for longer never says so.
  spares: ['clock jumps', 'mute watches'],
  always: [countsAreTrue],
  async act(world) {
    await world.create(job, work({}));
    await world.until('it runs', (view) => jobOf(view).status.ready === 1);
    const [first] = world.view.list(pod);
    await world.remove(pod, `default/${first?.metadata.name}`);
  },
  end: (view) => ended(view, 'Complete', 'CompletionsReached', { succeeded: 1, failed: 1 }),
});

const replacedWhenFailed = defineScenario({
  name: 'job/replacement-policy-failed',
  says: 'With podReplacementPolicy Failed no pod comes while the one before it is still going (KEP-3939).',
  controllers,
  pods: { stopMs: () => 8000 },
  always: [
    countsAreTrue,
    invariantOf('never two pods, going ones counted', [pod], (view) => {
      const living = view.list(pod).filter((p) => p.status.phase !== 'Failed' && p.status.phase !== 'Succeeded');
      return living.length > 1 ? `${living.length} are there` : undefined;
    }),
  ],
  async act(world) {
    await world.create(job, work({ podReplacementPolicy: 'Failed' }));
    await world.until('it runs', (view) => jobOf(view).status.ready === 1);
    const [first] = world.view.list(pod);
    await world.remove(pod, `default/${first?.metadata.name}`);
    await world.until('another runs', (view) =>
      view.list(pod).some((p) => isActive(p) && p.metadata.uid !== first?.metadata.uid),
    );
  },
  end(view) {
    const { active, failed, terminating } = jobOf(view).status;
    assert.deepEqual([active, failed, terminating ?? 0], [1, 1, 0]);
  },
});

const managedElsewhere = defineScenario({
  name: 'job/managed-by',
  says: 'A job that somebody else says to run is left alone (KEP-4368).',
  controllers,
  async act(world) {
    await world.create(job, work({ managedBy: 'example.com/queue' }));
  },
  end(view) {
    assert.equal(view.list(pod).length, 0);
    assert.deepEqual(jobOf(view).status, {});
  },
});

const goneInTime = defineScenario({
  name: 'job/ttl-after-finished',
  says: 'A job that is over is deleted when its time has passed, and its pods with it; not before.',
  controllers: () => [...controllers(), ttlAfterFinishedController, garbageCollectorController([job, pod])],
  pods: endingWell(),
  spares: ['clock jumps'],
  async act(world) {
    await world.create(job, work({ ttlSecondsAfterFinished: 30 }));
    await world.until('it is over', isOver);
    await world.pass('25s');
    assert.ok(world.view.get(job, KEY), 'it is still there');
  },
  end(view) {
    assert.deepEqual([view.list(job).length, view.list(pod).length], [0, 0]);
  },
});

const deleted = defineScenario({
  name: 'job/deleted',
  says: 'A deleted job takes its pods along, and leaves no pod that waits for its bookkeeping.',
  controllers: () => [...controllers(), garbageCollectorController([job, pod])],
  async act(world) {
    await world.create(job, work({ parallelism: 3, completions: 3 }));
    await world.pass(world.random.uint32() % 5000);
    await world.remove(job, KEY, { propagationPolicy: 'Background' });
  },
  end(view) {
    assert.deepEqual([view.list(job).length, view.list(pod).length], [0, 0]);
  },
});

const orphaned = defineScenario({
  name: 'job/deleted-orphaning',
  says: 'Pods that are left behind by a job lose its bookkeeping, and can be deleted.',
  controllers: () => [...controllers(), garbageCollectorController([job, pod])],
  async act(world) {
    await world.create(job, work({ parallelism: 2, completions: 2 }));
    await world.until('two run', (view) => activeIn(view) === 2);
    // As upstream: a pod that the collector has not seen yet when the job goes is garbage.
    await world.pass('30s');
    await world.remove(job, KEY, { propagationPolicy: 'Orphan' });
    await world.until('the job is gone', (view) => view.get(job, KEY) === undefined);
  },
  end(view) {
    assert.equal(view.list(pod).length, 2);
    for (const p of view.list(pod))
      assert.deepEqual([p.metadata.finalizers, p.metadata.ownerReferences], [undefined, undefined]);
  },
});

export const jobLifeScenarios = [
  suspended,
  resumed,
  settled,
  wider,
  halted,
  elastic,
  deletedPod,
  replacedWhenFailed,
  managedElsewhere,
  goneInTime,
  deleted,
  orphaned,
];
