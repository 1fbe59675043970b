import assert from 'node:assert/strict';
import { deployment, pod, replicaSet, resourceQuota } from '@navarch/api';
import { garbageCollectorController } from '@navarch/controllers';
import { activePods, conditionOf, imageOf, named, podTemplate, resize, setImage, WEB, web } from '../drafts.ts';
import { defineScenario } from '../scenario.ts';
import type { View } from '../view.ts';
import {
  everyPodIsOwned,
  isRolledOut,
  neverFewerReadyThan,
  neverMoreThan,
  oneSetPerTemplate,
  oneVersionAtATime,
  oneVersionRuns,
} from './properties.ts';
import { controllers, rolledOut } from './rolling.ts';

const revisionsOf = (view: View): readonly (readonly [revision: number, size: number, image: string])[] =>
  view
    .list(replicaSet)
    .map(
      ({ metadata, spec }) =>
        [
          Number(metadata.annotations?.['deployment.kubernetes.io/revision']),
          spec.replicas ?? 1,
          spec.template?.spec.containers[0]?.image ?? '',
        ] as const,
    )
    .toSorted(([a], [b]) => a - b);

const recreate = defineScenario({
  name: 'deployment/recreate',
  says: 'With Recreate the old pods are gone, not only going, before the first new one is made.',
  controllers,
  always: [oneVersionAtATime, oneVersionRuns, neverMoreThan(3), everyPodIsOwned],
  async act(world) {
    await world.create(deployment, web(3, { strategy: { type: 'Recreate' } }));
    await world.until('the first version is up', (view) => isRolledOut(view, 'v1', 3));
    await setImage(world, 'v2');
    await world.until('the second version is up', (view) => isRolledOut(view, 'v2', 3));
  },
  end: (view) => rolledOut(view, 'v2', 3),
});

const paused = defineScenario({
  name: 'deployment/pause',
  says: 'While paused it does not roll, but scales; resumed, it rolls once, to the last template.',
  controllers,
  always: [oneSetPerTemplate],
  async act(world) {
    await world.create(deployment, web(2));
    await world.until('the first version is up', (view) => isRolledOut(view, 'v1', 2));
    await world.change(deployment, WEB, (d) => ({ ...d, spec: { ...d.spec, paused: true } }));
    await setImage(world, 'v2');
    await resize(world, 4);
    await world.until('four of the first are up', (view) => activePods(view).length === 4);
    await setImage(world, 'v3');
    await world.pass('20s');
    assert.deepEqual([...new Set(world.view.list(pod).map(imageOf))], ['v1']);
    await world.change(deployment, WEB, (d) => ({ ...d, spec: { ...d.spec, paused: false } }));
  },
  end(view) {
    rolledOut(view, 'v3', 4);
    assert.deepEqual(revisionsOf(view), [
      [1, 0, 'v1'],
      [2, 4, 'v3'],
    ]);
  },
});

const rolledBack = defineScenario({
  name: 'deployment/rollback',
  says: 'An earlier template takes its replica set up again, as the newest revision.',
  controllers,
  always: [neverMoreThan(3), neverFewerReadyThan(2), oneSetPerTemplate],
  async act(world) {
    const strategy = { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } } as const;
    await world.create(deployment, web(2, { strategy }));
    await world.until('v1 is up', (view) => isRolledOut(view, 'v1', 2));
    await setImage(world, 'v2');
    await world.until('v2 is up', (view) => isRolledOut(view, 'v2', 2));
    await setImage(world, 'v1');
  },
  end(view) {
    rolledOut(view, 'v1', 2);
    assert.deepEqual(revisionsOf(view), [
      [2, 0, 'v2'],
      [3, 2, 'v1'],
    ]);
    assert.equal(view.get(deployment, WEB)?.metadata.annotations?.['deployment.kubernetes.io/revision'], '3');
  },
});

const historyLimit = defineScenario({
  name: 'deployment/history-limit',
  says: 'Of old replica sets as many stay as revisionHistoryLimit says, the newest.',
  controllers,
  async act(world) {
    await world.create(deployment, web(1, { revisionHistoryLimit: 1 }));
    for (const image of ['v2', 'v3', 'v4']) {
      await world.pass(world.random.uint32() % 6000);
      await setImage(world, image);
    }
  },
  end(view) {
    rolledOut(view, 'v4', 1);
    assert.ok(view.list(replicaSet).length <= 2);
  },
});

