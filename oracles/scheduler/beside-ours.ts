import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { event, namespace, node, pod, serviceAccount } from '@navarch/api';
import { noMetrics, silent, TaskGroup } from '@navarch/base';
import { type Api, Cache, EventRecorder, httpApi } from '@navarch/client';
import { httpTransport } from '@navarch/node/client';
import { httpExtenders } from '@navarch/node/extenders';
import { systemClock, systemRandom } from '@navarch/node/system';
import { Extender, readSchedulerConfig, runScheduler } from '@navarch/scheduler';
import { serving } from '../client/serve.ts';
import type { Compared } from './configs.ts';

const PATIENCE_MS = 60_000;
const NAMESPACE = 'beside';
const EACH = 20;
/** Four fit on each of two nodes. */
const GPUS = 9;
const OVER = 1;

/** Our scheduler beside one that is written against client-go, with an extender that is written with the official types. */
export async function compareBesideOurs(program: string): Promise<readonly Compared[]> {
  const stop = new AbortController();
  await using server = await serving();
  using transport = httpTransport({ server: server.url, token: 'oracle', isInsecure: true });
  const api = httpApi({ transport, clock: systemClock, userAgent: 'oracle' }, stop.signal);
  const second = spawn(program, [server.url, 'oracle'], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const [urlPrefix] = (await once(createInterface(second.stdout), 'line')) as [string];
    await prepare(api);
    await using group = new TaskGroup(stop.signal);
    schedule(api, urlPrefix, group);
    await createPods(api);
    const placed = await settled(api);
    stop.abort(new Error('Done'));
    return judged(placed);
  } finally {
    stop.abort(new Error('Done'));
    second.kill('SIGTERM');
    await once(second, 'exit');
  }
}

/** Three nodes alike: the extender knows `plain` as one without a driver, and prefers `new`; the other scheduler takes the last. */
async function prepare(api: Api): Promise<void> {
  await api.of(namespace).create({ metadata: { name: NAMESPACE } });
  await api.of(serviceAccount).create({ metadata: { name: 'default', namespace: NAMESPACE } });
  const allocatable = { cpu: '100', memory: '100Gi', pods: '200', 'example.com/gpu': '4' };
  for (const name of ['new', 'old', 'plain']) {
    await api.of(node).create({ metadata: { name } });
    await api
      .of(node)
      .update(name, (current) => ({ ...current, status: { ...current.status, allocatable, capacity: allocatable } }), {
        subresource: 'status',
      });
    // Nobody here says of a node that it is ready.
    await api.of(node).update(name, (current) => ({ ...current, spec: { ...current.spec, taints: [] } }));
  }
}

function schedule(api: Api, urlPrefix: string, group: TaskGroup): void {
  const verbs = { filterVerb: 'filter', prioritizeVerb: 'prioritize', preemptVerb: 'preempt', bindVerb: 'bind' };
  const managedResources = [{ name: 'example.com/gpu', ignoredByScheduler: false }];
  const { profiles, extenders } = readSchedulerConfig({
    apiVersion: 'kubescheduler.config.k8s.io/v1',
    kind: 'KubeSchedulerConfiguration',
    extenders: [{ urlPrefix, ...verbs, weight: 1, managedResources }],
  });
  const deps = { api, clock: systemClock, random: systemRandom(), log: silent };
  const cache = new Cache(deps);
  const recorder = new EventRecorder({ ...deps, events: api.of(event) }, 'default-scheduler');
  const asking = httpExtenders(extenders);
  group.spawn((signal) => cache.run(signal));
  group.spawn((signal) => recorder.run(signal));
  group.spawn(async (signal) => {
    using _ = asking;
    await runScheduler(
      {
        ...deps,
        cache,
        recorder,
        profiles,
        metrics: noMetrics,
        extenders: extenders.map((file) => new Extender(file, asking, systemClock)),
      },
      signal,
    );
  });
}

/** Those of both schedulers in turn, some that want a GPU, and one that nobody schedules. */
async function createPods(api: Api): Promise<void> {
  const create = (name: string, spec: object) =>
    api.of(pod).create({
      metadata: { name, namespace: NAMESPACE },
      spec: { automountServiceAccountToken: false, containers: [{ name: 'c', image: 'i' }], ...spec },
    });
  const withGpu = { containers: [{ name: 'c', image: 'i', resources: { limits: { 'example.com/gpu': '1' } } }] };
  for (let i = 0; i < EACH; i++) {
    await create(`ours-${i}`, {});
    await create(`theirs-${i}`, { schedulerName: 'second' });
  }
  for (let i = 0; i < GPUS; i++) await create(`gpu-${i}`, withGpu);
  await create('nobody', { schedulerName: 'nobody' });
}

type Placed = ReadonlyMap<string, string>;

/** Where pods are once all that may be are somewhere, or time is up. */
async function settled(api: Api): Promise<Placed> {
  const until = Date.now() + PATIENCE_MS;
  for (;;) {
    const { items } = await api.of(pod).list({ namespace: NAMESPACE });
    const placed = new Map(items.map(({ metadata, spec }) => [metadata.name, spec.nodeName ?? '']));
    const open = [...placed].filter(([name, where]) => where === '' && name !== 'nobody').length;
    if (open === OVER || Date.now() > until) return placed;
    await sleep(200);
  }
}

function judged(placed: Placed): readonly Compared[] {
  const where = (prefix: string): readonly string[] =>
    [...placed].filter(([name]) => name.startsWith(prefix)).map(([, at]) => at);
  const check = (what: string, isSo: boolean): Compared => ({
    what,
    why: isSo ? undefined : JSON.stringify(Object.fromEntries(placed)),
  });
  const gpus = where('gpu-');
  const count = (name: string): number => gpus.filter((at) => at === name).length;
  return [
    check(
      'a scheduler of client-go binds its pods beside ours',
      where('theirs-').every((at) => at === 'plain'),
    ),
    check('ours places its own, over all nodes', !where('ours-').includes('') && new Set(where('ours-')).size > 1),
    check('an extender of extender/v1 filters, prefers and binds', count('new') === 4 && count('old') === 4),
    check('what the extender leaves no room for waits', count('plain') === 0 && count('') === OVER),
    check('a pod of a scheduler that is not there is left alone', placed.get('nobody') === ''),
  ];
}
