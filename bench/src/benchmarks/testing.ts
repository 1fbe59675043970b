import { join } from 'node:path';
import { defineBenchmark, type Sample } from '../harness/benchmark.ts';

export const testing = defineBenchmark({
  name: 'testing',
  about: 'time until a test has a whole control plane in its own process, after imports',
  notes: [
    '`startCluster({ nodes: 1 })` from @navarch/testing in a fresh process, until the API answers and the simulated node is Ready; simulated time is not waited for. `next` is the second cluster in the same process.',
  ],
  async prepare({ processes, signal }) {
    let last: { readonly importMs: number; readonly firstMs: number; readonly nextMs: number } | undefined;
    const measure = async (): Promise<NonNullable<typeof last>> => {
      const script = join(import.meta.dirname, 'start-cluster-timed.ts');
      const out = await processes.run(process.execPath, ['--disable-warning=ExperimentalWarning', script], {}, signal);
      return (last = JSON.parse(out) as NonNullable<typeof last>);
    };
    return [
      {
        name: 'first cluster',
        unit: 'ms',
        better: 'less',
        goal: 100,
        ours: async (): Promise<Sample> => {
          const { firstMs, importMs } = await measure();
          return { figure: firstMs, details: { importMs } };
        },
      },
      {
        name: 'next cluster',
        unit: 'ms',
        better: 'less',
        ours: async (): Promise<Sample> => ({ figure: (last ?? (await measure())).nextMs }),
      },
    ];
  },
});
