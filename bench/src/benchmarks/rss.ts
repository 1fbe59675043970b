import { setTimeout as sleep } from 'node:timers/promises';
import { defineBenchmark, type Sample } from '../harness/benchmark.ts';
import { LocalCluster } from '../harness/local-cluster.ts';
import { memoryOf } from '../harness/processes.ts';

const IDLE_MS = 60_000;
const BETWEEN_MS = 10_000;

export const rss = defineBenchmark({
  name: 'rss',
  about: 'resident memory of server and agent, idle for a minute after `up`',
  notes: [
    'Resident memory counts what the two processes share (the program of Node) twice; the proportional figure counts it once. containerd is not counted.',
  ],
  async prepare(context) {
    const cluster = context.made.use(new LocalCluster(context));
    await cluster.up();
    const measure = async (round: number): Promise<Sample> => {
      await sleep(context.isQuick ? 2_000 : round === 1 ? IDLE_MS : BETWEEN_MS, undefined, { signal: context.signal });
      const [server, agent, containerd] = [
        memoryOf(cluster.pidOf('server')),
        memoryOf(cluster.pidOf('agent')),
        memoryOf(cluster.containerd.pid),
      ];
      return {
        figure: server.residentMiB + agent.residentMiB,
        details: {
          serverMiB: server.residentMiB,
          agentMiB: agent.residentMiB,
          containerdMiB: containerd.residentMiB,
          proportionalMiB: server.proportionalMiB + agent.proportionalMiB,
        },
      };
    };
    // 300 MB are 286 MiB.
    return [{ name: 'server + agent, idle', unit: 'MiB', better: 'less', goal: 286, ours: measure }];
  },
});
