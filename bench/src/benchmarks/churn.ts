import { join } from 'node:path';
import { type Context, defineBenchmark, type Sample, type Workload } from '../harness/benchmark.ts';

type Figures = Readonly<Record<string, number>>;

/** A minute or two on two cores. */
const SIZES = { nodes: 500, pods: 10_000, large: 5_000, grown: 2_000, one: 10_000, objects: 20_000, crons: 1_000 };
const QUICK = { nodes: 50, pods: 1_000, large: 300, grown: 500, one: 1_000, objects: 1_000, crons: 100 };

/** What the project is measured by: as many nodes and pods as upstream promises to bear. */
const WHOLE = { nodes: 5_000, pods: 150_000 };
const WHOLE_QUICK = { nodes: 100, pods: 1_000 };

/** With the nursery that the server runs with: see NODE_FLAGS of the cluster's daemons. */
const NODE_FLAGS = ['--disable-warning=ExperimentalWarning', '--max-semi-space-size=64', '--max-old-space-size=12288'];

type Play = (...words: readonly (string | number)[]) => Promise<Figures>;

/** Plays in a process of its own, and reads what it printed. */
const player =
  ({ processes, signal }: Pick<Context, 'processes' | 'signal'>): Play =>
  async (...words) => {
    const args = [...NODE_FLAGS, join(import.meta.dirname, 'churn-played.ts'), ...words.map(String)];
    return JSON.parse(await processes.run(process.execPath, args, {}, signal)) as Figures;
  };

const figure = (figures: Figures, name: string): Sample => ({ figure: figures[name] ?? NaN, details: figures });

export const churn = defineBenchmark({
  name: 'churn',
  about: 'what pods, large deployments, namespaces and cron jobs cost with simulated nodes',
  // Of simulated time every round is the same; only the machine differs.
  rounds: 1,
  notes: [
    'Each workload is played in a fresh process with the whole control plane, on simulated time: the seconds are those that the processor took, nobody waits. Server, controllers, scheduler and simulated nodes share one thread.',
    'The idle share is of everything, the leases of the simulated nodes included. `grown` is the processor time of a pod on 5,000 nodes beside that on 100, both with pods there before, and without that of the leases of the nodes.',
  ],
  async prepare(context) {
    const size = context.isQuick ? QUICK : SIZES;
    const play = player(context);
    let filled: Figures | undefined;
    const fill = async (): Promise<Figures> => (filled ??= await play('fill', size.nodes, size.pods));
    const workloads: readonly Workload[] = [
      {
        name: `fill ${size.nodes} nodes with ${size.pods} pods`,
        unit: 'pods/s',
        better: 'more',
        goal: 2_000,
        ours: async () => {
          filled = undefined;
          return figure(await fill(), 'podsPerSecond');
        },
      },
      {
        name: `memory of ${size.pods} pods`,
        unit: 'bytes/pod',
        better: 'less',
        ours: async () => figure(await fill(), 'bytesPerPod'),
      },
      {
        name: `idle, ${size.nodes} nodes`,
        unit: '% of a core',
        better: 'less',
        goal: 2,
        ours: async () => figure(await fill(), 'idlePercent'),
      },
      {
        name: `a pod on ${size.large} nodes beside 100`,
        unit: 'times',
        better: 'less',
        goal: 1.3,
        ours: async () => {
          const small = await play('grow', 100, size.grown, size.grown);
          const large = await play('grow', size.large, size.grown, size.grown);
          return {
            figure: (large['cpuMsPerPod'] ?? NaN) / (small['cpuMsPerPod'] ?? NaN),
            details: { smallMs: small['cpuMsPerPod'] ?? NaN, largeMs: large['cpuMsPerPod'] ?? NaN },
          };
        },
      },
      {
        name: `one deployment of ${size.one} pods`,
        unit: 's',
        better: 'less',
        goal: 10,
        ours: async () => figure(await play('fill', size.nodes, size.one, size.one), 'seconds'),
      },
      {
        name: `delete a namespace of ${size.objects} objects`,
        unit: 's',
        better: 'less',
        goal: 10,
        ours: async () => figure(await play('namespace', size.objects), 'seconds'),
      },
      {
        name: `${size.crons} cron jobs between their moments`,
        unit: 'CPU ms/min',
        better: 'less',
        goal: 1,
        ours: async () => figure(await play('cron', size.crons), 'cpuMsPerMinute'),
      },
      {
        name: 'settled() with 1,000 objects at rest',
        unit: 'ms',
        better: 'less',
        goal: 1,
        ours: async () => figure(await play('settled', 1_000), 'ms'),
      },
    ];
    return workloads;
  },
});

export const churnWhole = defineBenchmark({
  name: 'churn-whole',
  about: 'a cluster of 5,000 simulated nodes filled with 150,000 pods: seconds and memory',
  rounds: 1,
  notes: [
    'As in `churn`: one process with the whole control plane and all nodes, on simulated time. It takes minutes, and a machine that does nothing else.',
  ],
  async prepare(context) {
    const { nodes, pods } = context.isQuick ? WHOLE_QUICK : WHOLE;
    let filled: Figures | undefined;
    const fill = async (): Promise<Figures> => (filled ??= await player(context)('fill', nodes, pods));
    const one = (what: string, unit: string, name: string): Workload => ({
      name: `${what}, ${nodes} nodes and ${pods} pods`,
      unit,
      better: 'less',
      ours: async () => figure(await fill(), name),
    });
    return [one('fill', 's', 'seconds'), one('memory', 'MB', 'megabytes'), one('idle', '% of a core', 'idlePercent')];
  },
});
