import { type Context, defineBenchmark, type Sample, type Workload } from '../harness/benchmark.ts';
import { decide } from './schedule-replays/decide.ts';
import { floors } from './schedule-replays/floors.ts';
import { idleWorkloads } from './schedule-replays/idle.ts';
import { replays } from './schedule-replays/index.ts';
import { playReplay } from './schedule-replays/play.ts';
import type { NamedReplay } from './schedule-replays/replay.ts';

/** How many times smaller everything is in the column that shows whether a pod costs more in a large cluster. */
const TENTH = 10;
const QUICK = 100;

export const scheduleAll = defineBenchmark({
  name: 'schedule-all',
  about: "every workload of upstream's scheduler benchmark, through the API server, beside its floor",
  minutes: 90,
  columns: { alone: 'decision alone', tenth: 'of a tenth', growth: 'growth' },
  notes: [
    "One `navarch server` process (API server, durable store, admission, controllers, scheduler) and one load client share the machine. From the first create to the last binding seen by a watch. As in upstream's benchmark nothing taints the nodes, which have no kubelet.",
    "The floors are those of upstream's CI, on larger machines, where API server, etcd and scheduler run beside each other; the goal of those that look at other pods is five times as much.",
    'Idle: a scheduler in a process with nothing but a cache of those pods; bytes are what is held more than by the cache alone, CPU that of the whole process.',
    'Decision alone: pods/s of place() on a snapshot in this process, evictions included, without API server, queue, binding, and what else goes on. Of a tenth: the same with ten times fewer nodes and pods. Growth: how many times as long a pod takes with all of them.',
  ],
  async prepare(context) {
    const known = floors();
    const names = new Set(replays.map(({ name }) => name));
    const unknown = [...known.keys()].filter((name) => !names.has(name));
    if (unknown.length > 0) throw new Error(`Nobody knows how to play ${unknown.join(', ')}`);
    const size = smaller(context.isQuick ? QUICK : 1);
    const played = replays
      .filter(({ name }) => known.has(name))
      .map((replay): Workload => {
        const floor = known.get(replay.name);
        return {
          name: replay.name,
          unit: 'pods/s',
          better: 'more',
          ...(floor === undefined || context.isQuick ? {} : { goal: floor * (replay.times ?? 1) }),
          ours: () => measure(replay, context),
        };
      });
    return [...played, ...idleWorkloads(size, context)];
  },
});

const smaller = (by: number) => (count: number) => Math.max(1, Math.round(count / by));

async function measure(replay: NamedReplay, context: Context): Promise<Sample> {
  const size = smaller(context.isQuick ? QUICK : 1);
  const through = await playReplay(replay.at(size), context);
  return { ...through, details: { ...through.details, ...alone(replay, size) } };

  function alone({ at }: NamedReplay, whole: (count: number) => number): Readonly<Record<string, number>> {
    const all = decide(at(whole));
    const tenth = decide(at((count) => whole(smaller(TENTH)(count))));
    return { alone: all, tenth, growth: tenth / all };
  }
}
