import { resolve } from 'node:path';
import { apiSwitches } from '../compose/api-switches.ts';
import { UserError } from '../user-error.ts';
import { readAddresses } from './addresses.ts';
import type { NodeMount, NodePlan, Planned, PortMapping } from './cluster-plan.ts';
import { type KindCluster, type KindNode, readKindCluster } from './kind-cluster.ts';
import { patched, patchesOf } from './kubeadm.ts';
import { documentsOf, nodeSettingsOf, serverSettingsOf } from './kubeadm-settings.ts';

/** Paths of a file are relative to `folder`. Throws UserError, in one sentence, for what cannot be. */
export function planOf(file: string, content: string, folder: string): Planned {
  const cluster = readKindCluster(file, content);
  try {
    return planned(cluster, folder);
  } catch (error) {
    if (error instanceof UserError) throw new UserError(`${file} cannot be used: ${error.message}`, { cause: error });
    throw error;
  }
}

function planned(cluster: KindCluster, folder: string): Planned {
  const remarks: string[] = [];
  const described = ordered(cluster);
  const addresses = readAddresses(cluster.networking ?? {}, described.length);
  const [first = { node: {}, index: 0 }] = described;
  const mounts = mountsOf(first.node, first.index, folder);
  const whole = patched(documentsOf({}), patchesOf(cluster, first.node, first.index));
  const server = serverSettingsOf(whole, mounts, remarks);
  const gates = Object.entries(cluster.featureGates ?? {}).map(([name, isOn]) => `${name}=${isOn}`);
  const versions = Object.entries(cluster.runtimeConfig ?? {}).map(([name, value]) => `${name}=${value}`);
  apiSwitches(gates, versions);
  const mode = cluster.networking?.kubeProxyMode;
  if (mode === 'iptables' || mode === 'ipvs')
    remarks.push(`networking.kubeProxyMode ${mode}: Services are carried by nftables here`);
  const nodes = described.map(({ node, index }, i) => {
    const plan = nodePlan(cluster, { node, index, nth: i, folder }, remarks);
    return { ...plan, agentFlags: [...plan.agentFlags, ...server.proxyFlags] };
  });
  checkPorts(nodes);
  const { dnsSearch, apiServerAddress, apiServerPort = 0 } = cluster.networking ?? {};
  return {
    name: cluster.name || undefined,
    remarks: [...new Set(remarks)],
    plan: {
      nodes,
      ...addresses,
      apiServer: { address: apiServerAddress || '127.0.0.1', ...(apiServerPort > 0 ? { port: apiServerPort } : {}) },
      serverFlags: [
        ...(gates.length > 0 ? ['--feature-gates', gates.join(',')] : []),
        ...(versions.length > 0 ? ['--runtime-config', versions.join(',')] : []),
        ...server.flags,
      ],
      hasPodNetwork: cluster.networking?.disableDefaultCNI !== true,
      hasServiceProxy: mode !== 'none' && server.hasServiceProxy,
      ...(dnsSearch ? { searches: dnsSearch } : {}),
      containerd: {
        merges: cluster.containerdConfigPatches ?? [],
        json6902: cluster.containerdConfigPatchesJSON6902 ?? [],
      },
    },
  };
}

interface Described {
  readonly node: KindNode;
  /** In the file. */
  readonly index: number;
}

const roleOf = ({ role = 'control-plane' }: KindNode): NodePlan['role'] => role;

/** The control plane's node first, wherever it stands; the only one of a file without nodes. */
function ordered({ nodes = [] }: KindCluster): readonly Described[] {
  const described = (nodes.length === 0 ? [{}] : nodes).map((node, index) => ({ node, index }));
  const of = (role: NodePlan['role']): readonly Described[] => described.filter(({ node }) => roleOf(node) === role);
  const [control, ...others] = of('control-plane');
  if (!control) throw new UserError('nodes has no node of the role control-plane');
  if (others.length > 0)
    throw new UserError(
      `nodes has ${others.length + 1} nodes of the role control-plane (${[control, ...others].map(({ index }) => `nodes[${index}]`).join(', ')}), and several servers cannot share one store yet: leave one, and make the others workers`,
    );
  return [control, ...of('worker')];
}

interface Placed extends Described {
  /** Among all, the control plane's being 0. */
  readonly nth: number;
  readonly folder: string;
}

function nodePlan(cluster: KindCluster, { node, index, nth, folder }: Placed, remarks: string[]): NodePlan {
  const role = roleOf(node);
  const hasWorkers = (cluster.nodes ?? []).length > 1;
  if (node.image !== undefined)
    remarks.push('nodes[].image: nodes are this very program, whose version of Kubernetes is its own');
  const documents = patched(documentsOf(node.labels ?? {}), patchesOf(cluster, node, index));
  return {
    role,
    suffix: nth === 0 ? 'control-plane' : nth === 1 ? 'worker' : `worker${nth}`,
    mounts: mountsOf(node, index, folder),
    ports: portsOf(node, index),
    ...nodeSettingsOf(documents, { role, isTainted: hasWorkers }, remarks),
  };
}

const mountsOf = ({ extraMounts = [] }: KindNode, index: number, folder: string): readonly NodeMount[] =>
  extraMounts.map(({ hostPath, containerPath, readOnly = false }, i) => {
    const path = `nodes[${index}].extraMounts[${i}]`;
    if (!hostPath) throw new UserError(`${path}.hostPath says no path`);
    if (!containerPath?.startsWith('/'))
      throw new UserError(`${path}.containerPath takes an absolute path, not ${JSON.stringify(containerPath ?? '')}`);
    return { hostPath: resolve(folder, hostPath), containerPath: resolve(containerPath), readOnly };
  });

const portsOf = ({ extraPortMappings = [] }: KindNode, index: number): readonly PortMapping[] =>
  extraPortMappings.map(({ containerPort, hostPort = 0, listenAddress = '', protocol = 'TCP' }, i) => {
    if (containerPort === undefined)
      throw new UserError(`nodes[${index}].extraPortMappings[${i}].containerPort says no port`);
    return { containerPort, hostPort: Math.max(0, hostPort), listenAddress: listenAddress || '0.0.0.0', protocol };
  });

/** Two nodes cannot both have what comes to one port. */
function checkPorts(nodes: readonly NodePlan[]): void {
  const taken = new Set<string>();
  for (const { ports } of nodes)
    for (const { hostPort, listenAddress, protocol } of ports) {
      const key = `${hostPort}/${protocol} of ${listenAddress}`;
      if (hostPort !== 0 && taken.has(key)) throw new UserError(`extraPortMappings map the port ${key} twice`);
      taken.add(key);
    }
}
