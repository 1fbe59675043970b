import { defineBenchmark } from '../harness/benchmark.ts';
import { LocalCluster } from '../harness/local-cluster.ts';

export const up = defineBenchmark({
  name: 'up',
  about: 'time from `navarch up` to cluster DNS answering in a pod, images present',
  notes: [
    'Packages and images are there from an `up` before the first round that is not counted; each round begins with nothing of a cluster on the machine and ends with `down`, which is measured on its own.',
  ],
  async prepare(context) {
    await using first = new LocalCluster(context);
    context.say('an `up` that brings packages and images ...');
    await first.up();
    await first.down();
    let downSeconds = 0;
    const once = async (): Promise<number> => {
      await using cluster = new LocalCluster(context);
      const seconds = await timed(() => cluster.up());
      downSeconds = await timed(() => cluster.down());
      return seconds;
    };
    return [
      {
        name: 'up',
        unit: 's',
        better: 'less',
        goal: 6,
        ours: async () => ({ figure: await once(), details: { downSeconds } }),
      },
    ];
  },
});

async function timed(work: () => Promise<void>): Promise<number> {
  const began = performance.now();
  await work();
  return (performance.now() - began) / 1000;
}
