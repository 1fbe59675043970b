import { Agent, get } from 'node:http';
import { Resolver } from 'node:dns/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { deployment, service } from '@navarch/api';
import { findDaemon } from '../../cluster/daemon.ts';
import { kill, startAgain } from '../faults.ts';
import { settled, type World } from '../world.ts';

/** What an agent may be away for, with its start, on a machine that is busy. */
const AWAY_MS_MAX = 20_000;
/** Whether rules are there is looked at every five seconds. */
const REPAIR_MS_MAX = 10_000;
const ASK_MS = 20;
const ANSWER_MS = 2_000;
const REST_MS = 3_000;

/** Asks for one thing all the time, and remembers when it got no answer. */
class Loop {
  answers = 0;
  readonly failures: { readonly at: number; readonly why: string }[] = [];
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }

  async run(ask: () => Promise<unknown>, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await ask().then(
        () => (this.answers += 1),
        (error: unknown) => this.failures.push({ at: performance.now(), why: (error as Error).message }),
      );
      await sleep(ASK_MS);
    }
  }
}

/**
 * Requests to a Service, on a connection that is kept and on new ones, and questions to cluster DNS, without a pause: while
 * agents (service proxy and DNS) are killed and started again, and while somebody throws away the rules of the machine.
 */
export async function requestsUnderRestarts(world: World): Promise<readonly string[]> {
  const { api } = world;
  // A machine without a way to elsewhere does not even try to send to the address of a Service.
  await world.run('ip', 'route', 'replace', 'default', 'dev', 'eth0');
  const labels = { app: 'web' };
  const containers = [{ name: 'main', image: 'nginx', imagePullPolicy: 'IfNotPresent' as const }];
  await api.of(deployment).create({
    metadata: { namespace: 'default', name: 'web' },
    spec: { replicas: 4, selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers } } },
  });
  const { spec } = await api.of(service).create({
    metadata: { namespace: 'default', name: 'web' },
    spec: { selector: labels, ports: [{ port: 80 }] },
  });
  const ready = async (): Promise<readonly string[]> => {
    const { status } = await api.of(deployment).get('default/web');
    return status.readyReplicas === 4 ? [] : [`${status.readyReplicas ?? 0} of 4 pods are ready`];
  };
  const notReady = await settled(ready, { timeoutMs: 60_000 });
  if (notReady.length > 0) return notReady;
  const address = spec.clusterIP ?? '';
  const [kept, fresh, names] = [new Loop('kept connection'), new Loop('new connections'), new Loop('DNS')];
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const resolver = new Resolver({ timeout: 500, tries: 1 });
  resolver.setServers(['10.96.0.10']);
  const stop = new AbortController();
  const silent = await settled(() => asked(address, false).then(() => []), { timeoutMs: 30_000, everyMs: 100 });
  if (silent.length > 0) return silent;
  const loops = [
    kept.run(() => asked(address, agent), stop.signal),
    fresh.run(() => asked(address, false), stop.signal),
    names.run(() => resolver.resolve4('web.default.svc.cluster.local'), stop.signal),
  ];
  try {
    return await faults(world, { kept, fresh, names });
  } finally {
    stop.abort();
    for (const loop of loops) await loop;
    agent.destroy();
    for (const { name, answers, failures } of [kept, fresh, names])
      world.say(`${name}: ${answers} answers, ${failures.length} failures`);
  }
}

interface Loops {
  readonly kept: Loop;
  readonly fresh: Loop;
  readonly names: Loop;
}

async function faults(world: World, { kept, fresh, names }: Loops): Promise<readonly string[]> {
  const wrong: string[] = [];
  const during = async (
    what: string,
    fault: () => Promise<void>,
    allowed: ReadonlyMap<Loop, number>,
  ): Promise<void> => {
    await sleep(REST_MS);
    const from = performance.now();
    await fault();
    await sleep(REST_MS + Math.max(0, ...allowed.values()));
    for (const loop of [kept, fresh, names]) {
      const found = loop.failures.filter(({ at }) => at >= from);
      const last = found.at(-1)?.at ?? from;
      world.say(
        `${what}: ${loop.name}: ${found.length} failures within ${((last - from) / 1000).toFixed(1)} s ${found[0]?.why ?? ''}`,
      );
      if (last - from > (allowed.get(loop) ?? 0))
        wrong.push(`${what}: ${loop.name} failed for ${Math.round(last - from)} ms: ${found.at(-1)?.why}`);
    }
  };
  for (const node of world.nodes)
    await during(
      `agent of ${node.name} killed`,
      async () => {
        const pid = findDaemon(node.layout, 'agent')?.pid;
        if (pid !== undefined) kill(pid);
        await startAgain(world);
      },
      // DNS is the agent's own: a Service leads to that of the node.
      new Map([[names, AWAY_MS_MAX]]),
    );
  const repaired = new Map([kept, fresh, names].map((loop) => [loop, REPAIR_MS_MAX]));
  for (const words of [
    ['flush', 'ruleset'],
    ['flush', 'table', 'inet', 'navarch'],
    ['delete', 'table', 'inet', 'navarch'],
  ])
    await during(`nft ${words.join(' ')}`, async () => void (await world.run('nft', ...words)), repaired);
  return wrong;
}

/** Rejects unless the page comes in time. */
function asked(host: string, agent: Agent | false): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = get({ host, port: 80, agent, timeout: ANSWER_MS }, (response) => {
      response.resume().on('end', resolve).on('error', reject);
      if (response.statusCode !== 200) reject(new Error(`status ${response.statusCode}`));
    });
    request.on('error', reject).on('timeout', () => request.destroy(new Error('no answer in time')));
  });
}
