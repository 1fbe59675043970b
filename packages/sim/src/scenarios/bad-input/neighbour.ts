import { deployment, isActive, isReady, namespace, type Pod, pod, serviceAccount } from '@navarch/api';
import type { Controller } from '@navarch/controllers';
import { deploymentController, replicaSetController } from '@navarch/controllers';
import { podTemplate } from '../drafts.ts';
import type { PodLife } from '../pod-player.ts';
import { defineScenario, type Scenario } from '../scenario.ts';
import type { View } from '../view.ts';
import { ScenarioError, type World } from '../world.ts';

/** Where somebody else works, who has done nothing wrong. */
const OTHERS = 'others';
/** A deployment of three whose pods start in half a second, on a network without faults. */
const USUAL_MS = 8_000;
const REPLICAS = 3;

const isUp = (view: View, name: string): boolean => {
  const found = view.get(deployment, `${OTHERS}/${name}`);
  const ready = view.list(pod, OTHERS).filter((p) => p.metadata.labels?.['app'] === name && isActive(p) && isReady(p));
  return found?.status.availableReplicas === REPLICAS && ready.length === REPLICAS;
};

async function make(world: World, name: string): Promise<void> {
  await world.create(deployment, {
    metadata: { name, namespace: OTHERS },
    spec: { replicas: REPLICAS, selector: { matchLabels: { app: name } }, template: podTemplate(name) },
  });
}

/** One deployment shows that everybody is back; the next must not take longer than if it were alone. */
async function isServed(world: World): Promise<void> {
  await make(world, 'first');
  await world.until('the neighbour is served', (view) => isUp(view, 'first'), '20m');
  const began = world.clock.monotonic();
  await make(world, 'second');
  await world.until('the neighbour is served again', (view) => isUp(view, 'second'));
  const took = world.clock.monotonic() - began;
  if (took > USUAL_MS) throw new ScenarioError(`the neighbour waited ${took / 1000} s`);
}

type Trouble = Omit<Scenario, 'controllers' | 'act' | 'pods'> & {
  /** Beside those of deployments. */
  controllers?(): readonly Controller[];
  readonly pods?: PodLife;
  /** What somebody does who did not think of everything. */
  trouble(world: World): Promise<void>;
};

/** Something is wrong that nobody mends: whoever works beside it is served as ever. */
export function badInput({ controllers, pods, trouble, ...rest }: Trouble): Scenario {
  const usual: PodLife = {
    ...pods,
    startMs: (p: Pod, random) =>
      p.metadata.namespace === OTHERS ? 500 : pods?.startMs ? pods.startMs(p, random) : 100 + (random.uint32() % 1900),
  };
  return defineScenario({
    ...rest,
    controllers: () => [deploymentController, replicaSetController, ...(controllers?.() ?? [])],
    pods: usual,
    async act(world) {
      await world.create(namespace, { metadata: { name: OTHERS } });
      await world.create(serviceAccount, { metadata: { name: 'default', namespace: OTHERS } });
      await trouble(world);
      await world.pass(world.random.uint32() % 60_000);
      world.heal();
      await isServed(world);
    },
  });
}
