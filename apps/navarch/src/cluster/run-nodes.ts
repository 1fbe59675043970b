import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { settleAll } from '@navarch/base';
import { writeJson } from '@navarch/machinery';
import { startContainerd, teardownContainerd } from '@navarch/node/containerd';
import { deleteLink, deleteNetns } from '@navarch/node/host';
import { PAUSE_IMAGE } from '../compose/agent.ts';
import type { ClusterPlan } from '../kind-config/plan.ts';
import { bringImages, FIRST_IMAGES } from './bring-images.ts';
import { endUnclaimed, startDaemon, stopDaemon } from './daemon.ts';
import { SHARED_MACHINE } from './eviction-flags.ts';
import { type LocalNode, netnsOf, openNode } from './local-nodes.ts';
import { type NodeExtras, writeNodeExtras } from './node-extras.ts';
import { isOfTheKubelet } from './node-flags.ts';
import { connect } from './node-network.ts';
import { cgroupRootOf, type ClusterState, readNodeState } from './state.ts';

/** How a node's agent finds its cluster. */
export type Joining =
  /** By the identity that the server beside it wrote. */
  | { readonly kind: 'local' }
  /** As on another machine. */
  | { readonly kind: 'token'; readonly server: string; readonly token: string };

const KUBELET_FILE = 'kubelet.json';

const extrasOf = (plan: ClusterPlan | undefined, node: LocalNode): NodeExtras | undefined =>
  plan && {
    mounts: node.plan?.mounts ?? [],
    containerd: plan.containerd,
    hasPodNetwork: plan.hasPodNetwork,
    hasServiceProxy: plan.hasServiceProxy,
    ...(plan.searches ? { searches: plan.searches } : {}),
  };

/** What a file says of a node is left in its folder, for its agent. */
export function describeNode(node: LocalNode, { plan }: Pick<ClusterState, 'plan'>): void {
  openNode(node);
  writeNodeExtras(node.layout, extrasOf(plan, node));
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

/** containerd and the first images of a node that is connected; what is there already stays. */
export async function prepareNode(
  node: LocalNode,
  { plan }: Pick<ClusterState, 'plan'>,
  signal: AbortSignal,
): Promise<void> {
  const netns = netnsOf(node);
  const containerd = await startContainerd(
    {
      dir: node.layout.containerd,
      sandboxImage: PAUSE_IMAGE,
      ...(netns === undefined ? {} : { netns }),
      ...(plan ? { patches: plan.containerd } : {}),
    },
    signal,
  );
  await bringImages(containerd, node.layout.images, FIRST_IMAGES, signal);
}

/** Starts the agent of a node, in its network namespace where it has one. */
export function startNode(node: LocalNode, { runtime }: ClusterState, joining: Joining): Promise<void> {
  const { layout, name, address, bridge, plan } = node;
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
    address,
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
