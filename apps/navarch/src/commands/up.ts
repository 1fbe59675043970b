import { networkInterfaces } from 'node:os';
import { readFileSync } from 'node:fs';
import { checkKubeconfig, kubeconfigFile, loadAccess, mergeKubeconfig } from '@navarch/node/client';
import { startContainerd } from '@navarch/node/containerd';
import { installPackages, packagesFor, probeHost, runCommand } from '@navarch/node/host';
import { publicKeyPin } from '@navarch/node/pki';
import { namespace } from '@navarch/api';
import { settleAll } from '@navarch/base';
import { PAUSE_IMAGE } from '../compose/agent.ts';
import { addressRangesOf } from '../cluster/address-ranges.ts';
import { bringImages, FIRST_IMAGES } from '../cluster/bring-images.ts';
import { findDaemon, startDaemon } from '../cluster/daemon.ts';
import { SHARED_MACHINE } from '../cluster/eviction-flags.ts';
import { extraNodes, NODES_MAX, prepareNodes, startNode } from '../cluster/extra-nodes.ts';
import { addressOf, choiceOf, DEFAULTS, numberOf, portOf } from '../cluster/flags.ts';
import { checkFreeSpace } from '../cluster/free-space.ts';
import { type Layout, layoutOf, openFolder } from '../cluster/layout.ts';
import { type ClusterState, readState, writeState } from '../cluster/state.ts';
import { Steps } from '../cluster/steps.ts';
import { takeTurnUp } from '../cluster/turn.ts';
import { adminClient, dnsAnswers, nodesAreReady, until } from '../cluster/wait-ready.ts';
import { joinCommand, type JoinToken, joinTokenText } from '../join/join-token.ts';
import { createToken } from '../join/tokens.ts';
import { sentenceOf, UserError } from '../user-error.ts';
import type { Declare } from './index.ts';

const TOKEN_LIFE_MS = 24 * 3_600_000;

const HELP = `
Installs what is missing (Debian packages; says which before it does), starts the server, containerd and the agent in the
background, waits until pods can find services by name, and makes the cluster kubectl's current context. Where containers
cannot run, it says why and starts the same control plane with a simulated node. May be interrupted and repeated.

Examples:
  ./navarch up                                 a cluster that only this machine reaches
  ./navarch up --node-ip 192.168.1.10          one that other machines can join; prints how
  ./navarch up --nodes 3                       three nodes on this machine, as if they were three machines
  ./navarch up --node-ip 192.168.1.10 --load-balancer-pool 192.168.1.240-192.168.1.250
                                               and whose load balancers they reach, at addresses that nobody else has
  ./navarch up --runtime sim --port 7443       no containers: for trying the API, anywhere
`;

interface UpFlags {
  readonly name: string;
  readonly port?: string;
  readonly nodeIp?: string;
  readonly nodes?: string;
  readonly loadBalancerPool?: string;
  readonly runtime: string;
}

export const declareUp: Declare = (program) => {
  program
    .command('up')
    .description('Start a cluster on this machine in the background and wait until it can be used')
    .option('--name <cluster>', 'name of the cluster', 'navarch')
    .option('--port <port>', `port of the API server (default: ${DEFAULTS.port})`)
    .option(
      '--node-ip <address>',
      `an address of this machine that others reach; lets them join (default: ${DEFAULTS.nodeIP}, which only this machine has)`,
    )
    .option('--nodes <count>', 'nodes on this machine, each in a network namespace of its own (default: 1)')
    .option(
      '--load-balancer-pool <addresses>',
      `addresses for services of type LoadBalancer (default: ${DEFAULTS.loadBalancerPool}, which only this machine reaches; with --node-ip none)`,
    )
    .option(
      '--runtime <kind>',
      'containerd: real containers; sim: simulated nodes; auto: containers where this machine can',
      'auto',
    )
    .addHelpText('after', HELP)
    .action((flags: UpFlags) => up(flags));
};

