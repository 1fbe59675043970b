import { join } from 'node:path';
import { flagsOf, runScript } from '../run-program.ts';
import type { Declare } from './declare.ts';

export const declareBench: Declare = (program, exit) => {
  program
    .command('bench')
    .description('Measure this clone on this machine, beside a peer where there is one')
    .argument('[name]', 'what to measure; absent: list what there is')
    .option('--vs <side>', 'measure "peer" too, in the same run')
    .option('--rounds <count>', 'rounds of each workload; the median is what counts (default 3)')
    .option('--only <text>', 'only workloads with this in their name')
    .option('--all', 'everything there is of it, where that takes longer than a coffee')
    .option('--quick', 'small and once: shows that it works, says little about speed')
    .option('--out <folder>', 'where NAME.json and NAME.md are written (default: bench/results)')
    .action(async (name: string | undefined, options: Readonly<Record<string, string | true>>) => {
      const script = join(import.meta.dirname, '../../../../bench/src/main.ts');
      exit(await runScript(script, [...(name ? [name] : []), ...flagsOf(options)]));
    });
};
