import { networkInterfaces } from 'node:os';
import { readFileSync } from 'node:fs';
import { checkKubeconfig, kubeconfigFile, mergeKubeconfig } from '@navarch/node/client';
import { addressRangesOf } from '../cluster/address-ranges.ts';
import { chooseRuntime } from '../cluster/choose-runtime.ts';
import { findDaemon } from '../cluster/daemon.ts';
import { addressOf, choiceOf, DEFAULTS, numberOf, portOf, urlOf } from '../cluster/flags.ts';
import { checkFreeSpace } from '../cluster/free-space.ts';
import { type IngressFlags, INGRESS_PORTS, prepareIngress } from '../cluster/ingress-flags.ts';
import { type Layout, layoutOf, openFolder } from '../cluster/layout.ts';
import { NODES_MAX } from '../cluster/local-nodes.ts';
import { newToken, startCluster, startMissing, waitUntilUsable } from '../cluster/start-cluster.ts';
import { type ClusterState, readState, writeState } from '../cluster/state.ts';
import { Steps } from '../cluster/steps.ts';
import { takeTurnUp } from '../cluster/turn.ts';
import { describedState, readDescription, sameAs } from '../cluster/described-cluster.ts';
import { USUAL_NAME } from '../cluster/usual-cluster.ts';
import { joinCommand } from '../join/join-token.ts';
import type { ClusterPlan, Planned } from '../kind-config/cluster-plan.ts';
import { UserError } from '../user-error.ts';
import type { Declare } from './declare.ts';

const HELP = `
Installs what is missing (Debian packages; says which before it does), starts the server, containerd and the agent in the
background, waits until pods can find services by name, and makes the cluster kubectl's current context. Where containers
cannot run, it says why and starts the same control plane with a simulated node. May be interrupted and repeated.

Examples:
  ./navarch up                                 a cluster that only this machine reaches
  ./navarch up --node-ip 192.168.1.10          one that other machines can join; prints how
  ./navarch up --nodes 3                       three nodes on this machine, as if they were three machines
  ./navarch up --config cluster.yaml           the cluster that a file of kind's describes (kind.x-k8s.io/v1alpha4)
  ./navarch up --node-ip 192.168.1.10 --load-balancer-pool 192.168.1.240-192.168.1.250
                                               and whose load balancers they reach, at addresses that nobody else has
  ./navarch up --runtime sim --port 7443       no containers: for trying the API, anywhere
`;

interface UpFlags extends IngressFlags {
  readonly name?: string;
  readonly port?: string;
  readonly nodeIp?: string;
  readonly nodes?: string;
  readonly config?: string;
  readonly loadBalancerPool?: string;
  readonly runtime: string;
}

export const declareUp: Declare = (program) => {
  program
    .command('up')
    .description('Start a cluster on this machine in the background and wait until it can be used')
    .option('--name <cluster>', `name of the cluster (default: that of the file, or ${USUAL_NAME})`)
    .option('--port <port>', `port of the API server (default: ${DEFAULTS.port})`)
    .option(
      '--node-ip <address>',
      `an address of this machine that others reach; lets them join (default: ${DEFAULTS.nodeIP}, which only this machine has)`,
    )
    .option('--nodes <count>', 'nodes on this machine, the first being the machine itself (default: 1)')
    .option(
      '--config <file>',
      'a description of the cluster as kind reads it (YAML): nodes, each in a network namespace of its own, and what they have',
    )
    .option(
      '--load-balancer-pool <addresses>',
      `addresses for services of type LoadBalancer (default: ${DEFAULTS.loadBalancerPool}, which only this machine reaches; with --node-ip none)`,
    )
    .option(
      '--runtime <kind>',
      'containerd: real containers; sim: simulated nodes; auto: containers where this machine can',
      'auto',
    )
    .option('--ingress', 'serve Ingresses on this machine; so it is unless it cannot be')
    .option('--no-ingress', 'do not')
    .option('--ingress-http-port <port>', `port of Ingresses without TLS (default: ${INGRESS_PORTS.http})`)
    .option('--ingress-https-port <port>', `port of Ingresses with TLS (default: ${INGRESS_PORTS.https})`)
    .addHelpText('after', HELP)
    .action((flags: UpFlags) => up(flags));
};

async function up(flags: UpFlags): Promise<void> {
  const described = flags.config === undefined ? undefined : await readDescription(flags.config);
  const layout = layoutOf(flags.name ?? described?.name ?? USUAL_NAME);
  const asked = choiceOf('--runtime', flags.runtime, ['auto', 'containerd', 'sim']);
  const wanted = wantedOf(flags, described);
  const steps = new Steps((text) => process.stdout.write(text), process.stdout.isTTY);
  const { signal } = new AbortController();
  const started = performance.now();
  checkKubeconfig(kubeconfigFile());
  for (const remark of described?.remarks ?? []) steps.say(`Note: ${remark}`);
  using _ = await takeTurnUp(layout, (text) => steps.say(text));
  openFolder(layout);
  const known = readState(layout);
  if (findDaemon(layout, 'server') && findDaemon(layout, 'agent') && known)
    return alreadyUp(layout, { known, wanted, asked }, steps, signal);
  const runtime = await chooseRuntime(layout, asked, known, steps, signal);
  checkFreeSpace(layout.dir, runtime);
  const state: ClusterState = {
    ...(await stateOf(layout, { runtime, wanted, known }, signal)),
    ...(runtime === 'sim' ? {} : await prepareIngress(flags, known, steps, signal)),
  };
  writeState(layout, state);
  await startCluster(layout, state, steps, signal);
  await waitUntilUsable(layout, state, steps, signal);
  mergeKubeconfig(kubeconfigFile(), contextOf(layout));
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  steps.say(`\nCluster ${layout.name} is ready after ${seconds} s. kubectl uses it now (context ${layout.name}). Try:`);
  steps.say(state.plan ? tryDescribed(layout) : TRY);
  if (state.plan?.hasPodNetwork === false)
    steps.say('Nodes become ready once a network for pods is there, which the file says is not ours to bring.');
  if (wanted.nodeIP !== undefined)
    steps.say(`Another machine joins, within 24 hours, with:\n  ${await joinLine(layout, state, signal)}`);
}