async function up(flags: UpFlags): Promise<void> {
  const layout = layoutOf(flags.name);
  const asked = choiceOf('--runtime', flags.runtime, ['auto', 'containerd', 'sim']);
  const wanted = wantedOf(flags);
  const steps = new Steps((text) => process.stdout.write(text), process.stdout.isTTY);
  const { signal } = new AbortController();
  const started = performance.now();
  checkKubeconfig(kubeconfigFile());
  using _ = await takeTurnUp(layout, (text) => steps.say(text));
  openFolder(layout);
  const known = readState(layout);
  if (findDaemon(layout, 'server') && findDaemon(layout, 'agent') && known)
    return alreadyUp(layout, { known, wanted, asked }, steps, signal);
  const runtime = await chooseRuntime(layout, asked, known, steps, signal);
  checkFreeSpace(layout.dir, runtime);
  const state: ClusterState = {
    name: layout.name,
    nodeName: layout.name,
    runtime,
    port: wanted.port ?? known?.port ?? DEFAULTS.port,
    nodeIP: wanted.nodeIP ?? known?.nodeIP ?? DEFAULTS.nodeIP,
    nodes: wanted.nodes ?? known?.nodes ?? 1,
    loadBalancerPool: wanted.loadBalancerPool ?? known?.loadBalancerPool ?? poolFor(wanted.nodeIP ?? known?.nodeIP),
  };
  writeState(layout, state);
  await start(layout, state, steps, signal);
  await waitUntilUsable(layout, state, steps, signal);
  mergeKubeconfig(kubeconfigFile(), contextOf(layout));
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  steps.say(
    `\nCluster ${layout.name} is ready after ${seconds} s. kubectl uses it now (context ${layout.name}). Try:\n${TRY}`,
  );
  if (wanted.nodeIP !== undefined)
    steps.say(`Another machine joins, within 24 hours, with:\n  ${await joinLine(layout, state, signal)}`);
}

const TRY = `  kubectl get nodes -o wide
  kubectl apply -f examples/hello/ && curl localhost:30080
  ./navarch status, ./navarch logs agent, ./navarch down`;

/** What was said of the cluster's shape; the rest is as it was, or as usual. */
interface Wanted {
  readonly port: number | undefined;
  readonly nodeIP: string | undefined;
  readonly nodes: number | undefined;
  readonly loadBalancerPool: string | undefined;
}

/** Which addresses of other people's networks are free, they alone know. */
const poolFor = (nodeIP: string = DEFAULTS.nodeIP): string =>
  nodeIP === DEFAULTS.nodeIP ? DEFAULTS.loadBalancerPool : '';

function wantedOf(flags: UpFlags): Wanted {
  const port = flags.port === undefined ? undefined : portOf('--port', flags.port);
  const nodeIP = flags.nodeIp === undefined ? undefined : ownAddressOf(flags.nodeIp);
  const nodes = flags.nodes === undefined ? undefined : numberOf('--nodes', flags.nodes, [1, NODES_MAX]);
  if (nodeIP !== undefined && (nodes ?? 1) > 1) {
    const why = 'further nodes on this machine have addresses of their own; other machines join by token';
    throw new UserError(`--nodes and --node-ip exclude each other: ${why}`);
  }
  const { loadBalancerPool } = flags;
  if (loadBalancerPool !== undefined) addressRangesOf([loadBalancerPool]);
  return { port, nodeIP, nodes, loadBalancerPool };
}

interface Standing {
  readonly known: ClusterState;
  readonly wanted: Wanted;
  readonly asked: string;
}

async function alreadyUp(
  layout: Layout,
  { known, wanted, asked }: Standing,
  steps: Steps,
  signal: AbortSignal,
): Promise<void> {
  const other = [
    ...(wanted.port !== undefined && wanted.port !== known.port ? [`port ${known.port}, not ${wanted.port}`] : []),
    ...(wanted.nodeIP !== undefined && wanted.nodeIP !== known.nodeIP
      ? [`address ${known.nodeIP}, not ${wanted.nodeIP}`]
      : []),
    ...(wanted.nodes !== undefined && wanted.nodes !== (known.nodes ?? 1)
      ? [`${known.nodes ?? 1} nodes, not ${wanted.nodes}`]
      : []),
    ...(wanted.loadBalancerPool !== undefined && wanted.loadBalancerPool !== (known.loadBalancerPool ?? '')
      ? [`load balancer pool ${known.loadBalancerPool || '(none)'}, not ${wanted.loadBalancerPool}`]
      : []),
    ...(asked !== 'auto' && asked !== known.runtime ? [`runtime ${known.runtime}, not ${asked}`] : []),
  ];
  if (other.length > 0)
    throw new UserError(
      `cluster ${layout.name} is running already, with ${other.join(' and ')}: run \`navarch down\` first, or give the new one another --name`,
    );
  await startExtraNodes(layout, known, signal);
  await waitUntilUsable(layout, known, steps, signal);
  mergeKubeconfig(kubeconfigFile(), contextOf(layout));
  steps.say(`Cluster ${layout.name} is running already. Try: kubectl get nodes`);
}

