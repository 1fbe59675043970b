import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { Declare } from './index.ts';
import { logOf } from '../cluster/daemon.ts';
import { layoutOf } from '../cluster/layout.ts';
import { UserError } from '../user-error.ts';

export const COMPONENTS = ['server', 'agent', 'containerd'] as const;

export const declareLogs: Declare = (program) => {
  program.command('logs')
    .description('Show what a component of the cluster wrote: server (API server, controllers, scheduler), agent (kubelet, proxy, DNS) or containerd')
    .argument('[component]', 'which one', 'server')
    .option('--name <cluster>', 'name of the cluster', 'navarch')
    .option('-f, --follow', 'go on showing what is written')
    .option('-n, --tail <lines>', 'begin with this many last lines', '200')
    .action(async (component: string, options: { name: string; follow?: boolean; tail: string }) => {
      if (!(COMPONENTS as readonly string[]).includes(component)) {
        throw new UserError(`there is no component ${JSON.stringify(component)}: choose one of ${COMPONENTS.join(', ')}`);
      }
      if (!/^\d+$/.test(options.tail)) throw new UserError(`--tail takes a number of lines, not ${JSON.stringify(options.tail)}`);
      const file = logOf(layoutOf(options.name), component);
      if (!existsSync(file)) throw new UserError(`cluster ${options.name} has no log of ${component}: it was never started here`);
      const child = spawn('tail', ['-n', options.tail, ...(options.follow ? ['-F'] : []), file], { stdio: 'inherit' });
      await new Promise((resolve) => child.on('close', resolve));
    });
};
