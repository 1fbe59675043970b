import { mkdirSync, readFileSync } from 'node:fs';
import {
  installPackages, kubeconfigFile, mergeKubeconfig, packagesFor, probeHost, runCommand, startContainerd,
} from '@navarch/node';
import { namespace } from '@navarch/api';
import { settleAll } from '@navarch/base';
import { PAUSE_IMAGE } from '../compose/agent.ts';
import { bringImages, FIRST_IMAGES } from '../cluster/bring-images.ts';
import { findDaemon, startDaemon } from '../cluster/daemon.ts';
import { type Layout, layoutOf } from '../cluster/layout.ts';
import { type ClusterState, readState, writeState } from '../cluster/state.ts';
import { Steps } from '../cluster/steps.ts';
import { adminClient, dnsAnswers, nodesAreReady, until } from '../cluster/wait-ready.ts';
import { UserError } from '../user-error.ts';
import type { Declare } from './index.ts';
import { DEFAULTS, portOf } from './server.ts';

interface UpOptions {
  readonly name: string;
  readonly port: string;
  readonly runtime: string;
}

export const declareUp: Declare = (program) => {
  program.command('up')
    .description('Start a cluster on this machine in the background and wait until it can be used')
    .option('--name <cluster>', 'name of the cluster', 'navarch')
    .option('--port <port>', 'port of the API server', String(DEFAULTS.port))
    .option('--runtime <kind>', 'containerd: real containers; sim: simulated nodes; auto: containers where this machine can', 'auto')
    .action((options: UpOptions) => up(options));
};

async function up(options: UpOptions): Promise<void> {
  const layout = layoutOf(options.name);
  const steps = new Steps((text) => process.stdout.write(text), process.stdout.isTTY === true);
  const { signal } = new AbortController();
  const started = performance.now();
  const wasUp = findDaemon(layout, 'server') && findDaemon(layout, 'agent');
  if (!['auto', 'containerd', 'sim'].includes(options.runtime)) throw new UserError(`--runtime takes auto, containerd or sim, not ${JSON.stringify(options.runtime)}`);
  const known = readState(layout);
  const port = known?.port ?? portOf(options.port);
  const runtime = wasUp && known ? known.runtime : await chooseRuntime(layout, options.runtime, steps, signal);
  if (wasUp) {
    await waitUntilUsable(layout, runtime, steps, signal);
    mergeKubeconfig(kubeconfigFile(), contextOf(layout));
    steps.say(`Cluster ${layout.name} is running already. Try: kubectl get nodes`);
    return;
  }
  const nodeIP = runtime === 'sim' ? '127.0.0.1' : DEFAULTS.nodeIP;
  writeState(layout, { name: layout.name, port, nodeName: layout.name, nodeIP, runtime });
  if (runtime === 'sim') await steps.step('Starting the control plane', () => startServer(layout, port, nodeIP, signal));
  else {
    await addAddress(nodeIP, signal);
    await steps.step('Starting the control plane, and containerd with its first images', () => settleAll([startServer(layout, port, nodeIP, signal), startRuntime(layout, signal)]));
  }
  // Only now, so that no pod looks for an image that is still on its way.
  if (!findDaemon(layout, 'agent')) startDaemon(layout, 'agent', ['agent', '--name', layout.name, '--data-dir', layout.dir, '--node-name', layout.name, '--runtime', runtime]);
  await waitUntilUsable(layout, runtime, steps, signal);
  mergeKubeconfig(kubeconfigFile(), contextOf(layout));
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  steps.say(`\nCluster ${layout.name} is ready after ${seconds} s. kubectl uses it now (context ${layout.name}). Try:\n  kubectl get nodes -o wide\n  kubectl apply -f examples/hello/ && curl localhost:30080\n  ./navarch status, ./navarch logs agent, ./navarch down`);
}

/** Says what is missing and installs what it may; where containers cannot run, nodes are simulated, unless containers were asked for. */
async function chooseRuntime(layout: Layout, asked: string, steps: Steps, signal: AbortSignal): Promise<ClusterState['runtime']> {
  mkdirSync(layout.dir, { recursive: true, mode: 0o700 });
  if (asked === 'sim') return 'sim';
  let report = await probeHost(layout.dir, signal);
  const packages = packagesFor(report);
  if (!report.canRunContainers && packages.length > 0 && process.getuid?.() === 0) {
    steps.say(`This machine lacks: ${report.missing.map((m) => `${m.what} (${m.why})`).join('; ')}`);
    await steps.step(`Installing ${packages.join(', ')}`, () => installPackages(packages, { say: (line) => steps.say(`   ${line}`) }, signal));
    report = await probeHost(layout.dir, signal);
  }
  if (report.canRunContainers) return 'containerd';
  const why = report.missing.map((m) => `${m.what}: ${m.why}`).join('; ');
  if (asked === 'containerd') throw new UserError(`this machine cannot run containers: ${why}`);
  steps.say(`This machine cannot run containers (${why}).\nStarting the same control plane with a simulated node: pods become Ready, but no process runs.`);
  return 'sim';
}

/** The node's own address: on the loopback device, so that it stays whatever networks come and go. */
async function addAddress(address: string, signal: AbortSignal): Promise<void> {
  await runCommand(['ip', 'address', 'replace', `${address}/32`, 'dev', 'lo'], {}, signal);
}

async function startServer(layout: Layout, port: number, nodeIP: string, signal: AbortSignal): Promise<void> {
  if (!findDaemon(layout, 'server')) {
    startDaemon(layout, 'server', [
      'server', '--name', layout.name, '--data-dir', layout.dir, '--port', String(port), '--bind-address', ...new Set(['127.0.0.1', nodeIP]), '--advertise-address', nodeIP, '--node-name', layout.name,
    ]);
  }
  await until(layout, 'a ready API server', ['server'], 30_000, async () => {
    const { api, transport } = adminClient(layout, signal);
    using _ = transport;
    await api.of(namespace).get('kube-system');
    return true;
  });
}

async function startRuntime(layout: Layout, signal: AbortSignal): Promise<void> {
  const containerd = await startContainerd({ dir: layout.containerd, sandboxImage: PAUSE_IMAGE }, signal);
  await bringImages(containerd, layout.images, FIRST_IMAGES, signal);
}

async function waitUntilUsable(layout: Layout, runtime: ClusterState['runtime'], steps: Steps, signal: AbortSignal): Promise<void> {
  const { api, transport } = adminClient(layout, signal);
  using _ = transport;
  await steps.step('Waiting for the node to be ready', () => until(layout, 'a ready node', ['server', 'agent'], 60_000, () => nodesAreReady(api)));
  // A simulated node runs no process that could ask.
  if (runtime === 'sim') return;
  await steps.step('Waiting for cluster DNS to answer in a pod', () => until(layout, 'an answer of cluster DNS', ['server', 'agent'], 60_000, () => dnsAnswers(api)));
}

/** The administrator's kubeconfig with the cluster's name on everything. */
function contextOf(layout: Layout): Record<string, unknown> {
  const text = readFileSync(layout.adminKubeconfig, 'utf8');
  return JSON.parse(text.replaceAll('"navarch"', JSON.stringify(layout.name)).replaceAll('"navarch-admin"', JSON.stringify(`${layout.name}-admin`))) as Record<string, unknown>;
}

