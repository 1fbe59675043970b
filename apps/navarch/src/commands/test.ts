import { spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Declare } from './index.ts';

export const declareTest: Declare = (program, exit) => {
  program.command('test')
    .description('Run every test of this clone: types, lint, units, real containers')
    .option('--only <part...>', 'check, lint, unit, real')
    .action(async (options: { only?: string[] }) => {
      const script = join(import.meta.dirname, '../../../../tools/test.ts');
      const args = (options.only ?? []).flatMap((part) => ['--only', part]);
      const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', script, ...args], { stdio: 'inherit' });
      exit(await new Promise<number>((resolve) => child.on('close', (code) => resolve(code ?? 1))));
    });
};