async function start(layout: Layout, state: ClusterState, steps: Steps, signal: AbortSignal): Promise<void> {
  const { runtime, nodeIP } = state;
  if (runtime === 'sim') await steps.step('Starting the control plane', () => startServer(layout, state));
  else {
    if (nodeIP === DEFAULTS.nodeIP) await addAddress(nodeIP, signal);
    await steps.step('Starting the control plane, and containerd with its first images', () =>
      settleAll([
        startServer(layout, state),
        startRuntime(layout, signal),
        prepareNodes(extraNodes(layout, state.nodes ?? 1), layout.images, signal),
      ]),
    );
  }
  // Only now, so that no pod looks for an image that is still on its way.
  await startDaemon(layout, 'agent', [
    'agent',
    '--name',
    layout.name,
    '--data-dir',
    layout.dir,
    '--node-name',
    state.nodeName,
    '--node-ip',
    nodeIP,
    '--runtime',
    runtime,
    ...SHARED_MACHINE,
  ]);
  await startExtraNodes(layout, state, signal);
}

/** The second node and those after it join as machines do. One whose agent was lost is started again. */
async function startExtraNodes(layout: Layout, state: ClusterState, signal: AbortSignal): Promise<void> {
  const missing = extraNodes(layout, state.nodes ?? 1).filter((node) => !findDaemon(node.layout, 'agent'));
  if (missing.length === 0) return;
  if (state.runtime === 'containerd') await prepareNodes(missing, layout.images, signal);
  const server = `https://${state.runtime === 'sim' ? '127.0.0.1' : state.nodeIP}:${state.port}`;
  const token = joinTokenText(await newToken(layout, signal));
  await settleAll(missing.map((node) => startNode(node, state.runtime, server, token)));
}

/** Says what is missing and installs what it may; where containers cannot run, nodes are simulated, unless containers were asked for. */
async function chooseRuntime(
  layout: Layout,
  asked: 'auto' | 'containerd' | 'sim',
  known: ClusterState | undefined,
  steps: Steps,
  signal: AbortSignal,
): Promise<ClusterState['runtime']> {
  const wanted = asked === 'auto' ? (known?.runtime ?? 'auto') : asked;
  if (known && wanted !== known.runtime) {
    throw new UserError(
      `cluster ${layout.name} was begun with ${known.runtime === 'sim' ? 'simulated nodes' : 'containers'}: run \`navarch down\` first, or give the new one another --name`,
    );
  }
  if (wanted === 'sim') return 'sim';
  let report = await probeHost(layout.dir, signal);
  const packages = packagesFor(report);
  if (!report.canRunContainers && packages.length > 0 && process.getuid?.() === 0) {
    steps.say(`This machine lacks: ${report.missing.map((m) => `${m.what} (${m.why})`).join('; ')}`);
    const failure = await install(packages, steps, signal);
    report = await probeHost(layout.dir, signal);
    if (failure !== undefined && wanted === 'containerd')
      throw new UserError(
        `cannot install ${packages.join(', ')}: ${failure}; connect this machine to its package archive, or install them by other means`,
      );
    if (failure !== undefined) steps.say(`They could not be installed: ${failure}`);
  }
  if (report.canRunContainers) return 'containerd';
  const why = report.missing.map((m) => `${m.what}: ${m.why}`).join('; ');
  if (wanted === 'containerd') throw new UserError(`this machine cannot run containers: ${why}`);
  steps.say(
    `This machine cannot run containers (${why}).\nStarting the same control plane with a simulated node: pods become Ready, but no process runs.`,
  );
  return 'sim';
}

