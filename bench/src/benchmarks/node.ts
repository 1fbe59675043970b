import { type Pod, pod } from '@navarch/api';
import { settleAll } from '@navarch/base';
import { type Api, httpApi } from '@navarch/client';
import { httpTransport } from '@navarch/node/client';
import { connectRuntime, type GrpcRuntime } from '@navarch/node/cri';
import { systemClock } from '@navarch/node/system';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Draft } from '@navarch/machinery';
import { defineBenchmark, type Sample } from '../harness/benchmark.ts';
import { LocalCluster } from '../harness/local-cluster.ts';
import { NodePods } from '../harness/node-pods.ts';
import { cpuSecondsOf, memoryOf } from '../harness/processes.ts';

const FULL = { some: 30, all: 110, jobs: 20, idleMs: 60_000 };
const QUICK = { some: 5, all: 10, jobs: 5, idleMs: 5_000 };
/** Of a runtime that tells what becomes of containers, and of one that has to be asked every second. */
const GOAL_TOLD_MS = 1000;
const GOAL_ASKED_MS = 2000;
const JOB_MS = 1000;
const JOBS_APART_MS = 250;
const BUSYBOX = 'docker.io/library/busybox:latest';

export const node = defineBenchmark({
  name: 'node',
  about: 'one node full of pods: until they are ready, what the agent costs then, how soon an end is told',
  minutes: 15,
  rounds: 1,
  notes: [
    'Start is from the first request to create a pod until the last is ready; what of it is the agent is in its CPU seconds, and containerd is the rest.',
    'An end is told when a watch of the API shows the container as terminated; it is counted from the time that the runtime says it ended at.',
  ],
  async prepare(context) {
    const cluster = context.made.use(new LocalCluster(context));
    await cluster.up();
    const transport = context.made.use(httpTransport(cluster.access));
    const { signal } = context;
    const api = httpApi({ transport, clock: systemClock, userAgent: 'navarch-bench' }, signal);
    const runtime = context.made.use(await connectRuntime({ socketPath: cluster.containerd.socketPath }, signal));
    const { some, all, jobs, idleMs } = context.isQuick ? QUICK : FULL;
    const pods = new NodePods(api, runtime);
    const agent = (): number => cluster.pidOf('agent');
    return [
      {
        name: `agent with ${some} pods`,
        unit: 'MiB',
        better: 'less',
        goal: 114, // 120 MB.
        async ours(): Promise<Sample> {
          await pods.have(some, signal);
          await sleep(idleMs, undefined, { signal });
          const { residentMiB, proportionalMiB } = memoryOf(agent());
          return { figure: residentMiB, details: { proportionalMiB } };
        },
      },
      {
        name: `${all} pods to ready`,
        unit: 'ms',
        better: 'less',
        async ours(): Promise<Sample> {
          await pods.have(0, signal);
          const cpu = cpuSecondsOf(agent());
          const [containerd, began] = [cpuSecondsOf(cluster.containerd.pid), performance.now()];
          await pods.have(all, signal);
          return {
            figure: performance.now() - began,
            details: {
              agentCpuSeconds: cpuSecondsOf(agent()) - cpu,
              containerdCpuSeconds: cpuSecondsOf(cluster.containerd.pid) - containerd,
            },
          };
        },
      },
      {
        name: `agent, idle with ${all} pods`,
        unit: '% of a core',
        better: 'less',
        goal: 2,
        async ours(): Promise<Sample> {
          await pods.have(all, signal);
          await sleep(idleMs / 2, undefined, { signal });
          const [cpu, began] = [cpuSecondsOf(agent()), performance.now()];
          await sleep(idleMs, undefined, { signal });
          return { figure: ((cpuSecondsOf(agent()) - cpu) * 100_000) / (performance.now() - began) };
        },
      },
      {
        name: `an end is told, slowest of ${jobs}`,
        unit: 'ms',
        better: 'less',
        goal: runtime.features().hasContainerEvents ? GOAL_TOLD_MS : GOAL_ASKED_MS,
        async ours(round): Promise<Sample> {
          await pods.have(0, signal);
          const times = [...(await endings({ api, runtime }, jobs, round, signal))].sort((a, b) => a - b);
          return { figure: times.at(-1) ?? 0, details: { medianMs: times[times.length >> 1] ?? 0 } };
        },
      },
    ];
  },
});

interface Node {
  readonly api: Api;
  readonly runtime: GrpcRuntime;
}

/** Milliseconds from the end of each container until the API has it. */
async function endings(
  { api, runtime }: Node,
  count: number,
  round: number,
  signal: AbortSignal,
): Promise<readonly number[]> {
  const pods = api.of(pod);
  const { resourceVersion } = await pods.list({ namespace: 'default' });
  const names = Array.from({ length: count }, (_, i) => `ending-${round}-${i}`);
  const told = (async (): Promise<ReadonlyMap<string, number>> => {
    const seen = new Map<string, number>();
    for await (const events of pods.watch({ namespace: 'default', after: resourceVersion }, signal))
      for (const event of events) {
        const id = event.type === 'BOOKMARK' ? undefined : endedIn(event.object);
        if (id !== undefined && !seen.has(id)) seen.set(id, Date.now());
        if (seen.size === count) return seen;
      }
    throw new Error(`The watch ended after ${seen.size} containers`);
  })();
  const made = (async (): Promise<void> => {
    for (const name of names) {
      await pods.create({ metadata: { name, namespace: 'default' }, spec: jobSpec });
      await sleep(JOBS_APART_MS, undefined, { signal });
    }
  })();
  const [seen] = await Promise.all([told, made]);
  const times: number[] = [];
  for (const [id, at] of seen) {
    const { status } = await runtime.containerStatus({ containerId: id.replace(/^.*:\/\//, '') }, signal);
    times.push(at - Number(status?.finishedAt ?? 0) / 1e6);
  }
  await settleAll(names.map((name) => pods.delete(`default/${name}`, { gracePeriodSeconds: 0 })));
  return times;
}

const jobSpec: Draft<Pod>['spec'] = {
  restartPolicy: 'Never',
  terminationGracePeriodSeconds: 0,
  containers: [
    { name: 'main', image: BUSYBOX, imagePullPolicy: 'IfNotPresent', command: ['sleep', String(JOB_MS / 1000)] },
  ],
};

const endedIn = ({ status }: Pod): string | undefined => status.containerStatuses?.[0]?.state.terminated?.containerID;