const collision = defineScenario({
  name: 'deployment/collision',
  says: 'Where the name of its set is taken by one that it cannot have, it counts the collision and takes another name.',
  controllers: () => [...controllers(), garbageCollectorController([deployment, replicaSet, pod])],
  async act(world) {
    await world.create(deployment, web(2));
    await world.until('v1 is up', (view) => isRolledOut(view, 'v1', 2));
    const taken = world.view.list(replicaSet)[0]?.metadata.name ?? '';
    await world.remove(deployment, WEB, { propagationPolicy: 'Foreground' });
    await world.until('it is gone', (view) => view.list(deployment).length + view.list(replicaSet).length === 0);
    await world.create(replicaSet, {
      metadata: { ...named(taken), labels: { app: 'other' } },
      spec: { replicas: 0, selector: { matchLabels: { app: 'other' } }, template: podTemplate('other') },
    });
    await world.create(deployment, web(2));
  },
  end(view) {
    const own = view.list(replicaSet).filter(({ metadata }) => metadata.labels?.['app'] === 'web');
    assert.deepEqual([own.length, view.list(replicaSet).length], [1, 2]);
    assert.ok(isRolledOut(view, 'v1', 2));
    assert.equal(view.get(deployment, WEB)?.status.collisionCount, 1);
  },
});

const hangingV2 = {
  startMs: (p: Parameters<typeof imageOf>[0]) => (imageOf(p) === 'v2' ? undefined : 500),
};

const deadline = defineScenario({
  name: 'deployment/progress-deadline',
  says: 'A rollout that does not get on for progressDeadlineSeconds is said to have failed, and what serves goes on serving.',
  controllers,
  pods: hangingV2,
  // The deadline is measured by the wall clock, between times that were written with it.
  spares: ['clock jumps'],
  always: [neverFewerReadyThan(3)],
  async act(world) {
    const strategy = { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 1 } } as const;
    await world.create(deployment, web(4, { strategy, progressDeadlineSeconds: 60 }));
    await world.until('v1 is up', (view) => isRolledOut(view, 'v1', 4));
    await setImage(world, 'v2');
    await world.pass('55s');
    // It is false as well where the answer to the creation of the set was lost, until that set is seen to get on.
    const { reason } = conditionOf(world.view.get(deployment, WEB), 'Progressing') ?? {};
    assert.notEqual(reason, 'ProgressDeadlineExceeded', 'too early');
  },
  end(view) {
    const found = view.get(deployment, WEB);
    const { status, reason } = conditionOf(found, 'Progressing') ?? {};
    assert.deepEqual([status, reason], ['False', 'ProgressDeadlineExceeded']);
    assert.equal(conditionOf(found, 'Available')?.status, 'True');
    assert.equal(found?.status.availableReplicas, 3);
  },
});

const recovered = defineScenario({
  name: 'deployment/deadline-recovered',
  says: 'A rollout that failed its deadline is mended by a template that works.',
  controllers,
  pods: hangingV2,
  spares: ['clock jumps'],
  async act(world) {
    await world.create(deployment, web(2, { progressDeadlineSeconds: 30 }));
    await world.until('v1 is up', (view) => isRolledOut(view, 'v1', 2));
    await setImage(world, 'v2');
    await world.until(
      'the deadline is over',
      (view) => conditionOf(view.get(deployment, WEB), 'Progressing')?.reason === 'ProgressDeadlineExceeded',
    );
    await setImage(world, 'v3');
  },
  end: (view) => rolledOut(view, 'v3', 2),
});

const minReady = defineScenario({
  name: 'deployment/min-ready',
  says: 'With minReadySeconds a new pod counts when it was ready for so long, and no old one goes before.',
  controllers,
  spares: ['clock jumps'],
  always: [neverMoreThan(3), neverFewerReadyThan(2)],
  async act(world) {
    const strategy = { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } } as const;
    await world.create(deployment, web(2, { strategy, minReadySeconds: 20 }));
    await world.until('v1 is up', (view) => isRolledOut(view, 'v1', 2));
    await setImage(world, 'v2');
    const began = world.clock.monotonic();
    await world.until('v2 is up', (view) => isRolledOut(view, 'v2', 2));
    assert.ok(world.clock.monotonic() - began >= 38_000, 'one after the other, twenty seconds each');
  },
  end: (view) => rolledOut(view, 'v2', 2),
});

