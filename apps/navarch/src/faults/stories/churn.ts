import { namespace, pod, type Pod } from '@navarch/api';
import { TaskGroup } from '@navarch/base';
import { churn, NAMESPACE, plant, unwanted } from '../churn.ts';
import { compared } from '../compared.ts';
import { killAtRandom, pause, startAgain, startWhatDied } from '../faults.ts';
import { fromRuntime } from '../reality.ts';
import { settled, type World } from '../world.ts';

const READY_MS = 5 * 60_000;
const AGREE_MS = 2 * 60_000;
const LOOK_MS = 2_000;

/**
 * SIGKILL of agents, server, containerd, shims and programs of pods at random, under a churn of a hundred pods. Then there is
 * peace: all that is wanted must become ready, and what the API says and what nodes have must be the same; also when all
 * was deleted.
 */
export async function churnUnderKills(world: World): Promise<readonly string[]> {
  await plant(world);
  await settled(() => unwanted(world), { timeoutMs: READY_MS });
  world.say('all pods are ready: here come the faults');
  const wrong = await storm(world);
  world.say('peace');
  await startAgain(world);
  const notReady = await settled(() => unwanted(world), { timeoutMs: READY_MS });
  world.say(`not as wanted: ${notReady.length}`);
  const disagreed = await settled(() => compared(world), { timeoutMs: AGREE_MS });
  world.say(`differences: ${disagreed.length}`);
  await world.api.of(namespace).delete(NAMESPACE);
  const left = await settled(async () => [...(await remaining(world)), ...(await compared(world))], {
    timeoutMs: AGREE_MS,
  });
  world.say(`left when all is deleted: ${left.length}`);
  return [...wrong, ...notReady, ...disagreed, ...left.map((sentence) => `after all was deleted: ${sentence}`)];
}

async function storm(world: World): Promise<readonly string[]> {
  let [kills, changes] = [0, 0];
  const wrong = await underFaults(world, (group, stop) => {
    group.spawn(async () => {
      kills = await killAtRandom(world, stop);
    });
    group.spawn(async () => {
      changes = await churn(world, stop);
    });
    group.spawn(() => startWhatDied(world, stop));
  });
  world.say(`${kills} kills, ${changes} changes`);
  return wrong;
}

/** Has this go on for as many minutes as the world has. Resolves to what was seen that must never be. */
export async function underFaults(
  world: World,
  begin: (group: TaskGroup, stop: AbortSignal) => void,
): Promise<readonly string[]> {
  const stop = new AbortController();
  const watch = new Watch();
  await using group = new TaskGroup(world.signal);
  begin(group, stop.signal);
  group.spawn(() => watch.run(world, stop.signal));
  await pause(world.minutes * 60_000, world.signal);
  stop.abort();
  await group.join();
  world.say(`${watch.looks} looks`);
  return watch.wrong;
}

/** What must hold at every moment, whatever is killed. */
class Watch {
  readonly wrong: string[] = [];
  looks = 0;
  readonly #counts = new Map<string, number>();
  readonly #over = new Set<string>();

  async run(world: World, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await pause(LOOK_MS, signal);
      const { items } = await world.api
        .of(pod)
        .list({ namespace: NAMESPACE })
        .catch(() => ({ items: [] }));
      for (const one of items) this.#seePod(one);
      for (const node of world.nodes) {
        // It may be away, and is asked again.
        const found = await fromRuntime(node, world.signal).catch(() => undefined);
        if (found) this.#seeNode(node.name, found);
      }
      this.looks += 1;
    }
  }

  #seePod({ metadata: { uid, name }, status }: Pod): void {
    const isOver = status.phase === 'Succeeded' || status.phase === 'Failed';
    if (this.#over.has(uid) && !isOver) this.wrong.push(`${name} was over and is ${status.phase}`);
    if (isOver) this.#over.add(uid);
    for (const { name: container, restartCount } of [
      ...(status.initContainerStatuses ?? []),
      ...(status.containerStatuses ?? []),
    ]) {
      const key = `${uid}/${container}`;
      const before = this.#counts.get(key) ?? 0;
      if (restartCount < before)
        this.wrong.push(`${name}/${container} counts ${restartCount} restarts after ${before}`);
      this.#counts.set(key, restartCount);
    }
  }

  #seeNode(node: string, { sandboxes, containers }: Awaited<ReturnType<typeof fromRuntime>>): void {
    const seen = new Set<string>();
    const running = [
      ...sandboxes.filter(({ isReady }) => isReady).map(({ uid, pod: of }) => `sandbox of ${of} (${uid})`),
      ...containers.filter(({ isRunning }) => isRunning).map(({ uid, name }) => `container ${name} of ${uid}`),
    ];
    for (const one of running) {
      if (seen.has(one)) this.wrong.push(`${node}: ${one} runs twice at a time`);
      seen.add(one);
    }
  }
}

/** The namespace of the churn, where it is still there. */
export async function remaining({ api }: World): Promise<readonly string[]> {
  const { items } = await api.of(namespace).list();
  return items.some(({ metadata }) => metadata.name === NAMESPACE) ? [`namespace ${NAMESPACE} is still there`] : [];
}
