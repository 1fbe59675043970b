import { defineBenchmark, type Workload } from '../harness/benchmark.ts';
import { scheduleAll } from './schedule-all.ts';
import { decide } from './schedule-replays/decide.ts';
import { idleWorkloads } from './schedule-replays/idle.ts';
import { replays } from './schedule-replays/index.ts';
import { playReplay } from './schedule-replays/play.ts';

/** Measured through the API, with the floors of upstream's CI. */
const FLOORS: ReadonlyMap<string, number> = new Map([
  ['SchedulingBasic/5000Nodes_10000Pods', 680],
  ['SchedulingNodeAffinity/5000Nodes_10000Pods', 220],
  ['TopologySpreading/5000Nodes_5000Pods', 460],
]);

/** Measured by the decision alone: without an API server the floors do not apply. */
const DECISIONS: ReadonlySet<string> = new Set([
  ...FLOORS.keys(),
  'PreferredTopologySpreading/5000Nodes_5000Pods',
  'SchedulingPodAntiAffinity/5000Nodes_2000Pods',
  'SchedulingPodAffinity/5000Nodes_5000Pods',
  'SchedulingPreferredPodAffinity/5000Nodes_5000Pods',
  'SchedulingPreferredPodAntiAffinity/5000Nodes_5000Pods',
]);

const QUICK = 25;

export const schedule = defineBenchmark({
  name: 'schedule',
  about: 'pods per second from their creation over HTTPS to their binding, on fake nodes',
  all: scheduleAll,
  notes: [
    'One `navarch server` process (API server, durable store, admission, controllers, scheduler) and one load client share the machine. From the first create to the last binding seen by a watch; pods before the measured ones and nodes are not counted.',
    'Idle: a scheduler in a process with nothing but a cache of those pods; bytes are what is held more than by the cache alone, CPU that of the whole process.',
    'Decision alone: place() on a snapshot in this process, without API server, queue and binding.',
    "The floors are those of upstream's CI for the same shapes, on larger machines, where API server, etcd and scheduler run beside each other. `--all` plays all of upstream's workloads.",
  ],
  async prepare(context) {
    const size = (count: number): number => Math.max(1, Math.round(count / (context.isQuick ? QUICK : 1)));
    const played = replays.filter(({ name }) => FLOORS.has(name)).slice(0, context.isQuick ? 1 : undefined);
    const throughApi = played.map(({ name, at }): Workload => {
      const floor = FLOORS.get(name);
      return {
        name,
        unit: 'pods/s',
        better: 'more',
        ...(floor === undefined || context.isQuick ? {} : { goal: floor }),
        ours: () => playReplay(at(size), context),
      };
    });
    const decisions = replays
      .filter(({ name }) => DECISIONS.has(name))
      .map(({ name, at }): Workload => ({
        name: `${name.split('/')[0]}, decision alone`,
        unit: 'pods/s',
        better: 'more',
        ours: async () => ({ figure: decide(at(size)) }),
      }));
    return [...throughApi, ...decisions, ...idleWorkloads(size, context)];
  },
});
