import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type cri, POD_UID } from '@navarch/kubelet';
import { connectRuntime } from '@navarch/node/cri';
import { commandLine, openCgroups, processIds, readMounts } from '@navarch/node/host';
import { type LocalNode, netnsOf } from '../cluster/local-nodes.ts';
import { cgroupRootOf, readNodeState } from '../cluster/state.ts';
import { realSocket } from './slow-socket.ts';
import type { World } from './world.ts';

interface Sandbox {
  readonly id: string;
  readonly uid: string;
  readonly pod: string;
  readonly isReady: boolean;
}

interface Instance {
  readonly id: string;
  readonly sandbox: string;
  readonly uid: string;
  readonly name: string;
  readonly isRunning: boolean;
}

/** What is on a node, each by those who have it: the runtime, the kernel, the disk. */
export interface NodeReality {
  readonly node: string;
  readonly sandboxes: readonly Sandbox[];
  readonly containers: readonly Instance[];
  /** Ids of sandboxes whose shims run. */
  readonly shims: readonly string[];
  /** Ids of tasks that containerd keeps a folder of. */
  readonly bundles: readonly string[];
  /** Names of snapshots that may be written to: of containers. */
  readonly snapshots: readonly string[];
  /** Network namespaces that are mounted. */
  readonly namespaces: readonly string[];
  /** Devices on the bridge of pods. */
  readonly ports: readonly string[];
  /** Addresses that are given, and the id of the sandbox that has each. */
  readonly addresses: ReadonlyMap<string, string>;
  /** Control groups of pods, by uid, and of containers, by id. */
  readonly podGroups: readonly string[];
  readonly containerGroups: readonly string[];
  /** Mounts below the folder of containerd and below that of the kubelet. */
  readonly mounts: readonly string[];
  /** Uids of pods that have a folder, and those that have one of logs. */
  readonly podFolders: readonly string[];
  readonly logFolders: readonly string[];
  readonly volumes: readonly string[];
  /** `10.96.0.1:443`: where the packet filter leads to. */
  readonly destinations: readonly string[];
}

const names = (folder: string): readonly string[] => (existsSync(folder) ? readdirSync(folder) : []);

export async function look(world: World, node: LocalNode): Promise<NodeReality> {
  const { layout, name } = node;
  const { containerd, dir } = layout;
  const { sandboxes, containers } = await fromRuntime(node, world.signal);
  const state = join(containerd, 'state');
  const { cgroupRoot = cgroupRootOf(name, layout) } = readNodeState(layout) ?? {};
  const inside = inNode(node);
  const links = JSON.parse(
    await world.run(...inside, 'ip', '-json', 'link', 'show', 'master', node.bridge),
  ) as readonly {
    readonly ifname: string;
  }[];
  const rules = await world.run(...inside, 'nft', '-n', 'list', 'ruleset');
  const snapshots = await world.run(
    'ctr',
    '--address',
    join(containerd, 'containerd.sock'),
    '--namespace',
    'k8s.io',
    'snapshots',
    'list',
  );
  return {
    node: name,
    sandboxes,
    containers,
    shims: shimsOf(join(containerd, 'containerd.sock')),
    bundles: names(join(state, 'io.containerd.runtime.v2.task/k8s.io')),
    snapshots: snapshots.split('\n').flatMap((line) => /^(\S+) .* Active\s*$/.exec(line)?.[1] ?? []),
    namespaces: names(join(state, 'io.containerd.grpc.v1.cri/netns')),
    ports: links.map(({ ifname }) => ifname),
    addresses: addressesOf(join(containerd, 'cni/state')),
    ...groupsOf(cgroupRoot),
    mounts: readMounts()
      .map(({ path }) => path)
      .filter((path) => path.startsWith(`${containerd}/`) || path.startsWith(`${dir}/kubelet/pods/`)),
    podFolders: names(join(dir, 'kubelet/pods')),
    logFolders: names(join(dir, 'pod-logs')).map((folder) => folder.slice(folder.lastIndexOf('_') + 1)),
    volumes: names(join(dir, 'kubelet/local-volumes')),
    destinations: destinationsIn(rules),
  };
}

