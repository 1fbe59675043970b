import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { CommandError, kubeconfigFile, removeFromKubeconfig, runCommand, teardownContainerd } from '@navarch/node';
import { TABLE } from '@navarch/proxy';
import { BRIDGE, cgroupRootOf } from '../compose/agent.ts';
import { stopDaemon } from '../cluster/daemon.ts';
import { type Layout, layoutOf } from '../cluster/layout.ts';
import { readState } from '../cluster/state.ts';
import { Steps } from '../cluster/steps.ts';
import type { Declare } from './index.ts';
import { DEFAULTS } from './server.ts';

/** What `--keep-data` leaves: the next `up` finds every object again. */
const KEPT = new Set(['store', 'pki', 'cluster.json']);

export const declareDown: Declare = (program) => {
  program.command('down')
    .description('Stop the cluster and remove everything it made on this machine')
    .option('--name <cluster>', 'name of the cluster', 'navarch')
    .option('--keep-data', 'keep the store and the certificates for the next up')
    .action(async (options: { name: string; keepData?: boolean }) => {
      const layout = layoutOf(options.name);
      const steps = new Steps((text) => process.stdout.write(text), process.stdout.isTTY === true);
      if (!existsSync(layout.dir)) return steps.say(`There is no cluster ${layout.name} on this machine.`);
      const { signal } = new AbortController();
      await steps.step('Stopping the agent', () => stopDaemon(layout, 'agent'));
      if (readState(layout)?.runtime !== 'sim') await steps.step('Removing pods and containerd', () => teardownContainerd({ dir: layout.containerd, bridge: BRIDGE, cgroupRoot: cgroupRootOf(layout.name) }, signal));
      await steps.step('Stopping the control plane', () => stopDaemon(layout, 'server'));
      await steps.step('Removing networks, mounts and files', async () => {
        if (readState(layout)?.runtime !== 'sim') await removeHostState(layout, signal);
        for (const name of readdirSync(layout.dir)) if (!options.keepData || !KEPT.has(name)) rmSync(join(layout.dir, name), { recursive: true, force: true });
        if (!options.keepData) rmSync(layout.dir, { recursive: true, force: true });
      });
      removeFromKubeconfig(kubeconfigFile(), layout.name, `${layout.name}-admin`);
      steps.say(options.keepData ? `Cluster ${layout.name} is down; its data is kept in ${layout.dir}.` : `Cluster ${layout.name} is gone.`);
    });
};

async function removeHostState(layout: Layout, signal: AbortSignal): Promise<void> {
  await unmountBelow(layout.dir, signal);
  await quietly(['nft', 'delete', 'table', 'inet', TABLE], signal);
  await quietly(['ip', 'address', 'delete', `${readState(layout)?.nodeIP ?? DEFAULTS.nodeIP}/32`, 'dev', 'lo'], signal);
}

/** Memory volumes of pods are mounts: they must go before the folder does. */
async function unmountBelow(dir: string, signal: AbortSignal): Promise<void> {
  const { stdout } = await runCommand(['findmnt', '-rno', 'TARGET'], {}, signal);
  for (const target of stdout.split('\n').filter((path) => path.startsWith(`${dir}/`)).toReversed()) await quietly(['umount', '-l', target], signal);
}

/** For what may be gone already. */
async function quietly(command: readonly string[], signal: AbortSignal): Promise<void> {
  try {
    await runCommand(command, {}, signal);
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
  }
}
