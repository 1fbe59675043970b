import { join } from 'node:path';
import { flagsOf, runScript } from '../run-program.ts';
import type { Declare } from './declare.ts';

interface TestFlags {
  readonly only?: readonly string[];
  readonly oracles?: boolean;
  readonly fuzz?: string | true;
  readonly walker?: string | true;
  readonly faults?: readonly string[] | true;
  readonly minutes?: string;
  readonly seed?: string;
}

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
      '--walker [histories]',
      'only packets through random clusters: what the rules of services and policies do with them, and what the API says (default: 10000 histories each)',
    )
    .option(
      '--faults [stories...]',
      'only faults on real containers, a cluster of two nodes each: kills at random under a churn of pods, and others (needs root)',
    )
    .option('--minutes <number>', 'how long faults go on (default: 2)')
    .option(
      '--seed <number>',
      'other random cases than in every run: of properties, and of questions or requests, as a run printed it',
    )
    .action(async (options: TestFlags) => {
      if (options.faults !== undefined) {
        const stories = options.faults === true ? [] : options.faults;
        const { seed, minutes } = options;
        const flags = flagsOf({
          ...(seed === undefined ? {} : { seed }),
          ...(minutes === undefined ? {} : { minutes }),
        });
        return exit(await runScript(join(import.meta.dirname, '../faults/main.ts'), [...stories, ...flags]));
      }
      const script = join(import.meta.dirname, '../../../../tools/test.ts');
      const args = (options.only ?? []).flatMap((part) => ['--only', part]);
      if (options.oracles) args.push('--oracles');
      if (options.fuzz !== undefined) args.push('--fuzz', options.fuzz === true ? '100000' : options.fuzz);
      if (options.walker !== undefined) args.push('--walker', options.walker === true ? '10000' : options.walker);
      if (options.seed !== undefined) args.push('--seed', options.seed);
      exit(await runScript(script, args));
    });
};
