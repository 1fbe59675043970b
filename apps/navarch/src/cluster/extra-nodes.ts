import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { settleAll } from '@navarch/base';
import { startContainerd, teardownContainerd } from '@navarch/node/containerd';
import {
  CommandError,
  createNetns,
  deleteLink,
  deleteNetns,
  findProgram,
  netnsPath,
  runCommand,
  writeSysctl,
} from '@navarch/node/host';
import { PAUSE_IMAGE } from '../compose/agent.ts';
import { bringImages, FIRST_IMAGES } from './bring-images.ts';
import { endUnclaimed, startDaemon, stopDaemon } from './daemon.ts';
import { DEFAULTS } from './flags.ts';
import { type Layout, layoutOf } from './layout.ts';
import { cgroupRootOf, readNodeState } from './state.ts';
import { SHARED_MACHINE } from './eviction-flags.ts';

/** A node beside the first on this machine: with containers it has a network namespace and a containerd of its own. */
export interface ExtraNode {
  readonly name: string;
  readonly layout: Layout;
  readonly address: string;
  readonly netns: string;
  /** The device that its pods hang on. Of its own name: CNI keeps networks of all nodes of a machine in one folder. */
  readonly bridge: string;
  /** This machine's end of the cable to it. */
  readonly port: string;
}

/** Joins the nodes of this machine, as a switch does machines. */
const HUB = 'navarch-hub';
const TABLE = 'navarch-nodes';
const NETWORK = DEFAULTS.nodeIP.replace(/\d+$/, '0/24');
export const NODES_MAX = 20;

const folderOf = (layout: Layout): string => join(layout.dir, 'nodes');

function extraNode(layout: Layout, number: number): ExtraNode {
  const name = `${layout.name}-${number}`;
  return {
    name,
    layout: layoutOf(layout.name, join(folderOf(layout), String(number))),
    address: DEFAULTS.nodeIP.replace(/\d+$/, String(number)),
    netns: `navarch-${name}`,
    bridge: `navarch${number - 1}`,
    port: `navarch-port${number}`,
  };
}

/** The second node and those after it, of so many. */
export const extraNodes = (layout: Layout, count: number): readonly ExtraNode[] =>
  Array.from({ length: count - 1 }, (_, i) => extraNode(layout, i + 2));

/** Those that an `up` has begun. */
export const begunNodes = (layout: Layout): readonly ExtraNode[] =>
  (existsSync(folderOf(layout)) ? readdirSync(folderOf(layout)) : [])
    .map(Number)
    .filter(Number.isInteger)
    .map((number) => extraNode(layout, number));

/** Network, containerd and images of every node; what is there already stays. */
export async function prepareNodes(nodes: readonly ExtraNode[], images: string, signal: AbortSignal): Promise<void> {
  if (nodes.length === 0) return;
  await makeHub(signal);
  await settleAll(
    nodes.map(async (node) => {
      await connect(node, signal);
      const containerd = await startContainerd(
        { dir: node.layout.containerd, sandboxImage: PAUSE_IMAGE, netns: netnsPath(node.netns) },
        signal,
      );
      await bringImages(containerd, images, FIRST_IMAGES, signal);
    }),
  );
}

/** Starts the agent of a node, which joins by token as one on another machine would. */
export function startNode(
  node: ExtraNode,
  runtime: 'containerd' | 'sim',
  server: string,
  token: string,
): Promise<void> {
  const { layout, name, address, bridge, netns } = node;
  const words = [
    'agent',
    '--data-dir',
    layout.dir,
    '--server',
    server,
    '--token',
    token,
    '--node-name',
    name,
    '--node-ip',
    address,
    '--bridge',
    bridge,
    '--runtime',
    runtime,
    ...SHARED_MACHINE,
  ];
  return startDaemon(layout, 'agent', words, runtime === 'containerd' ? netnsPath(netns) : undefined);
}

/** Takes away what `prepareNodes` and the agents made outside the folder. */
export async function removeNodes(nodes: readonly ExtraNode[], signal: AbortSignal): Promise<void> {
  for (const { layout, name, netns, bridge, port } of nodes) {
    await stopDaemon(layout, 'agent');
    await endUnclaimed(layout, signal);
    if (!existsSync(layout.containerd)) continue;
    const cgroupRoot = readNodeState(layout)?.cgroupRoot ?? cgroupRootOf(name, layout);
    await teardownContainerd({ dir: layout.containerd, bridge, cgroupRoot, netns: netnsPath(netns) }, signal);
    // With the namespace its cable would go too, but a moment later.
    await deleteLink(port, undefined, signal);
    await deleteNetns(netns, signal);
  }
  if (nodes.length > 0 && findProgram('ip')) await removeHub(signal);
}

async function makeHub(signal: AbortSignal): Promise<void> {
  await writeSysctl('net.ipv4.ip_forward', '1', undefined, signal);
  if (!(await hasLink(HUB, undefined, signal)))
    await runCommand(['ip', 'link', 'add', HUB, 'type', 'bridge'], {}, signal);
  await runCommand(['ip', 'address', 'replace', `${DEFAULTS.nodeIP}/24`, 'dev', HUB], {}, signal);
  await runCommand(['ip', 'link', 'set', HUB, 'up'], {}, signal);
  // So that nodes reach registries by way of this machine.
  const outwards = `ip saddr ${NETWORK} ip daddr != ${NETWORK} oifname != "${HUB}"`;
  const chain = `chain out { type nat hook postrouting priority srcnat; ${outwards} masquerade; };`;
  const rules = [`table ip ${TABLE}`, `delete table ip ${TABLE}`, `table ip ${TABLE} { ${chain} }`];
  await runCommand(['nft', '-f', '-'], { input: `${rules.join('\n')}\n` }, signal);
}

async function connect({ netns, port, address }: ExtraNode, signal: AbortSignal): Promise<void> {
  const path = await createNetns(netns, signal);
  if (!(await hasLink('eth0', path, signal))) {
    await deleteLink(port, undefined, signal);
    await runCommand(['ip', 'link', 'add', port, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', netns], {}, signal);
  }
  await runCommand(['ip', 'link', 'set', port, 'master', HUB, 'up'], {}, signal);
  // A node's packets to a node port of this machine may be meant for a pod of that very node. Where bridged packets pass
  // the packet filter they are sent on within the bridge, and no bridge sends back where a packet came from unless told.
  await runCommand(['ip', 'link', 'set', port, 'type', 'bridge_slave', 'hairpin', 'on'], {}, signal);
  for (const words of [
    ['address', 'replace', `${address}/24`, 'dev', 'eth0'],
    ['link', 'set', 'eth0', 'up'],
    ['route', 'replace', 'default', 'via', DEFAULTS.nodeIP],
  ]) {
    await runCommand(['ip', ...words], { netns: path }, signal);
  }
}

async function hasLink(name: string, netns: string | undefined, signal: AbortSignal): Promise<boolean> {
  const { stdout } = await runCommand(['ip', '-o', 'link', 'show'], netns ? { netns } : {}, signal);
  return new RegExp(`^\\d+: ${name}[:@]`, 'm').test(stdout);
}

async function removeHub(signal: AbortSignal): Promise<void> {
  await deleteLink(HUB, undefined, signal);
  try {
    await runCommand(['nft', 'delete', 'table', 'ip', TABLE], {}, signal);
  } catch (error) {
    if (!(error instanceof CommandError)) throw error; // It was never made, or has gone.
  }
}