const proportional = defineScenario({
  name: 'deployment/proportional',
  says: 'A new size in the middle of a rollout is shared out among the sets in proportion, as in the documentation.',
  controllers,
  pods: hangingV2,
  always: [neverFewerReadyThan(8)],
  async act(world) {
    const strategy = { type: 'RollingUpdate', rollingUpdate: { maxSurge: 3, maxUnavailable: 2 } } as const;
    await world.create(deployment, web(10, { strategy }));
    await world.until('v1 is up', (view) => isRolledOut(view, 'v1', 10));
    await setImage(world, 'v2');
    const isStuck = (view: View): boolean =>
      JSON.stringify(revisionsOf(view).map(([, size]) => size)) === '[8,5]' && activePods(view).length === 13;
    await world.until('it is stuck', isStuck);
    await world.pass('5s');
    await resize(world, 15);
  },
  end: (view) =>
    assert.deepEqual(revisionsOf(view), [
      [1, 11, 'v1'],
      [2, 7, 'v2'],
    ]),
});

const adopts = defineScenario({
  name: 'deployment/adopts-set',
  says: 'A replica set that matches and has no owner is taken over, and its pods roll.',
  controllers,
  always: [everyPodIsOwned],
  async act(world) {
    const labels = { app: 'web', old: 'yes' };
    await world.create(replicaSet, {
      metadata: { ...named('orphan'), labels },
      spec: {
        replicas: 2,
        selector: { matchLabels: labels },
        template: { ...podTemplate('web', 'v0'), metadata: { labels } },
      },
    });
    await world.until('it has pods', (view) => activePods(view).length === 2);
    await world.create(deployment, web(2));
  },
  end(view) {
    rolledOut(view, 'v1', 2);
    assert.equal(view.get(replicaSet, 'default/orphan')?.metadata.ownerReferences?.[0]?.name, 'web');
    assert.equal(view.get(replicaSet, 'default/orphan')?.spec.replicas, 0);
  },
});

const remade = defineScenario({
  name: 'deployment/set-deleted',
  says: 'A replica set that somebody deletes is made again, of the same name, and takes the pods that were left.',
  controllers: () => [...controllers(), garbageCollectorController([deployment, replicaSet, pod])],
  always: [neverFewerReadyThan(2)],
  async act(world) {
    await world.create(deployment, web(2));
    await world.until('v1 is up', (view) => isRolledOut(view, 'v1', 2));
    const [set] = world.view.list(replicaSet);
    await world.remove(replicaSet, `default/${set?.metadata.name}`, { propagationPolicy: 'Orphan' });
    await world.until('another is there', (view) => {
      const [now] = view.list(replicaSet);
      return now !== undefined && now.metadata.uid !== set?.metadata.uid;
    });
    assert.equal(world.view.list(replicaSet)[0]?.metadata.name, set?.metadata.name);
  },
  end: (view) => assert.equal(view.get(deployment, WEB)?.status.availableReplicas, 2),
});

const refused = defineScenario({
  name: 'deployment/replica-failure',
  says: 'Why pods cannot be made is told in a condition, which goes when they can.',
  controllers,
  async act(world) {
    await world.create(resourceQuota, { metadata: named('none'), spec: { hard: { pods: '0' } } });
    await world.setStatus(resourceQuota, 'default/none', (q) => ({
      ...q,
      status: { hard: { pods: '0' }, used: { pods: '0' } },
    }));
    await world.create(deployment, web(2));
    await world.until(
      'it is told',
      (view) => conditionOf(view.get(deployment, WEB), 'ReplicaFailure')?.reason === 'FailedCreate',
    );
    await world.remove(resourceQuota, 'default/none');
  },
  end(view) {
    rolledOut(view, 'v1', 2);
    assert.equal(conditionOf(view.get(deployment, WEB), 'ReplicaFailure'), undefined);
  },
});

const toNothing = defineScenario({
  name: 'deployment/scale-to-zero-and-back',
  says: 'Scaled to zero all pods go, and it is complete; scaled up again they come back in the same set.',
  controllers,
  always: [neverMoreThan(4)],
  async act(world) {
    await world.create(deployment, web(3));
    await world.until('v1 is up', (view) => isRolledOut(view, 'v1', 3));
    await resize(world, 0);
    await world.until('none is left', (view) => view.list(pod).length === 0);
    await resize(world, 2);
  },
  end(view) {
    rolledOut(view, 'v1', 2);
    assert.equal(view.list(replicaSet).length, 1);
  },
});

export const deploymentLifeScenarios = [
  recreate,
  paused,
  rolledBack,
  historyLimit,
  collision,
  deadline,
  recovered,
  minReady,
  proportional,
  adopts,
  remade,
  refused,
  toNothing,
];
