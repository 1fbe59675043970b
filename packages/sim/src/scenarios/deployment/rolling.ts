import assert from 'node:assert/strict';
import { deployment, replicaSet } from '@navarch/api';
import { deploymentController, replicaSetController } from '@navarch/controllers';
import { activePods, conditionOf, imageOf, readyPods, resize, setImage, WEB, web } from '../drafts.ts';
import { defineScenario, type Scenario } from '../scenario.ts';
import type { View } from '../view.ts';
import { isRolledOut, neverFewerReadyThan, neverMoreThan, oneSetPerTemplate } from './properties.ts';

export const controllers = () => [deploymentController, replicaSetController];

/** Nothing is left to do. */
export const rolledOut = (view: View, image: string, replicas: number): void => {
  assert.deepEqual(
    activePods(view).map(imageOf),
    Array.from({ length: replicas }, () => image),
  );
  const found = view.get(deployment, WEB);
  assert.deepEqual(
    [found?.status.replicas, found?.status.updatedReplicas, found?.status.availableReplicas],
    [replicas, replicas, replicas],
  );
  assert.equal(conditionOf(found, 'Progressing')?.reason, 'NewReplicaSetAvailable');
  assert.equal(found?.status.observedGeneration, found?.metadata.generation);
};

/** A rolling update from v1 to v2 within bounds. */
function rolling(name: string, says: string, bounds: RollingBounds): Scenario {
  const { replicas, maxSurge, maxUnavailable, most, least } = bounds;
  return defineScenario({
    name: `deployment/${name}`,
    says,
    controllers,
    always: [neverMoreThan(most), neverFewerReadyThan(least), oneSetPerTemplate],
    async act(world) {
      const strategy = { type: 'RollingUpdate', rollingUpdate: { maxSurge, maxUnavailable } } as const;
      await world.create(deployment, web(replicas, { strategy }));
      await world.until('the first version is up', (view) => isRolledOut(view, 'v1', replicas));
      await setImage(world, 'v2');
      await world.until('the second version is up', (view) => isRolledOut(view, 'v2', replicas));
    },
    end: (view) => rolledOut(view, 'v2', replicas),
  });
}

interface RollingBounds {
  readonly replicas: number;
  readonly maxSurge: number | string;
  readonly maxUnavailable: number | string;
  readonly most: number;
  readonly least: number;
}

const byDefault = rolling('rolling-default', 'A quarter more, rounded up, and a quarter less, rounded down.', {
  replicas: 5,
  maxSurge: '25%',
  maxUnavailable: '25%',
  most: 7,
  least: 4,
});

const surgeOnly = rolling('rolling-surge-only', 'With maxUnavailable 0 every pod is replaced before it goes.', {
  replicas: 3,
  maxSurge: 1,
  maxUnavailable: 0,
  most: 4,
  least: 3,
});

const inPlace = rolling('rolling-no-surge', 'With maxSurge 0 a pod goes before its replacement comes.', {
  replicas: 4,
  maxSurge: 0,
  maxUnavailable: 2,
  most: 4,
  least: 2,
});

const fencepost = rolling('rolling-fencepost', 'When both shares round to nothing, one pod may be missing.', {
  replicas: 3,
  maxSurge: 0,
  maxUnavailable: '10%',
  most: 3,
  least: 2,
});

const twice = defineScenario({
  name: 'deployment/rollover',
  says: 'A third version in the middle of a rollout: the second is scaled down, and bounds hold all the way.',
  controllers,
  always: [neverMoreThan(6), neverFewerReadyThan(3), oneSetPerTemplate],
  async act(world) {
    const strategy = { type: 'RollingUpdate', rollingUpdate: { maxSurge: 2, maxUnavailable: 1 } } as const;
    await world.create(deployment, web(4, { strategy }));
    await world.until('the first version is up', (view) => isRolledOut(view, 'v1', 4));
    await setImage(world, 'v2');
    await world.pass(world.random.uint32() % 4000);
    await setImage(world, 'v3');
  },
  end(view) {
    rolledOut(view, 'v3', 4);
    assert.equal(readyPods(view).length, 4);
  },
});

const scaled = defineScenario({
  name: 'deployment/scale',
  says: 'A change of size makes no revision.',
  controllers,
  async act(world) {
    await world.create(deployment, web(1));
    await resize(world, 6);
    await world.until('six are up', (view) => isRolledOut(view, 'v1', 6));
    await resize(world, 2);
    await world.until('two are left', (view) => activePods(view).length === 2);
  },
  end(view) {
    rolledOut(view, 'v1', 2);
    assert.equal(view.list(replicaSet).length, 1);
  },
});

export const rollingScenarios = [byDefault, surgeOnly, inPlace, fencepost, twice, scaled];
