import assert from 'node:assert/strict';
import { test } from 'node:test';
import { job } from '@navarch/api';
import { jobController, trackingFinalizersController, ttlAfterFinishedController } from '@navarch/controllers';
import type { Draft, ObjectOf } from '@navarch/machinery';
import { ControlPlane, quickPods } from '../testing/control-plane.ts';
import { endRunning } from '../testing/pod-outcomes.ts';

type Job = ObjectOf<typeof job>;
const work = (name: string, spec: object): Draft<Job> => ({
  metadata: { name, namespace: 'default' },
  spec: {
    template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'busybox' }] } },
    ...spec,
  } as Draft<Job>['spec'],
});

for (const seed of [1, 2, 3]) {
  test(`ttlAfterFinishedController deletes finished jobs when their time has passed, and no others, seed ${seed}`, async () => {
    await using plane = await ControlPlane.start({
      controllers: [jobController(), trackingFinalizersController, ttlAfterFinishedController],
      pods: quickPods,
      seed,
      faults: { latencyMs: 100, watchLagMs: 500, loseAnswer: 0.1, refuse: 0.1, breakWatch: 0.05 },
    });
    await plane.withServiceAccount();
    const names = async () =>
      (await plane.list(job))
        .filter(({ metadata }) => !metadata.deletionTimestamp)
        .map(({ metadata }) => metadata.name);
    await plane.api.of(job).create(work('short', { ttlSecondsAfterFinished: 60 }));
    await plane.api.of(job).create(work('bad', { ttlSecondsAfterFinished: 60, backoffLimit: 0 }));
    await plane.api.of(job).create(work('kept', {}));
    await plane.api.of(job).create(work('prolonged', { ttlSecondsAfterFinished: 60 }));
    await plane.api.of(job).create(work('running', { ttlSecondsAfterFinished: 0 }));
    await plane.clock.advance(30_000);
    const ended = await plane.list(job);
    await endRunning(plane, (p) =>
      p.metadata.name.startsWith('running') ? undefined : p.metadata.name.startsWith('bad') ? 1 : 0,
    );
    await plane.clock.advance(40_000);
    assert.equal((await names()).length, ended.length, 'too early');
    await plane.api
      .of(job)
      .update('default/prolonged', (j) => ({ ...j, spec: { ...j.spec, ttlSecondsAfterFinished: 3600 } }));
    await plane.clock.advance(120_000);
    assert.deepEqual(await names(), ['kept', 'prolonged', 'running']);
    await plane.clock.advance(3_600_000);
    assert.deepEqual(await names(), ['kept', 'running']);
  });
}
