import { spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Declare } from './index.ts';

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
    .option('--list', 'show the scenarios, play none')
    .option('--costs', 'show what each scenario took')
    .addHelpText('after', HELP)
    .action(async (options: Readonly<Record<string, string | true>>) => {
      const script = join(import.meta.dirname, '../../../../tools/sim.ts');
      const flags = Object.entries(options).map(([flag, value]) =>
        value === true ? `--${flag}` : `--${flag}=${value}`,
      );
      const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', script, ...flags], {
        stdio: 'inherit',
      });
      // An interrupt reaches both: this one waits for what has been found so far.
      const ignore = (): void => undefined;
      process.on('SIGINT', ignore);
      exit(await new Promise<number>((resolve) => child.on('close', (code) => resolve(code ?? 1))));
      process.off('SIGINT', ignore);
    });
};
