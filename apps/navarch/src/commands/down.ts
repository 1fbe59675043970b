import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { kubeconfigFile, removeFromKubeconfig } from '@navarch/node/client';
import { CommandError, findProgram, linkAddresses, replaceRoutes, runCommand, unmountBelow } from '@navarch/node/host';
import { POLICY_TABLE, TABLE } from '@navarch/proxy';
import { haproxyEngine } from '@navarch/node/haproxy';
import { addressRangesOf } from '../cluster/address-ranges.ts';
import { endUnclaimed, stopDaemon } from '../cluster/daemon.ts';
import { DEFAULTS } from '../cluster/flags.ts';
import { ingressFolder } from '../cluster/ingress-flags.ts';
import { type Layout, layoutOf } from '../cluster/layout.ts';
import { allNodes } from '../cluster/local-nodes.ts';
import { removeHub } from '../cluster/node-network.ts';
import { removeNodes } from '../cluster/run-nodes.ts';
import { readNodeState, readState } from '../cluster/state.ts';
import { Steps } from '../cluster/steps.ts';
import { takeTurnDown } from '../cluster/turn.ts';
import { clusterOption } from '../cluster/usual-cluster.ts';
import { UserError } from '../user-error.ts';
import type { Declare } from './declare.ts';

/** What `--keep-data` leaves: the next `up` finds every object and every volume again, a node that joined its identity. */
const KEPT = [/^(store|pki|cluster\.json)$/, /^(nodes\/\d+\/)?(identity|format\.json|kubelet\/local-volumes)$/];
/** What may have something in it that is kept. */
const SEARCHED = /^(nodes(\/\d+(\/kubelet)?)?|kubelet)$/;

const HELP = `
Ends server, agent, pods and containerd, and removes bridge, mounts, packet rules, control groups, routes and files that
they made, on the machine of an \`up\`, a \`server\` or an \`agent\` alike. An \`up\` that is at work is ended first.

Examples:
  ./navarch down
  ./navarch down --keep-data       the next \`up\` brings everything back
`;

export const declareDown: Declare = (program) => {
  program
    .command('down')
    .description('Stop the cluster and remove everything it made on this machine')
    .addOption(clusterOption())
    .option('--data-dir <folder>', 'the folder of a server or agent that was given one')
    .option('--keep-data', 'keep the store, the certificates and the volumes for the next up')
    .addHelpText('after', HELP)
    .action((flags: { name: string; dataDir?: string; keepData?: boolean }) =>
      down(layoutOf(flags.name, flags.dataDir), flags.keepData ?? false),
    );
};

async function down(layout: Layout, keepsData: boolean): Promise<void> {
  const steps = new Steps((text) => process.stdout.write(text), process.stdout.isTTY);
  const { signal } = new AbortController();
  using _ = await takeTurnDown(layout, (text) => steps.say(text));
  if (!existsSync(layout.dir)) return steps.say(`There is no cluster ${layout.name} on this machine.`);
  const hasContainers = existsSync(layout.containerd);
  if (hasContainers && process.getuid?.() !== 0)
    throw new UserError(`cluster ${layout.name} has containers, which only root may remove: run this with sudo`);
  const nodes = allNodes(layout);
  if (hasContainers || nodes.length > 1)
    await steps.step(nodes.length === 1 ? 'Removing pods and containerd' : `Removing ${nodes.length} nodes`, () =>
      removeNodes(nodes, signal),
    );
  else await steps.step('Stopping the agent', () => stopDaemon(layout, 'agent'));
  await steps.step('Stopping the control plane', () => stopDaemon(layout, 'server'));
  await haproxyEngine(ingressFolder(layout.dir)).stop(signal);
  await steps.step('Removing networks, mounts and files', async () => {
    await endUnclaimed(layout, ['server', 'agent'], signal);
    if (hasContainers) await removeHostState(layout, signal);
    if (keepsData) clearAround(layout.dir);
    else rmSync(layout.dir, { recursive: true, force: true });
    rmSync(layout.upLock, { force: true });
  });
  removeFromKubeconfig(kubeconfigFile(), layout.name, `${layout.name}-admin`);
  steps.say(
    keepsData
      ? `Cluster ${layout.name} is down; its data is kept in ${layout.dir}.`
      : `Cluster ${layout.name} is gone.`,
  );
}

/** Removes everything in a folder but what is kept, and folders in which nothing is left. */
function clearAround(folder: string, prefix = ''): void {
  for (const name of readdirSync(folder)) {
    const path = `${prefix}${name}`;
    if (KEPT.some((kept) => kept.test(path))) continue;
    const whole = join(folder, name);
    if (SEARCHED.test(path)) clearAround(whole, `${path}/`);
    if (!SEARCHED.test(path) || readdirSync(whole).length === 0) rmSync(whole, { recursive: true, force: true });
  }
}

async function removeHostState(layout: Layout, signal: AbortSignal): Promise<void> {
  const state = readState(layout);
  // Memory volumes of pods are mounts: they must go before the folder does.
  await unmountBelow(layout.dir, signal);
  await removeHub({ block: state?.block ?? 0, owner: layout.dir }, signal);
  // What nodes with network namespaces of their own had went with those: what is here is another cluster's.
  if (state?.plan) return;
  for (const table of findProgram('nft') ? [TABLE, POLICY_TABLE] : [])
    await quietly(['nft', 'delete', 'table', 'inet', table], signal);
  if (!findProgram('ip')) return;
  await replaceRoutes([], signal);
  const { nodeIP = DEFAULTS.nodeIP, loadBalancerPool = '' } = readNodeState(layout) ?? {};
  await linkAddresses({ nodeIP, pool: addressRangesOf([loadBalancerPool]) }).hold(new Set(), signal);
  // The only address that `up` gives the machine; any other was there before.
  if ((state?.nodeIP ?? DEFAULTS.nodeIP) === DEFAULTS.nodeIP)
    await quietly(['ip', 'address', 'delete', `${DEFAULTS.nodeIP}/32`, 'dev', 'lo'], signal);
}

/** For what may be gone already. */
async function quietly(command: readonly string[], signal: AbortSignal): Promise<void> {
  try {
    await runCommand(command, {}, signal);
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
  }
}
