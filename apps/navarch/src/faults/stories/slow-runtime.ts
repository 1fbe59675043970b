import { namespace } from '@navarch/api';
import { join } from 'node:path';
import { findDaemon } from '../../cluster/daemon.ts';
import { churn, NAMESPACE, plant, unwanted } from '../churn.ts';
import { compared } from '../compared.ts';
import { kill, pause, startAgain } from '../faults.ts';
import { SlowSocket } from '../slow-socket.ts';
import { settled, type World } from '../world.ts';
import { remaining, underFaults } from './churn.ts';

/** Of each of the deployments: some fifty pods in all. */
const REPLICAS = 3;
const READY_MS = 5 * 60_000;
const AGREE_MS = 2 * 60_000;
const RATES = { slow: 0.4, refused: 0.05, lost: 0.05, hung: 0.01 };

/**
 * Runtimes that answer late, refuse, do what they were asked without saying so, or say nothing for half a minute, under a
 * churn of pods: nothing runs twice, and when they answer again all that is wanted is there, and nothing else is.
 */
export async function slowRuntime(world: World): Promise<readonly string[]> {
  const { nodes, api, random } = world;
  await plant(world, REPLICAS);
  await settled(() => unwanted(world), { timeoutMs: READY_MS });
  const sockets = [];
  for (const node of nodes)
    sockets.push(await SlowSocket.before(join(node.layout.containerd, 'containerd.sock'), random, RATES));
  // What has a connection keeps it.
  for (const node of nodes) {
    const agent = findDaemon(node.layout, 'agent');
    if (agent) kill(agent.pid);
  }
  await startAgain(world);
  world.say('the runtimes are slow from here on');
  let changes = 0;
  const wrong = await underFaults(world, (group, stop) => {
    group.spawn(async () => {
      changes = await churn(world, stop, REPLICAS);
    });
  });
  for (const socket of sockets) {
    world.say(
      Object.entries(socket.counts)
        .map(([name, count]) => `${name} ${count}`)
        .join(', '),
    );
    await socket[Symbol.asyncDispose]();
  }
  world.say(`${changes} changes; the runtimes are as fast as they can`);
  await pause(1_000, world.signal);
  const notReady = await settled(() => unwanted(world), { timeoutMs: READY_MS });
  world.say(`not as wanted: ${notReady.length}`);
  const disagreed = await settled(() => compared(world), { timeoutMs: AGREE_MS });
  await api.of(namespace).delete(NAMESPACE);
  const left = await settled(async () => [...(await remaining(world)), ...(await compared(world))], {
    timeoutMs: AGREE_MS,
  });
  world.say(`differences: ${disagreed.length}; left when all is deleted: ${left.length}`);
  return [...wrong, ...notReady, ...disagreed, ...left.map((sentence) => `after all was deleted: ${sentence}`)];
}