const TRY = `  kubectl get nodes -o wide
  kubectl apply -f examples/hello/ && curl localhost:30080
  ./navarch status, ./navarch logs agent, ./navarch down`;

function tryDescribed({ name }: Layout): string {
  const named = name === USUAL_NAME ? '' : ` --name ${name}`;
  return `  kubectl get nodes -o wide\n  ./navarch status${named}, ./navarch node list${named}, ./navarch down${named}`;
}

/** What was said of the cluster's shape; the rest is as it was, or as usual. */
interface Wanted {
  readonly port: number | undefined;
  readonly nodeIP: string | undefined;
  readonly nodes: number | undefined;
  readonly plan: ClusterPlan | undefined;
  readonly loadBalancerPool: string | undefined;
}

/** Which addresses of other people's networks are free, they alone know. */
const poolFor = (nodeIP: string = DEFAULTS.nodeIP): string =>
  nodeIP === DEFAULTS.nodeIP ? DEFAULTS.loadBalancerPool : '';

function wantedOf(flags: UpFlags, described: Planned | undefined): Wanted {
  const port = flags.port === undefined ? undefined : portOf('--port', flags.port);
  const nodeIP = flags.nodeIp === undefined ? undefined : ownAddressOf(flags.nodeIp);
  const nodes = flags.nodes === undefined ? undefined : numberOf('--nodes', flags.nodes, [1, NODES_MAX]);
  if (nodeIP !== undefined && (nodes ?? 1) > 1) {
    const why = 'further nodes on this machine have addresses of their own; other machines join by token';
    throw new UserError(`--nodes and --node-ip exclude each other: ${why}`);
  }
  if (described && (nodes ?? nodeIP) !== undefined)
    throw new UserError(`--config says which nodes there are: leave ${nodes ? '--nodes' : '--node-ip'} out`);
  const { loadBalancerPool } = flags;
  if (loadBalancerPool !== undefined) addressRangesOf([loadBalancerPool]);
  return { port, nodeIP, nodes, plan: described?.plan, loadBalancerPool };
}

interface Chosen {
  readonly runtime: ClusterState['runtime'];
  readonly wanted: Wanted;
  readonly known: ClusterState | undefined;
}

async function stateOf(layout: Layout, { runtime, wanted, known }: Chosen, signal: AbortSignal): Promise<ClusterState> {
  const plan = wanted.plan ?? known?.plan;
  if (plan) return describedState(layout, { ...wanted, plan, runtime, known }, signal);
  return {
    name: layout.name,
    nodeName: layout.name,
    runtime,
    port: wanted.port ?? known?.port ?? DEFAULTS.port,
    nodeIP: wanted.nodeIP ?? known?.nodeIP ?? DEFAULTS.nodeIP,
    nodes: wanted.nodes ?? known?.nodes ?? 1,
    loadBalancerPool: wanted.loadBalancerPool ?? known?.loadBalancerPool ?? poolFor(wanted.nodeIP ?? known?.nodeIP),
  };
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
    ...(wanted.plan && !sameAs(wanted.plan, known.plan) ? ['another description than that of the file'] : []),
    ...(wanted.loadBalancerPool !== undefined && wanted.loadBalancerPool !== (known.loadBalancerPool ?? '')
      ? [`load balancer pool ${known.loadBalancerPool || '(none)'}, not ${wanted.loadBalancerPool}`]
      : []),
    ...(asked !== 'auto' && asked !== known.runtime ? [`runtime ${known.runtime}, not ${asked}`] : []),
  ];
  if (other.length > 0)
    throw new UserError(
      `cluster ${layout.name} is running already, with ${other.join(' and ')}: run \`navarch down\` first, or give the new one another --name`,
    );
  await startMissing(layout, known, signal);
  await waitUntilUsable(layout, known, steps, signal);
  mergeKubeconfig(kubeconfigFile(), contextOf(layout));
  steps.say(`Cluster ${layout.name} is running already. Try: kubectl get nodes`);
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

const joinLine = async (layout: Layout, { nodeIP, port }: ClusterState, signal: AbortSignal): Promise<string> =>
  joinCommand(urlOf(nodeIP, port), await newToken(layout, signal));

/** The administrator's kubeconfig with the cluster's name on everything. */
function contextOf(layout: Layout): Record<string, unknown> {
  const text = readFileSync(layout.adminKubeconfig, 'utf8');
  const named = text
    .replaceAll('"navarch"', JSON.stringify(layout.name))
    .replaceAll('"navarch-admin"', JSON.stringify(`${layout.name}-admin`));
  return JSON.parse(named) as Record<string, unknown>;
}
