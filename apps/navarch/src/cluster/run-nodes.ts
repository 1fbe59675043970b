import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { settleAll } from '@navarch/base';
import { writeJson } from '@navarch/machinery';
import {
  containerdLayout,
  freezeContainerd,
  haltContainerd,
  hasImages,
  keepImages,
  plantImages,
  startContainerd,
  stopContainerd,
  teardownContainerd,
} from '@navarch/node/containerd';
import { deleteLink, deleteNetns, findCniFolder, signalProcess } from '@navarch/node/host';
import { PAUSE_IMAGE } from '../compose/agent.ts';
import type { ClusterPlan } from '../kind-config/cluster-plan.ts';
import { bringImages, FIRST_IMAGES, keptImages } from './bring-images.ts';
import { type DaemonName, endUnclaimed, findDaemon, startDaemon, stopDaemon } from './daemon.ts';
import { SHARED_MACHINE } from './eviction-flags.ts';
import { type LocalNode, netnsOf, openNode } from './local-nodes.ts';
import { type NodeExtras, readNodeExtras, writeNodeExtras } from './node-extras.ts';
import { isOfTheKubelet } from './node-flags.ts';
import { connect, unplug } from './node-network.ts';
import { cgroupRootOf, type ClusterState, readNodeState } from './state.ts';

/** How a node's agent finds its cluster. */
export type Joining =
  /** By the identity that the server beside it wrote, or that it had before. */
  | { readonly kind: 'known' }
  /** As on another machine. */
  | { readonly kind: 'token'; readonly server: string; readonly token: string };

const KUBELET_FILE = 'kubelet.json';

const extrasOf = (plan: ClusterPlan, node: LocalNode): NodeExtras => {
  const { hasPodNetwork, hasServiceProxy, searches, containerd } = plan;
  const mounts = node.plan?.mounts ?? [];
  const shared = { hasPodNetwork, hasServiceProxy, ...(searches ? { searches } : {}) };
  if (hasPodNetwork) return { mounts, containerd, ...shared };
  const brought = networkFolders(node);
  const merges = [`[plugins."io.containerd.grpc.v1.cri".cni]\nbin_dir = ${JSON.stringify(brought.programs)}`];
  return {
    ...shared,
    mounts: [
      ...mounts,
      { hostPath: brought.configurations, containerPath: '/etc/cni/net.d', readOnly: false },
      { hostPath: brought.programs, containerPath: '/opt/cni/bin', readOnly: false },
    ],
    containerd: { ...containerd, merges: [...merges, ...containerd.merges] },
  };
};

/** Where whoever brings a network for pods puts it, each node's apart from the machine's and from those of others. */
function networkFolders({ layout }: LocalNode): { readonly configurations: string; readonly programs: string } {
  const { cniConfDir: configurations } = containerdLayout(layout.containerd);
  const programs = join(dirname(configurations), 'bin');
  mkdirSync(configurations, { recursive: true, mode: 0o711 });
  mkdirSync(programs, { recursive: true });
  const ours = findCniFolder();
  for (const name of ours === undefined ? [] : readdirSync(ours))
    if (!existsSync(join(programs, name))) copyFileSync(join(ours ?? '', name), join(programs, name));
  return { configurations, programs };
}

/** What a file says of a node is left in its folder, for its agent. */
export function describeNode(node: LocalNode, { plan }: Pick<ClusterState, 'plan'>): void {
  openNode(node);
  writeNodeExtras(node.layout, plan && extrasOf(plan, node));
  const kubelet = node.plan?.kubelet ?? {};
  const document = { apiVersion: 'kubelet.config.k8s.io/v1beta1', kind: 'KubeletConfiguration', ...kubelet };
  writeFileSync(join(node.layout.dir, KUBELET_FILE), `${writeJson(document)}\n`);
  // As docker does for whoever mounts a folder that is not there yet.
  for (const { hostPath } of node.plan?.mounts ?? [])
    if (!existsSync(hostPath)) mkdirSync(hostPath, { recursive: true });
}

/** Gives a node its place in the network of all. The switch must be there. */
export async function connectNode(
  { cable }: LocalNode,
  { block = 0 }: Pick<ClusterState, 'block'>,
  signal: AbortSignal,
): Promise<void> {
  if (cable) await connect(block, cable, signal);
}

/** containerd and the first images of nodes that are connected; what is there already stays. */
export async function prepareNodes(nodes: readonly LocalNode[], signal: AbortSignal): Promise<void> {
  const isOld = ({ layout }: LocalNode): boolean => hasImages(layout.containerd);
  const fresh = nodes.filter((node) => !isOld(node));
  await settleAll([...nodes.filter(isOld).map((node) => prepareNode(node, signal)), prepareFresh(fresh, signal)]);
}

/** The first to unpack images on this machine does it for all who come after. */
async function prepareFresh(nodes: readonly LocalNode[], signal: AbortSignal): Promise<void> {
  const [first, ...others] = nodes;
  if (!first) return;
  const { dir, images, containerd } = first.layout;
  const kept = await keptImages(images, signal);
  const isFirst = !existsSync(kept) && isOneDisk(dir, images);
  if (isFirst) {
    await prepareNode(first, signal);
    await stopContainerd(containerd, signal);
    await keepImages(containerd, kept, signal);
    await prepareNode(first, signal);
  }
  await settleAll(
    (isFirst ? others : nodes).map(async (node) => {
      await plantImages(kept, node.layout.containerd, signal);
      await prepareNode(node, signal);
    }),
  );
}

