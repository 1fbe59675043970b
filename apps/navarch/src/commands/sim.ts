import { join } from 'node:path';
import { flagsOf, runScript } from '../run-program.ts';
import type { Declare } from './declare.ts';

const HELP = `
Examples:
  navarch sim --list
  navarch sim --seeds 1000 --scenario job
A seed that fails prints the command that plays it again.
`;

export const declareSim: Declare = (program, exit) => {
  program
    .command('sim')
    .description('Play what controllers promise on simulated time, with crashes and bad networks, by seed')
    .option('--seeds <count>', 'how many seeds of each scenario (default: 20)')
    .option('--first <seed>', 'the first of them (default: 1, in which nothing goes wrong)')
    .option('--scenario <text>', 'only scenarios with this in their name')
    .option('--procs <count>', 'how many are played side by side (default: one a processor)')
    .option('--size <count>', 'play those that may be larger with so many: crash loops of 10000 pods')
    .option('--list', 'show the scenarios, play none')
    .option('--costs', 'show what each scenario took')
    .addHelpText('after', HELP)
    .action(async (options: Readonly<Record<string, string | true>>) => {
      const script = join(import.meta.dirname, '../../../../tools/sim.ts');
      exit(await runScript(script, flagsOf(options)));
    });
};
