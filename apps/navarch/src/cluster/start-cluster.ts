import { loadAccess } from '@navarch/node/client';
import { openCgroups, removeAbandoned, runCommand, whoListens } from '@navarch/node/host';
import { publicKeyPin } from '@navarch/node/pki';
import { namespace } from '@navarch/api';
import { settleAll } from '@navarch/base';
import { type JoinToken, joinTokenText } from '../join/join-token.ts';
import { createToken } from '../join/tokens.ts';
import { UserError } from '../user-error.ts';
import { findDaemon, startDaemon } from './daemon.ts';
import { DEFAULTS, urlOf } from './flags.ts';
import { ingressArguments } from './ingress-flags.ts';
import type { Layout } from './layout.ts';
import { type LocalNode, localNodes, netnsOf, portsOf } from './local-nodes.ts';
import { markNodes } from './mark-nodes.ts';
import { makeHub, mappedPorts, type NodePort } from './node-network.ts';
import { connectNode, describeNode, type Joining, prepareNodes, startNode } from './run-nodes.ts';
import type { ClusterState } from './state.ts';
import type { Steps } from './steps.ts';
import { adminClient, dnsAnswers, nodesAreReady, nodesAreThere, until } from './wait-ready.ts';

const TOKEN_LIFE_MS = 24 * 3_600_000;
const START_MS = 30_000;
const READY_MS = 60_000;
const DAEMONS = ['server', 'agent'] as const;

/** Control plane and nodes, all that do not run yet. */
export async function startCluster(
  layout: Layout,
  state: ClusterState,
  steps: Steps,
  signal: AbortSignal,
): Promise<void> {
  const nodes = localNodes(layout, state);
  for (const node of nodes) describeNode(node, state);
  if (state.runtime === 'sim') await steps.step('Starting the control plane', () => startServer(layout, state));
  else {
    if (nodes.length > 1 || state.plan)
      await steps.step('Joining the nodes by a network', () => prepareMachine(layout, state, nodes, signal));
    else await prepareMachine(layout, state, nodes, signal);
    await steps.step('Starting the control plane, and containerd with its first images', async () => {
      await settleAll([startServer(layout, state), prepareNodes(nodes, signal)]);
    });
  }
  // Only now, so that no pod looks for an image that is still on its way.
  await steps.step(nodes.length === 1 ? 'Starting the node' : `Starting ${nodes.length} nodes`, () =>
    startAgents(layout, state, nodes, signal),
  );
}

/** What nodes are joined by, before any of them is there. */
async function prepareMachine(
  layout: Layout,
  state: ClusterState,
  nodes: readonly LocalNode[],
  signal: AbortSignal,
): Promise<void> {
  const { nodeIP, block = 0, plan } = state;
  removeAbandoned(openCgroups(), Date.now());
  // The node's own address: on the loopback device, so that it stays whatever networks come and go.
  if (!plan && nodeIP === DEFAULTS.nodeIP)
    await runCommand(['ip', 'address', 'replace', `${nodeIP}/32`, 'dev', 'lo'], {}, signal);
  if (nodes.every(({ cable }) => cable === undefined)) return;
  const ports = portsOf(nodes, state);
  checkPorts(ports, await mappedPorts(block, signal), state.port);
  const hasIpv6 = nodes.some(({ cable }) => cable?.address6 !== undefined);
  await makeHub({ block, owner: layout.dir, hasIpv6 }, ports, signal);
  await settleAll(nodes.map((node) => connectNode(node, state, signal)));
}

/** What another has would not be told to share: whoever comes gets the one or the other. */
function checkPorts(
  ports: readonly NodePort[],
  mapped: readonly { readonly port: number; readonly protocol: string }[],
  apiPort: number,
): void {
  for (const { hostPort, protocol } of ports) {
    const listener = protocol === 'TCP' ? whoListens(hostPort) : undefined;
    const isMapped = mapped.some((other) => other.port === hostPort && other.protocol === protocol);
    if (!listener && !isMapped) continue;
    const other = listener ? `${listener.name} (pid ${listener.pid})` : 'another cluster on this machine';
    const where = hostPort === apiPort ? 'with --port' : 'in extraPortMappings';
    throw new UserError(`port ${hostPort} is taken by ${other}: stop that, or choose another ${where}`);
  }
}

/** Starts every agent that does not run: of a node that was lost, or stopped. */
export const startMissing = (layout: Layout, state: ClusterState, signal: AbortSignal): Promise<void> =>
  startAgain(
    layout,
    state,
    localNodes(layout, state).filter((node) => !findDaemon(node.layout, 'agent')),
    signal,
  );