/** Links lead to files of the same disk only. */
const isOneDisk = (one: string, other: string): boolean => statSync(one).dev === statSync(other).dev;

async function prepareNode(node: LocalNode, signal: AbortSignal): Promise<void> {
  const netns = netnsOf(node);
  const containerd = await startContainerd(
    {
      dir: node.layout.containerd,
      sandboxImage: PAUSE_IMAGE,
      ...(netns === undefined ? {} : { netns }),
      patches: readNodeExtras(node.layout).containerd,
    },
    signal,
  );
  await bringImages(containerd, node.layout.images, FIRST_IMAGES, signal);
}

/** Starts the agent of a node, in its network namespace where it has one. */
export function startNode(node: LocalNode, { runtime }: ClusterState, joining: Joining): Promise<void> {
  const { layout, name, address, bridge, cable, plan } = node;
  const labels = Object.entries(plan?.labels ?? {}).filter(([key]) => isOfTheKubelet(key));
  const taints = (plan?.taints ?? []).map(({ key, value = '', effect }) => `${key}=${value}:${effect}`);
  const ofKubelet = plan?.kubelet ?? {};
  const saysEviction = 'evictionHard' in ofKubelet || plan?.agentFlags.includes('--eviction-hard') === true;
  const words = [
    'agent',
    '--name',
    layout.name,
    '--data-dir',
    layout.dir,
    ...(joining.kind === 'token' ? ['--server', joining.server, '--token', joining.token] : []),
    '--node-name',
    name,
    '--node-ip',
    [...new Set([address, ...(cable?.address6 ? [cable.address6] : [])])].join(','),
    '--bridge',
    bridge,
    '--runtime',
    runtime,
    ...(labels.length > 0 ? ['--node-labels', labels.map(([key, value]) => `${key}=${value}`).join(',')] : []),
    ...(taints.length > 0 ? ['--register-with-taints', taints.join(',')] : []),
    ...(Object.keys(ofKubelet).length > 0 ? ['--config', join(layout.dir, KUBELET_FILE)] : []),
    ...(plan?.agentFlags ?? []),
    ...(saysEviction ? [] : SHARED_MACHINE),
  ];
  return startDaemon(layout, 'agent', words, netnsOf(node));
}

/** Takes away what `prepareNode` and the agents made outside the folders. */
export const removeNodes = (nodes: readonly LocalNode[], signal: AbortSignal): Promise<unknown> =>
  settleAll(nodes.map((node) => removeNode(node, signal)));

async function removeNode(node: LocalNode, signal: AbortSignal): Promise<void> {
  const { layout, name, cable } = node;
  // One that was stopped where it is hears nothing.
  freezeNode(node, false);
  await stopDaemon(layout, 'agent');
  await endUnclaimed(layout, ['agent'], signal);
  if (!existsSync(layout.containerd)) return;
  const { bridge = node.bridge, cgroupRoot = cgroupRootOf(name, layout) } = readNodeState(layout) ?? {};
  const netns = netnsOf(node);
  await teardownContainerd({ dir: layout.containerd, bridge, cgroupRoot, ...(netns ? { netns } : {}) }, signal);
  if (!cable) return;
  // With the namespace its cable would go too, but a moment later.
  await deleteLink(cable.port, undefined, signal);
  await deleteNetns(cable.netns, signal);
}

const DAEMONS: readonly DaemonName[] = ['agent', 'server'];

/** Ends everything that runs on a node at once and pulls its plug, as when a machine loses its power. */
export async function haltNode(node: LocalNode, signal: AbortSignal): Promise<void> {
  const { layout, cable } = node;
  freezeNode(node, false);
  // First, so that nobody hears a last word.
  if (cable) await unplug(cable, signal);
  for (const name of DAEMONS) await stopDaemon(layout, name, 0);
  if (existsSync(layout.containerd)) await haltContainerd(layout.containerd, signal);
}

/** Stops everything that runs on a node where it is, or lets it go on. */
export function freezeNode({ layout, name }: LocalNode, isFrozen: boolean): void {
  for (const daemon of DAEMONS) {
    const found = findDaemon(layout, daemon);
    if (found) signalProcess(found, isFrozen ? 'SIGSTOP' : 'SIGCONT');
  }
  const { cgroupRoot = cgroupRootOf(name, layout) } = readNodeState(layout) ?? {};
  if (existsSync(layout.containerd)) freezeContainerd(layout.containerd, cgroupRoot, isFrozen);
}

export type NodeCondition = 'running' | 'paused' | 'stopped';

/** What a node does, by its agent. */
export function conditionOf({ layout }: LocalNode): NodeCondition {
  const agent = findDaemon(layout, 'agent');
  if (!agent) return 'stopped';
  // proc_pid_status(5): T is stopped.
  return /^State:\s+T/m.test(readFileSync(`/proc/${agent.pid}/status`, 'utf8')) ? 'paused' : 'running';
}