/** Endpoints are elements of maps, `10.96.0.1 . 443 . 0 : 10.95.0.1 . 6443`, or stand in a rule of their own. */
function destinationsIn(rules: string): readonly string[] {
  const elements = [...rules.matchAll(/ : (\d+(?:\.\d+){3}) \. (\d+)/g)].map(
    ([, address, port]) => `${address}:${port}`,
  );
  const own = [...rules.matchAll(/dnat (?:ip )?to (\d+(?:\.\d+){3}:\d+)/g)].map(([, to = '']) => to);
  return [...new Set([...elements, ...own])];
}

/** Words before a command that is to run where the node is. */
const inNode = (node: LocalNode): readonly string[] => {
  const netns = netnsOf(node);
  return netns === undefined ? [] : ['nsenter', `--net=${netns}`];
};

/** What the runtime of a node says of sandboxes and containers. */
export async function fromRuntime(
  { layout }: LocalNode,
  signal: AbortSignal,
): Promise<Pick<NodeReality, 'sandboxes' | 'containers'>> {
  const usual = join(layout.containerd, 'containerd.sock');
  // Past whoever makes the runtime slow.
  const socketPath = existsSync(realSocket(usual)) ? realSocket(usual) : usual;
  using runtime = await connectRuntime({ socketPath, connectTimeoutMs: 3_000, callTimeoutMs: 20_000 }, signal);
  const { items } = await runtime.listPodSandbox({}, signal);
  const { containers } = await runtime.listContainers({}, signal);
  return {
    sandboxes: items.map(({ id, labels, metadata, state }) => ({
      id,
      uid: labels[POD_UID] ?? '',
      pod: `${metadata?.namespace}/${metadata?.name}`,
      isReady: state === 'SANDBOX_READY',
    })),
    containers: containers.map(instanceOf),
  };
}

const instanceOf = ({ id, podSandboxId, labels, metadata, state }: cri.Container): Instance => ({
  id,
  sandbox: podSandboxId,
  uid: labels[POD_UID] ?? '',
  name: metadata?.name ?? '',
  isRunning: state === 'CONTAINER_RUNNING',
});

/** A shim is known by the socket of its containerd and the id of its sandbox. */
function shimsOf(socket: string): readonly string[] {
  return processIds().flatMap((pid) => {
    const words = commandLine(pid);
    const isOurs = (words[0] ?? '').includes('containerd-shim') && words[words.indexOf('-address') + 1] === socket;
    return isOurs ? [words[words.indexOf('-id') + 1] ?? ''] : [];
  });
}

/** host-local keeps a file for each address in a folder for each network; its first line is the sandbox. */
function addressesOf(folder: string): ReadonlyMap<string, string> {
  const isAddress = /^[\d.]+$|^[\da-f:]+$/;
  return new Map(
    names(folder).flatMap((network) =>
      names(join(folder, network))
        .filter((name) => isAddress.test(name))
        .map((name) => [name, firstLine(join(folder, network, name))] as const),
    ),
  );
}

function groupsOf(root: string): Pick<NodeReality, 'podGroups' | 'containerGroups'> {
  const cgroups = openCgroups();
  const below = (path: string): readonly string[] => cgroups.children(path).map((name) => `${path}/${name}`);
  const classes = [`${root}/kubepods`, `${root}/kubepods/burstable`, `${root}/kubepods/besteffort`];
  const pods = classes.flatMap(below).filter((path) => /\/pod[^/]+$/.test(path));
  return {
    podGroups: pods.map((path) => path.slice(path.lastIndexOf('/pod') + 4)),
    containerGroups: pods.flatMap((path) => cgroups.children(path)),
  };
}

/** Empty where it has gone meanwhile. */
function firstLine(file: string): string {
  try {
    return readFileSync(file, 'utf8').split(/\r?\n/)[0] ?? '';
  } catch {
    return '';
  }
}
