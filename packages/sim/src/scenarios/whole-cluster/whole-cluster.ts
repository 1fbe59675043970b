import assert from 'node:assert/strict';
import { daemonSet, deployment, isTerminal, job, namespace, pod, resourceQuota, statefulSet } from '@navarch/api';
import { builtinControllers } from '@navarch/controllers';
import { conditionOf } from '../drafts.ts';
import { defineScenario, type Scenario } from '../scenario.ts';
import type { View } from '../view.ts';
import type { World } from '../world.ts';
import { everywhere, orphans } from './properties.ts';
import { actOnce, furnish, NODES, Nodes } from './users.ts';

const nodeCount = Object.keys(NODES).length;

/** All is as it was asked for. */
function atRest(view: View): void {
  assert.deepEqual(orphans(view), []);
  const web = view.get(deployment, 'default/web');
  const { replicas, updatedReplicas, availableReplicas } = web?.status ?? {};
  const wanted = web?.spec.replicas;
  assert.deepEqual(['web', replicas, updatedReplicas, availableReplicas], ['web', wanted, wanted, wanted]);
  const db = view.get(statefulSet, 'default/db');
  assert.deepEqual(
    ['db', db?.status.readyReplicas, db?.status.updateRevision],
    ['db', db?.spec.replicas, db?.status.currentRevision],
  );
  const agent = view.get(daemonSet, 'default/agent')?.status;
  assert.deepEqual(['agent', agent?.numberReady, agent?.updatedNumberScheduled], ['agent', nodeCount, nodeCount]);
  const work = view.get(job, 'default/work');
  assert.deepEqual([conditionOf(work, 'Complete')?.status, work?.status.succeeded], ['True', 3]);
  const pods = view.list(pod, 'default').filter((p) => !isTerminal(p)).length;
  assert.equal(view.get(resourceQuota, 'default/q')?.status.used?.['pods'], String(pods));
  assert.notEqual(view.get(namespace, 'team')?.status.phase, 'Terminating');
}

/** Every controller there is, over some of everything, while people do what people do. */
const everything = (
  name: string,
  says: string,
  more: Partial<Scenario>,
  weather: (world: World, nodes: Nodes) => Promise<void>,
): Scenario =>
  defineScenario({
    name: `whole-cluster/${name}`,
    says,
    controllers: () => builtinControllers({ rootCertificate: 'simulated', nodeIpam: { clusterCidr: '10.128.0.0/16' } }),
    ofEveryKind: ['*'],
    pods: {
      nodes: Object.keys(NODES),
      ends: (p) => (p.metadata.labels?.['app'] === 'once' ? { afterMs: 5_000, exitCode: 0 } : undefined),
    },
    always: everywhere,
    ...more,
    async act(world) {
      const nodes = new Nodes(world);
      await nodes.join();
      await furnish(world, 'default');
      await world.pass(20_000);
      await weather(world, nodes);
      for (const name of nodes.down) nodes.recover(name);
      world.heal();
      await world.pass(180_000);
    },
    end: atRest,
  });

export const wholeClusterScenarios: readonly Scenario[] = [
  everything(
    'users',
    'Whatever people do in whatever order, with nodes and zones lost meanwhile, all comes to rest as it was asked for last.',
    { spares: ['clock jumps'] },
    async (world, nodes) => {
      for (let n = 0; n < 8; n++) {
        await actOnce(world, nodes);
        await world.pass(1_000 + (world.random.uint32() % 15_000));
      }
    },
  ),
];
