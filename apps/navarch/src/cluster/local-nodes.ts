import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Containerd, findContainerd } from '@navarch/node/containerd';
import { netnsPath } from '@navarch/node/host';
import type { ClusterPlan, NodePlan } from '../kind-config/cluster-plan.ts';
import { DEFAULTS } from './flags.ts';
import { type Layout, layoutOf } from './layout.ts';
import { addressIn, addressIn6, type Cable, type NodePort } from './node-network.ts';
import { type ClusterState, readState } from './state.ts';

/** A node of a cluster on this machine. */
export interface LocalNode {
  readonly name: string;
  readonly layout: Layout;
  readonly address: string;
  /** The device that its pods hang on. Of its own name: CNI keeps networks of all nodes of a machine in one folder. */
  readonly bridge: string;
  /** The network namespace that it has for itself, and its cable; none where the node is this machine. */
  readonly cable?: Cable;
  /** It is this machine, which ends when its owner says so. */
  readonly isMachine: boolean;
  /** What a file says of it. */
  readonly plan?: NodePlan;
}

/** More than one machine carries well. */
export const NODES_MAX = 20;

type Shape = Pick<ClusterState, 'nodeIP' | 'nodes' | 'plan' | 'block' | 'runtime'>;

/** Nodes are numbered from 1; a described one by what it is called, so that others may go. */
const numberOfNode = ({ suffix }: NodePlan): number =>
  suffix === 'control-plane' ? 1 : Number(suffix.slice('worker'.length) || 1) + 1;

const folderOf = (layout: Layout): string => join(layout.dir, 'nodes');
const layoutOfNode = (layout: Layout, number: number): Layout =>
  number === 1 ? layout : layoutOf(layout.name, join(folderOf(layout), String(number)));

/** Every node that the cluster has on this machine, whether it runs or not, the first one first. */
export const localNodes = (layout: Layout, state: Shape): readonly LocalNode[] =>
  state.plan
    ? state.plan.nodes.map((plan) => plannedNode(layout, state, plan))
    : Array.from({ length: state.nodes ?? 1 }, (_, i) => plainNode(layout, state, i + 1));

/** The first is this machine; the others have a namespace each. */
function plainNode(layout: Layout, { nodeIP, runtime }: Shape, number: number): LocalNode {
  if (number === 1) return { name: layout.name, layout, address: nodeIP, bridge: DEFAULTS.bridge, isMachine: true };
  const name = `${layout.name}-${number}`;
  const address = addressIn(0, number);
  const cable = { netns: `navarch-${name}`, port: `navarch-port${number}`, address };
  return {
    name,
    layout: layoutOfNode(layout, number),
    address,
    bridge: `navarch${number - 1}`,
    isMachine: false,
    ...(runtime === 'containerd' ? { cable } : {}),
  };
}

function plannedNode(layout: Layout, { block = 0, runtime, plan: whole }: Shape, plan: NodePlan): LocalNode {
  const ranges = whole?.clusterCidr ?? '';
  const number = numberOfNode(plan);
  // 1 is this machine's own. A node of a cluster that knows IPv6 alone has IPv4 too, for what is outside of the cluster.
  const [address4, address6] = [addressIn(block, number + 1), addressIn6(block, number + 1)];
  const address = ranges === '' || ranges.includes('.') ? address4 : address6;
  const cable = {
    netns: `navarch-${layout.name}-${number}`,
    port: `nv${block}port${number}`,
    address: address4,
    ...(ranges.includes(':') ? { address6 } : {}),
  };
  return {
    name: `${layout.name}-${plan.suffix}`,
    layout: layoutOfNode(layout, number),
    address,
    bridge: `nv${block}pods${number}`,
    isMachine: false,
    plan,
    ...(runtime === 'containerd' ? { cable } : {}),
  };
}

/** The second node and those after it whose folders are there, whatever the state says by now. */
export function begunNodes(layout: Layout): readonly LocalNode[] {
  const state = readState(layout) ?? { nodeIP: DEFAULTS.nodeIP, runtime: 'containerd' };
  const known = localNodes(layout, state).slice(1);
  const folder = folderOf(layout);
  const numbers = (existsSync(folder) ? readdirSync(folder) : []).map(Number).filter(Number.isInteger);
  return numbers.map((number) => {
    const { dir } = layoutOfNode(layout, number);
    return known.find((node) => node.layout.dir === dir) ?? plainNode(layout, state, number);
  });
}

/** Those that run, or may: the first one too. */
export const allNodes = (layout: Layout): readonly LocalNode[] => {
  const [first] = localNodes(layout, readState(layout) ?? { nodeIP: DEFAULTS.nodeIP, runtime: 'containerd' });
  return first ? [first, ...begunNodes(layout)] : begunNodes(layout);
};

export const netnsOf = ({ cable }: LocalNode): string | undefined => cable && netnsPath(cable.netns);

/** What of this machine's ports leads to nodes: the API server's among them. */
export const portsOf = (nodes: readonly LocalNode[], { plan, port }: ClusterState): readonly NodePort[] => [
  ...nodes.flatMap((node) => (node.plan?.ports ?? []).map((mapping) => ({ ...mapping, ...placesOf(node) }))),
  ...(plan && nodes[0] ? [{ ...apiPort(plan, port), ...placesOf(nodes[0]) }] : []),
];

const placesOf = ({ address, cable }: LocalNode): Pick<NodePort, 'address' | 'address6'> => ({
  address: cable?.address ?? address,
  ...(cable?.address6 === undefined ? {} : { address6: cable.address6 }),
});

const apiPort = ({ apiServer }: ClusterPlan, port: number): Omit<NodePort, 'address' | 'address6'> => ({
  listenAddress: apiServer.address,
  hostPort: port,
  containerPort: port,
  protocol: 'TCP',
});

/** The container runtimes of a cluster's nodes on this machine, the first node's first. Empty where none runs. */
export function localRuntimes(cluster: string, dataDir?: string): readonly Containerd[] {
  const layout = layoutOf(cluster, dataDir);
  return [layout, ...begunNodes(layout).map((node) => node.layout)].flatMap(({ containerd }) =>
    existsSync(containerd) ? (findContainerd(containerd) ?? []) : [],
  );
}

/** Makes the node's folder. */
export const openNode = ({ layout }: LocalNode): void => void mkdirSync(layout.dir, { recursive: true, mode: 0o700 });
