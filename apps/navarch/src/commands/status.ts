import { existsSync } from 'node:fs';
import { isNodeReady, node, pod } from '@navarch/api';
import { findContainerd } from '@navarch/node';
import { findDaemon } from '../cluster/daemon.ts';
import { layoutOf } from '../cluster/layout.ts';
import { readState } from '../cluster/state.ts';
import { adminClient } from '../cluster/wait-ready.ts';
import type { Declare } from './index.ts';

export const declareStatus: Declare = (program, exit) => {
  program.command('status')
    .description('Say what of the cluster runs')
    .option('--name <cluster>', 'name of the cluster', 'navarch')
    .action(async (options: { name: string }) => {
      const layout = layoutOf(options.name);
      const state = readState(layout);
      const say = (text: string): void => void process.stdout.write(`${text}\n`);
      if (!state) {
        say(`There is no cluster ${layout.name} on this machine. Start one: ./navarch up`);
        return exit(1);
      }
      say(`Cluster ${state.name}: https://127.0.0.1:${state.port}`);
      for (const name of ['server', 'agent']) {
        const daemon = findDaemon(layout, name);
        say(`  ${name.padEnd(10)} ${daemon ? `runs (pid ${daemon.pid})` : 'does not run'}`);
      }
      const containerd = findContainerd(layout.containerd);
      say(`  containerd ${containerd ? `runs (pid ${containerd.process.pid})` : 'does not run'}`);
      if (!findDaemon(layout, 'server') || !existsSync(layout.adminKubeconfig)) return exit(1);
      const { api, transport } = adminClient(layout, AbortSignal.timeout(5_000));
      using _ = transport;
      const nodes = (await api.of(node).list()).items;
      const pods = (await api.of(pod).list()).items;
      say(`  nodes      ${nodes.filter(isNodeReady).length} of ${nodes.length} ready`);
      say(`  pods       ${pods.filter((p) => p.status.phase === 'Running').length} of ${pods.length} running`);
      return undefined;
    });
};
