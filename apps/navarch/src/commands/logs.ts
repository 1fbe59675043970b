import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { choiceOf, numberOf } from '../cluster/flags.ts';
import { logOf } from '../cluster/daemon.ts';
import { type Layout, layoutOf } from '../cluster/layout.ts';
import { allNodes } from '../cluster/local-nodes.ts';
import { clusterOption } from '../cluster/usual-cluster.ts';
import { UserError } from '../user-error.ts';
import type { Declare } from './declare.ts';

const COMPONENTS = ['server', 'agent', 'containerd'] as const;
const LINES_MAX = 1_000_000;

const HELP = `
Components: server (API server, controllers, scheduler), agent (kubelet, service proxy, DNS), containerd.

Examples:
  ./navarch logs                   the last 200 lines of the server
  ./navarch logs agent -f          what the agent writes, as it does
`;

export const declareLogs: Declare = (program) => {
  program
    .command('logs')
    .description('Show what a component of the cluster wrote: server, agent or containerd')
    .argument('[component]', 'which one', 'server')
    .addOption(clusterOption())
    .option('--node <name>', 'of a node of this machine, such as navarch-2 or navarch-worker')
    .option('-f, --follow', 'go on showing what is written')
    .option('-n, --tail <lines>', 'begin with this many last lines', '200')
    .addHelpText('after', HELP)
    .action(async (component: string, options: { name: string; node?: string; follow?: boolean; tail: string }) => {
      const file = fileOf(nodeLayout(layoutOf(options.name), options.node), choiceOf('logs', component, COMPONENTS));
      const lines = numberOf('--tail', options.tail, [0, LINES_MAX]);
      if (!existsSync(file))
        throw new UserError(
          `cluster ${options.name} has no log of ${component}: it was never started here in the background`,
        );
      const child = spawn('tail', ['-n', String(lines), ...(options.follow ? ['-F'] : []), file], { stdio: 'inherit' });
      await new Promise((resolve) => child.on('close', resolve));
    });
};

/** The layout of a node on this machine; the first one's is the cluster's. */
function nodeLayout(layout: Layout, node: string | undefined): Layout {
  if (node === undefined || node === layout.name) return layout;
  const found = allNodes(layout).find(({ name }) => name === node);
  if (!found)
    throw new UserError(`cluster ${layout.name} has no node ${node} on this machine: \`navarch status\` names them`);
  return found.layout;
}

const fileOf = (layout: Layout, component: (typeof COMPONENTS)[number]): string =>
  component === 'containerd' ? join(layout.containerd, 'containerd.log') : logOf(layout, component);
