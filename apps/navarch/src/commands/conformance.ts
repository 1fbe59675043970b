import { spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Declare } from './index.ts';

export const declareConformance: Declare = (program, exit) => {
  program.command('conformance')
    .description('Run the conformance tests that are written against a cluster')
    .option('--kubeconfig <file>', 'how to reach the cluster; absent: as kubectl does')
    .option('--group <name>', 'only tests of this group, such as apps')
    .option('--focus <pattern>', 'only tests whose name matches')
    .option('--procs <count>', 'tests at a time')
    .option('--junit <file>', 'write the results as JUnit XML')
    .action(async (options: Readonly<Record<string, string>>) => {
      const script = join(import.meta.dirname, '../../../../conformance/src/main.ts');
      const args = Object.entries(options).map(([name, value]) => `--${name}=${value}`);
      const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', script, ...args], { stdio: 'inherit' });
      exit(await new Promise<number>((resolve, reject) => child.on('error', reject).on('close', (code) => resolve(code ?? 1))));
    });
};
