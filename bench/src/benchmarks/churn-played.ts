// Run as a process of its own by the benchmark `churn`: plays one workload in a simulated cluster and prints what it took, as JSON.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { configMap, cronJob, deployment, namespace } from '@navarch/api';
import type { Draft, ObjectOf } from '@navarch/machinery';
import { startCluster, type TestCluster } from '@navarch/testing';

/** What one play took. */
type Figures = Readonly<Record<string, number>>;

const [, , name = '', ...numbers] = process.argv;
const plays: Readonly<Record<string, (...numbers: readonly number[]) => Promise<Figures>>> = {
  fill,
  grow,
  namespace: emptied,
  cron,
  settled,
};
const web = (n: number, replicas: number): Draft<ObjectOf<typeof deployment>> => ({
  metadata: { name: `web-${n}`, namespace: 'default' },
  spec: {
    replicas,
    selector: { matchLabels: { app: `web-${n}` } },
    template: {
      metadata: { labels: { app: `web-${n}` } },
      spec: { containers: [{ name: 'web', image: 'nginx', resources: { requests: { cpu: '100m' } } }] },
    },
  },
});

interface Spent {
  readonly seconds: number;
  readonly cpuSeconds: number;
}

async function spent(work: () => Promise<void>): Promise<Spent> {
  const [began, cpu] = [performance.now(), process.cpuUsage()];
  await work();
  const { user, system } = process.cpuUsage(cpu);
  return { seconds: (performance.now() - began) / 1000, cpuSeconds: (user + system) / 1e6 };
}

async function makeReady(cluster: TestCluster, from: number, sets: number, size: number): Promise<void> {
  const before = await readyCount(cluster);
  for (let n = 0; n < sets; n++) await cluster.api.of(deployment).create(web(from + n, size));
  for (let s = 0; s < 600; s++) {
    await cluster.advance('1s');
    if ((await readyCount(cluster)) >= before + sets * size) return;
  }
  throw new Error('not all pods are ready after ten simulated minutes');
}

/** As the deployments say: to look at all pods every second would be most of the work in a large cluster. */
const readyCount = async (cluster: TestCluster): Promise<number> =>
  (await cluster.api.of(deployment).list({ namespace: 'default' })).items.reduce(
    (sum, { status }) => sum + (status.readyReplicas ?? 0),
    0,
  );

function heapBytes(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

/** Deployments of `size` pods each, on nodes that are there: seconds until all are ready, then a quiet minute. */
async function fill(nodes = 1, pods = 1, size = 100): Promise<Figures> {
  await using cluster = await startCluster({ nodes });
  await cluster.advance('30s');
  // What comes first pays for what is compiled then.
  await makeReady(cluster, 0, 1, 500);
  const empty = heapBytes();
  const { seconds, cpuSeconds } = await spent(() => makeReady(cluster, 1, Math.max(1, Math.round(pods / size)), size));
  const full = heapBytes();
  await cluster.advance('30s');
  const quiet = await spent(() => cluster.advance('1m'));
  return {
    seconds,
    podsPerSecond: pods / seconds,
    podsPerCpuSecond: pods / cpuSeconds,
    bytesPerPod: Math.round((full - empty) / pods),
    megabytes: Math.round(full / 1e6),
    idlePercent: (quiet.cpuSeconds / 60) * 100,
  };
}

/** What a pod costs of processor, in ms, in a cluster of so many nodes that has so many pods. */
async function grow(nodes = 1, before = 1, pods = 1): Promise<Figures> {
  await using cluster = await startCluster({ nodes });
  await cluster.advance('30s');
  await makeReady(cluster, 0, Math.round(before / 100), 100);
  await cluster.advance('30s');
  // Nodes renew their leases all the while, which is no work of pods.
  const idle = await spent(() => cluster.advance('30s'));
  const began = cluster.clock.monotonic();
  const { cpuSeconds } = await spent(() => makeReady(cluster, 1000, Math.round(pods / 100), 100));
  const leases = (idle.cpuSeconds / 30) * ((cluster.clock.monotonic() - began) / 1000);
  return { cpuMsPerPod: ((cpuSeconds - leases) * 1000) / pods };
}

async function emptied(objects = 1): Promise<Figures> {
  await using cluster = await startCluster({ nodes: 1 });
  await cluster.settled();
  await cluster.api.of(namespace).create({ metadata: { name: 'team' } });
  for (let n = 0; n < objects; n++)
    await cluster.api
      .of(configMap)
      .create({ metadata: { name: `map-${n}`, namespace: 'team' }, data: { n: String(n) } });
  await cluster.advance('10s');
  const { seconds, cpuSeconds } = await spent(async () => {
    await cluster.api.of(namespace).delete('team');
    const isThere = async (): Promise<boolean> =>
      (await cluster.api.of(namespace).list()).items.some(({ metadata }) => metadata.name === 'team');
    while (await isThere()) await cluster.advance('1s');
  });
  return { seconds, cpuSeconds };
}

/** Cron jobs whose moment is far: writes and processor that they cost in an hour, beside a cluster without them. */
async function cron(count = 1): Promise<Figures> {
  const hour = async (jobs: number): Promise<Spent & { readonly writes: number }> => {
    await using cluster = await startCluster({ nodes: 0 });
    for (let n = 0; n < jobs; n++)
      await cluster.api.of(cronJob).create({
        metadata: { name: `tick-${n}`, namespace: 'default' },
        spec: {
          schedule: '0 0 1 1 *',
          jobTemplate: {
            spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'i' }] } } },
          },
        } as Draft<ObjectOf<typeof cronJob>>['spec'],
      });
    await cluster.settled();
    const before = cluster.history.length;
    const took = await spent(() => cluster.advance('1h'));
    return { ...took, writes: cluster.history.length - before };
  };
  await hour(0);
  const [without, withJobs] = [await hour(0), await hour(count)];
  return {
    writes: withJobs.writes - without.writes,
    cpuMsPerMinute: Math.max(0, ((withJobs.cpuSeconds - without.cpuSeconds) * 1000) / 60),
  };
}

async function settled(objects = 1): Promise<Figures> {
  await using cluster = await startCluster({ nodes: 1 });
  for (let n = 0; n < objects; n++)
    await cluster.api.of(configMap).create({ metadata: { name: `map-${n}`, namespace: 'default' } });
  for (let n = 0; n < 20; n++) await cluster.settled();
  // The median: a single call is so short that whatever else the machine does would be the figure.
  const calls: number[] = [];
  for (let n = 0; n < 101; n++) calls.push((await spent(() => cluster.settled())).seconds * 1000);
  return { ms: calls.sort((a, b) => a - b)[50] ?? NaN };
}

const play = plays[name];
if (!play) throw new RangeError(`there is no ${name} to play`);
process.stdout.write(`${JSON.stringify(await play(...numbers.map(Number)))}\n`);
