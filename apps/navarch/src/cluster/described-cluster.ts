import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { whoListens } from '@navarch/node/host';
import type { ClusterPlan, NodePlan, Planned, PortMapping } from '../kind-config/cluster-plan.ts';
import { UserError } from '../user-error.ts';
import { DEFAULTS } from './flags.ts';
import type { Layout } from './layout.ts';
import { localNodes, NODES_MAX } from './local-nodes.ts';
import { addressIn, addressIn6, freeBlock, mappedPorts } from './node-network.ts';
import type { ClusterState } from './state.ts';

/** Reads a file that describes a cluster; paths in it are relative to the folder that whoever calls is in, as for kind. */
export async function readDescription(file: string): Promise<Planned> {
  if (file !== '-' && !existsSync(file)) throw new UserError(`there is no file ${file}`);
  // With it come the switches of the whole API: nobody else who starts a cluster needs them.
  const { planOf } = await import('../kind-config/plan.ts');
  const planned = planOf(
    file === '-' ? 'the description' : file,
    readFileSync(file === '-' ? 0 : file, 'utf8'),
    resolve('.'),
  );
  if (planned.plan.nodes.length > NODES_MAX)
    throw new UserError(
      `${file} cannot be used: it has ${planned.plan.nodes.length} nodes, and one machine takes ${NODES_MAX}`,
    );
  return planned;
}

interface Described {
  readonly plan: ClusterPlan;
  readonly runtime: ClusterState['runtime'];
  readonly known: ClusterState | undefined;
  readonly port: number | undefined;
  readonly loadBalancerPool: string | undefined;
}

/** The state of a cluster that a file describes: what it leaves open is chosen once, and stays. */
export async function describedState(
  layout: Layout,
  { plan, runtime, known, ...wanted }: Described,
  signal: AbortSignal,
): Promise<ClusterState> {
  if (known && !known.plan)
    throw new UserError(
      `cluster ${layout.name} was begun without a description: run \`navarch down\` first, or give the new one another --name`,
    );
  if (known?.plan && (known.plan.clusterCidr !== plan.clusterCidr || known.plan.serviceCidr !== plan.serviceCidr))
    throw new UserError(
      `cluster ${layout.name} has pods in ${known.plan.clusterCidr} and services in ${known.plan.serviceCidr}, which cannot change: run \`navarch down\` first`,
    );
  const block = known?.block ?? (runtime === 'sim' ? 0 : freeBlock());
  const others = runtime === 'sim' ? [] : await mappedPorts(block, signal);
  const taken = new Set(others.map(({ port }) => port));
  const port = wanted.port ?? plan.apiServer.port ?? known?.port ?? freePort(DEFAULTS.port, taken);
  const open = new Set([...taken, port]);
  const chosen = { ...plan, nodes: withPorts(plan.nodes, known?.plan?.nodes ?? [], open) };
  const families = addressesOf(plan);
  const shape = { plan: chosen, block, runtime, nodeIP: families[0](block, 2) };
  const [first] = localNodes(layout, shape);
  return {
    name: layout.name,
    nodeName: first?.name ?? layout.name,
    port,
    ...shape,
    nodes: chosen.nodes.length,
    loadBalancerPool:
      wanted.loadBalancerPool ??
      known?.loadBalancerPool ??
      families.map((addressOf) => `${addressOf(block, 128)}-${addressOf(block, 254)}`).join(','),
  };
}

type InBlock = (block: number, host: number) => string;

/** How nodes are numbered in the families of a cluster's pods, that of their own first. */
const addressesOf = ({ clusterCidr }: ClusterPlan): readonly [InBlock, ...InBlock[]] =>
  clusterCidr.includes('.') ? [addressIn, ...(clusterCidr.includes(':') ? [addressIn6] : [])] : [addressIn6];

/** Whether a running cluster is the one that a file describes, in which ports may have been left open. */
export const sameAs = (wanted: ClusterPlan, known: ClusterPlan | undefined): boolean =>
  known !== undefined &&
  isDeepStrictEqual(
    JSON.parse(JSON.stringify({ ...wanted, nodes: withPorts(wanted.nodes, known.nodes, new Set()) })),
    JSON.parse(JSON.stringify(known)),
  );

/** Ports of this machine that a file leaves open: those from before, else any that are free. */
function withPorts(
  nodes: readonly NodePlan[],
  before: readonly NodePlan[],
  others: ReadonlySet<number>,
): readonly NodePlan[] {
  const taken = new Set([...others, ...nodes.flatMap(({ ports }) => ports.map(({ hostPort }) => hostPort))]);
  const choose = (mapping: PortMapping, old: PortMapping | undefined): PortMapping => {
    if (mapping.hostPort !== 0) return mapping;
    const hostPort = old && old.containerPort === mapping.containerPort ? old.hostPort : freePort(FIRST_OPEN, taken);
    taken.add(hostPort);
    return { ...mapping, hostPort };
  };
  return nodes.map((node) => {
    const old = before.find(({ suffix }) => suffix === node.suffix);
    return { ...node, ports: node.ports.map((mapping, i) => choose(mapping, old?.ports[i])) };
  });
}

/** Of those that are nobody's (RFC 6335), where no NodePort and, at first, no connection of this machine has its own. */
const FIRST_OPEN = 49_152;
const PORT_MAX = 65_535;

function freePort(first: number, taken: ReadonlySet<number>): number {
  for (let port = first; port <= PORT_MAX; port++) if (!taken.has(port) && whoListens(port) === undefined) return port;
  throw new UserError(`this machine has no free port from ${first} on`);
}