/** Starts nodes of which nothing runs, the control plane with its own. */
export async function startAgain(
  layout: Layout,
  state: ClusterState,
  nodes: readonly LocalNode[],
  signal: AbortSignal,
): Promise<void> {
  for (const node of nodes) describeNode(node, state);
  if (state.runtime === 'containerd') {
    await settleAll(nodes.map((node) => connectNode(node, state, signal)));
    await prepareNodes(nodes, signal);
  }
  if (nodes.some((node) => isFirst(layout, node))) await startServer(layout, state);
  await startAgents(layout, state, nodes, signal);
}

const isFirst = (layout: Layout, node: LocalNode): boolean => node.layout.dir === layout.dir;

/** The second node and those after it join as machines do; while nobody answers they can only be who they were. */
async function startAgents(
  layout: Layout,
  state: ClusterState,
  nodes: readonly LocalNode[],
  signal: AbortSignal,
): Promise<void> {
  const server = urlOf(state.runtime === 'sim' ? '127.0.0.1' : state.nodeIP, state.port);
  const others = nodes.filter((node) => !isFirst(layout, node));
  const canJoin = others.length > 0 && findDaemon(layout, 'server') !== undefined;
  const token = canJoin ? joinTokenText(await newToken(layout, signal)) : undefined;
  const joiningOf = (node: LocalNode): Joining =>
    token === undefined || isFirst(layout, node) ? { kind: 'known' } : { kind: 'token', server, token };
  await settleAll(nodes.map((node) => startNode(node, state, joiningOf(node))));
}

async function startServer(layout: Layout, state: ClusterState): Promise<void> {
  const { port, nodeIP, nodeName, runtime, loadBalancerPool, plan, ingress } = state;
  const [first] = localNodes(layout, state);
  // No pod asks a server with simulated nodes, and the machine need not have the node's address.
  const isUnreached = runtime === 'sim' && (plan !== undefined || nodeIP === DEFAULTS.nodeIP);
  const { address = nodeIP, address6 = nodeIP } = first?.cable ?? {};
  const addresses = ['127.0.0.1', ...(isUnreached ? [] : new Set([nodeIP, address, address6]))];
  const words = [
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
    ...(plan ? ['--cluster-cidr', plan.clusterCidr, '--service-cidr', plan.serviceCidr, ...plan.serverFlags] : []),
    // A node with a network of its own has nothing on it that must not be reached by others.
    ...ingressArguments(ingress, plan ? undefined : nodeIP),
    ...(plan && !/^(127\.|0\.0\.0\.0$)/.test(plan.apiServer.address) ? ['--tls-san', plan.apiServer.address] : []),
  ];
  await startDaemon(layout, 'server', words, first && netnsOf(first));
  await until(layout, 'a ready API server', ['server'], START_MS, async (attempt) => {
    const { api, transport } = adminClient(layout, attempt);
    using _ = transport;
    await api.of(namespace).get('kube-system');
    return true;
  });
}

/** Resolves when the cluster does what people start it for. */
export async function waitUntilUsable(
  layout: Layout,
  state: ClusterState,
  steps: Steps,
  signal: AbortSignal,
): Promise<void> {
  const { runtime, plan } = state;
  await waitForNodes(layout, state, steps, signal);
  // A simulated node runs no process that could ask; without a network or a service proxy nobody is found at the DNS's address.
  if (runtime === 'sim' || plan?.hasPodNetwork === false || plan?.hasServiceProxy === false) return;
  const { api, transport } = adminClient(layout, signal);
  using _ = transport;
  await steps.step('Waiting for cluster DNS to answer in a pod', () =>
    until(layout, 'an answer of cluster DNS', DAEMONS, READY_MS, () => dnsAnswers(api)),
  );
}

/** Resolves when every node of this machine has what it should, and pods can be there. */
export async function waitForNodes(
  layout: Layout,
  state: ClusterState,
  steps: Steps,
  signal: AbortSignal,
): Promise<void> {
  const { runtime, plan } = state;
  const nodes = localNodes(layout, state);
  const { api, transport } = adminClient(layout, signal);
  using _ = transport;
  const inTime = (what: string, isSo: () => Promise<boolean>): Promise<void> =>
    until(layout, what, DAEMONS, READY_MS, isSo);
  if (plan) {
    await inTime('nodes that are known', () => nodesAreThere(api, nodes.length));
    await markNodes(api, nodes, runtime);
  }
  // Whoever brings the network for pods needs a cluster for it first.
  if (plan?.hasPodNetwork === false) return;
  const waiting =
    nodes.length === 1 ? 'Waiting for the node to be ready' : `Waiting for ${nodes.length} nodes to be ready`;
  await steps.step(waiting, () => inTime('a ready node', () => nodesAreReady(api, nodes.length)));
}

export async function newToken(layout: Layout, signal: AbortSignal): Promise<JoinToken> {
  const { api, transport } = adminClient(layout, signal);
  using _ = transport;
  const pin = publicKeyPin(loadAccess(layout.adminKubeconfig).authority ?? '');
  return await createToken(api, { pin, expiresAt: Date.now() + TOKEN_LIFE_MS, description: 'made by up' });
}