/** What the package manager said when it could not; undefined when it could. */
async function install(packages: readonly string[], steps: Steps, signal: AbortSignal): Promise<string | undefined> {
  try {
    await steps.step(`Installing ${packages.join(', ')}`, () =>
      installPackages(packages, { say: (line) => steps.say(`   ${line}`) }, signal),
    );
    return undefined;
  } catch (error) {
    return sentenceOf(error);
  }
}

/** An address by which others reach this machine must be one that it has. */
function ownAddressOf(text: string): string {
  const address = addressOf('--node-ip', text);
  const own = Object.values(networkInterfaces())
    .flatMap((found) => found ?? [])
    .filter(({ family }) => family === 'IPv4')
    .map((found) => found.address);
  if (address !== DEFAULTS.nodeIP && !own.includes(address))
    throw new UserError(`this machine does not have the address ${address}: it has ${own.join(', ')}`);
  return address;
}

/** The node's own address: on the loopback device, so that it stays whatever networks come and go. */
async function addAddress(address: string, signal: AbortSignal): Promise<void> {
  await runCommand(['ip', 'address', 'replace', `${address}/32`, 'dev', 'lo'], {}, signal);
}

async function startServer(
  layout: Layout,
  { port, nodeIP, nodeName, runtime, loadBalancerPool }: ClusterState,
): Promise<void> {
  // No pod asks a server with simulated nodes, and the machine need not have the node's address.
  const addresses = runtime === 'sim' && nodeIP === DEFAULTS.nodeIP ? ['127.0.0.1'] : ['127.0.0.1', nodeIP];
  await startDaemon(layout, 'server', [
    'server',
    '--name',
    layout.name,
    '--data-dir',
    layout.dir,
    '--port',
    String(port),
    '--bind-address',
    ...addresses,
    '--advertise-address',
    nodeIP,
    '--node-name',
    nodeName,
    ...(loadBalancerPool ? ['--load-balancer-pool', loadBalancerPool] : []),
  ]);
  await until(layout, 'a ready API server', ['server'], 30_000, async (attempt) => {
    const { api, transport } = adminClient(layout, attempt);
    using _ = transport;
    await api.of(namespace).get('kube-system');
    return true;
  });
}

async function startRuntime(layout: Layout, signal: AbortSignal): Promise<void> {
  const containerd = await startContainerd({ dir: layout.containerd, sandboxImage: PAUSE_IMAGE }, signal);
  await bringImages(containerd, layout.images, FIRST_IMAGES, signal);
}

async function waitUntilUsable(
  layout: Layout,
  { runtime, nodes = 1 }: ClusterState,
  steps: Steps,
  signal: AbortSignal,
): Promise<void> {
  const { api, transport } = adminClient(layout, signal);
  using _ = transport;
  const inTime = (what: string, isSo: () => Promise<boolean>): Promise<void> =>
    until(layout, what, ['server', 'agent'], 60_000, isSo);
  const waiting = nodes === 1 ? 'Waiting for the node to be ready' : `Waiting for ${nodes} nodes to be ready`;
  await steps.step(waiting, () => inTime('a ready node', () => nodesAreReady(api, nodes)));
  // A simulated node runs no process that could ask.
  if (runtime === 'sim') return;
  await steps.step('Waiting for cluster DNS to answer in a pod', () =>
    inTime('an answer of cluster DNS', () => dnsAnswers(api)),
  );
}

const joinLine = async (layout: Layout, { nodeIP, port }: ClusterState, signal: AbortSignal): Promise<string> =>
  joinCommand(`https://${nodeIP}:${port}`, await newToken(layout, signal));

async function newToken(layout: Layout, signal: AbortSignal): Promise<JoinToken> {
  const { api, transport } = adminClient(layout, signal);
  using _ = transport;
  const pin = publicKeyPin(loadAccess(layout.adminKubeconfig).authority ?? '');
  return await createToken(api, { pin, expiresAt: Date.now() + TOKEN_LIFE_MS, description: 'made by up' });
}

/** The administrator's kubeconfig with the cluster's name on everything. */
function contextOf(layout: Layout): Record<string, unknown> {
  const text = readFileSync(layout.adminKubeconfig, 'utf8');
  const named = text
    .replaceAll('"navarch"', JSON.stringify(layout.name))
    .replaceAll('"navarch-admin"', JSON.stringify(`${layout.name}-admin`));
  return JSON.parse(named) as Record<string, unknown>;
}
