import { join } from 'node:path';
import { runScript } from '../run-program.ts';
import type { Declare } from './index.ts';

export const declareTest: Declare = (program, exit) => {
  program
    .command('test')
    .description(
      'Run every test of this clone: types, lint, units, simulation, the official Go code beside ours, real containers',
    )
    .option('--only <part...>', 'check, lint, unit, sim, oracles, real')
    .option('--oracles', 'only the comparison with the official Go code, at length (needs Go)')
    .option(
      '--fuzz [requests]',
      'only mutated requests against an API server in this process: no crash, no 500, no growth (default: 100000)',
    )
    .option(
      '--seed <number>',
      'other random cases than in every run: of properties, and of questions or requests, as a run printed it',
    )
    .action(async (options: { only?: string[]; oracles?: boolean; fuzz?: string | true; seed?: string }) => {
      const script = join(import.meta.dirname, '../../../../tools/test.ts');
      const args = (options.only ?? []).flatMap((part) => ['--only', part]);
      if (options.oracles) args.push('--oracles');
      if (options.fuzz !== undefined) args.push('--fuzz', options.fuzz === true ? '100000' : options.fuzz);
      if (options.seed !== undefined) args.push('--seed', options.seed);
      exit(await runScript(script, args));
    });
};
