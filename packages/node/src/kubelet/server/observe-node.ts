import { existsSync, readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import {
  CONTAINER_NAME,
  type DriverStats,
  type cri,
  type Disk,
  type HostFacts,
  type NodeDirs,
  type NodeGauge,
  type ObservedContainer,
  type ObservedNode,
  type ObservedPod,
  type ObservedVolume,
  POD_NAME,
  POD_NAMESPACE,
  POD_UID,
  type Usage,
} from '@navarch/kubelet';
import type { Cgroups, CgroupUsage } from '../../host/cgroup/port.ts';
import { readMounts } from '../../host/index.ts';
import { fileSystem, mountTable, type MountTable, TreeUsage } from './disk-usage.ts';
import { networkOf, nodeNetwork } from './network-usage.ts';

export interface ObserverDeps {
  readonly runtime: cri.ContainerRuntime;
  readonly cgroups: Cgroups;
  readonly host: HostFacts;
  readonly nodeName: string;
  readonly dirs: NodeDirs;
  /** What drivers say of volumes of theirs: nobody walks through those. */
  readonly driverStats?: DriverStats;
  /** Milliseconds since the epoch. */
  now(): number;
  /** Groups of processes that are no pods, by upstream's names: `kubelet`, `runtime`. Process ids. */
  system(): Readonly<Record<string, readonly number[]>>;
}

/** Everything, or only which share of the machine its pods have: processor and memory, without `system`. */
type Depth = 'whole' | 'load';

/** One observation serves everybody who asks within this time: a scrape of three endpoints is one look. */
const FRESH_MS = 1000;
/** The least time between two readings of which a rate is made. */
const RATE_MS_MIN = 1000;

/** The folder among a pod's volumes in which drivers have theirs. */
const DRIVERS = 'kubernetes.io~csi';

/** Looks at what the node and its pods use: cgroups, /proc, file systems, and the runtime for what only it knows. */
export class NodeObserver {
  readonly #deps: ObserverDeps;
  readonly #trees = new TreeUsage();
  readonly #rates = new Map<
    string,
    { readonly at: number; readonly cpuNanoseconds: number; readonly rate: number | undefined }
  >();
  #latest: { readonly at: number; readonly depth: Depth; readonly node: Promise<ObservedNode> } | undefined;

  constructor(deps: ObserverDeps) {
    this.#deps = deps;
  }

  observe(signal: AbortSignal): Promise<ObservedNode> {
    return this.#once('whole', signal);
  }

  /** Of that only processor and memory of the node, its pods and their containers. */
  loads(signal: AbortSignal): Promise<ObservedNode> {
    return this.#once('load', signal);
  }

  #once(depth: Depth, signal: AbortSignal): Promise<ObservedNode> {
    const at = this.#deps.now();
    const latest = this.#latest;
    if (latest && at - latest.at < FRESH_MS && (latest.depth === 'whole' || depth === 'load')) return latest.node;
    const node = depth === 'whole' ? this.#look(at, signal) : this.#loads(at, signal);
    this.#latest = { at, depth, node };
    // A failure is nobody's answer: the next one looks anew.
    node.catch(() => (this.#latest = undefined));
    return node;
  }

  /** The node alone: no container is looked at. Images are on the disk of the pods. */
  async gauge(): Promise<NodeGauge> {
    const { host, dirs, now } = this.#deps;
    const at = now();
    const disk = await fileSystem(dirs.root, at);
    const memory = memoryOfNode();
    return {
      memoryBytes: host.memoryBytes,
      usage: { at, memoryBytes: memory.usedBytes, workingSetBytes: memory.workingSetBytes },
      ...(disk ? { disk, images: disk } : {}),
      processes: processCount(at),
    };
  }

  /** What a metrics-server asks for, every quarter of a minute: no disk is looked at, and no interface of a pod. */
  async #loads(at: number, signal: AbortSignal): Promise<ObservedNode> {
    const { cgroups, dirs } = this.#deps;
    const { sandboxes, own } = await this.#running(signal);
    const groups = podGroups(cgroups, dirs.cgroupRoot);
    const pods = sandboxes.map((sandbox): ObservedPod => {
      const head = headOf(sandbox, groups);
      const containers = own(sandbox.id).map((container) => {
        const named = containerHead(container, head.cgroup);
        return { ...named, ...this.#usage(named.cgroup, at, 'load') };
      });
      return { ...head, ...this.#usage(head.cgroup, at, 'load'), containers, volumes: [] };
    });
    this.#forgetRates(pods);
    return { ...this.#machine(), ...this.#nodeUsage(at), system: [], pods };
  }

  async #look(at: number, signal: AbortSignal): Promise<ObservedNode> {
    const { cgroups, dirs, system } = this.#deps;
    const { sandboxes, own } = await this.#running(signal);
    const layers = await this.#layers(signal);
    const groups = podGroups(cgroups, dirs.cgroupRoot);
    const mounts = mountTable(readMounts());
    this.#trees.keepRemote(mounts);
    const disk = await fileSystem(dirs.root, at);
    const pods: ObservedPod[] = [];
    for (const sandbox of sandboxes)
      pods.push(await this.#pod(headOf(sandbox, groups), own(sandbox.id), { at, layers, mounts, disk }));
    this.#forgetRates(pods);
    this.#forgetTrees(pods);
    return {
      ...this.#machine(),
      ...this.#nodeUsage(at),
      network: nodeNetwork(at),
      ...(disk ? { disk } : {}),
      ...(await this.#images(disk, signal)),
      processes: processCount(at),
      system: [
        ...Object.entries(system()).map(([name, pids]) => processGroup(name, pids, at)),
        {
          name: 'pods',
          cgroup: `${dirs.cgroupRoot}/kubepods`,
          id: '',
          image: '',
          startedAt: bootTime(),
          ...this.#usage(`${dirs.cgroupRoot}/kubepods`, at),
        },
      ],
      pods,
    };
  }

  async #running(signal: AbortSignal): Promise<Running> {
    const { runtime } = this.#deps;
    const { items } = await runtime.listPodSandbox({ filter: { state: { state: 'SANDBOX_READY' } } }, signal);
    const { containers } = await runtime.listContainers({ filter: { state: { state: 'CONTAINER_RUNNING' } } }, signal);
    const bySandbox = Map.groupBy(containers, ({ podSandboxId }) => podSandboxId);
    return { sandboxes: items, own: (id) => bySandbox.get(id) ?? [] };
  }

  #machine(): Omit<ObservedNode, 'system' | 'pods'> {
    const { host, nodeName } = this.#deps;
    return {
      name: nodeName,
      startedAt: bootTime(),
      cpus: host.cpus,
      memoryBytes: host.memoryBytes,
      kernelVersion: host.kernelVersion,
      osImage: host.osImage,
    };
  }

  async #pod(head: PodHead, containers: readonly cri.Container[], context: Context): Promise<ObservedPod> {
    const { at, mounts } = context;
    const { namespace, name, uid, cgroup } = head;
    const logs = join(this.#deps.dirs.podLogs, `${namespace}_${name}_${uid}`);
    const observed: ObservedContainer[] = [];
    for (const container of containers) observed.push(await this.#container(container, cgroup, logs, context));
    const pid = cgroup === '' ? undefined : this.#deps.cgroups.someProcess(cgroup);
    const network = pid === undefined ? undefined : networkOf(pid, at);
    return {
      ...head,
      ...this.#usage(cgroup, at),
      ...(network ? { network } : {}),
      containers: observed,
      volumes: await this.#volumes(uid, at, mounts),
    };
  }

  async #container(
    container: cri.Container,
    group: string,
    logs: string,
    { at, layers, mounts, disk }: Context,
  ): Promise<ObservedContainer> {
    const head = containerHead(container, group);
    const layer = layers.get(head.id);
    const logDisk = await this.#trees.of(join(logs, head.name), at, mounts);
    return {
      ...head,
      ...this.#usage(head.cgroup, at),
      ...(layer ? { rootfs: { ...disk, at, ...layer } } : {}),
      ...(logDisk ? { logs: logDisk } : {}),
    };
  }

  async #volumes(uid: string, at: number, mounts: MountTable): Promise<readonly ObservedVolume[]> {
    const dir = join(this.#deps.dirs.root, 'pods', uid, 'volumes');
    const found: ObservedVolume[] = [...(this.#deps.driverStats?.of(uid, at) ?? [])];
    for (const entry of await readdir(dir, { withFileTypes: true }).catch(() => [])) {
      const isOwn = entry.isDirectory() && entry.name !== DRIVERS;
      const disk = isOwn ? await this.#trees.of(join(dir, entry.name), at, mounts) : undefined;
      if (disk) found.push({ ...disk, name: entry.name });
    }
    return found;
  }

  /** What containers wrote into their own layer: only the runtime knows where that is. */
  async #layers(signal: AbortSignal): Promise<Layers> {
    const { stats } = await this.#deps.runtime.listContainerStats({}, signal);
    return new Map(
      stats.flatMap(({ attributes, writableLayer }) =>
        attributes && writableLayer
          ? [
              [
                attributes.id,
                { usedBytes: writableLayer.usedBytes?.value ?? 0, inodesUsed: writableLayer.inodesUsed?.value ?? 0 },
              ] as const,
            ]
          : [],
      ),
    );
  }

  async #images(disk: Disk | undefined, signal: AbortSignal): Promise<{ readonly images?: Disk }> {
    const {
      imageFilesystems: [first],
    } = await this.#deps.runtime.imageFsInfo({}, signal);
    if (!first || !disk) return {};
    return { images: { ...disk, usedBytes: first.usedBytes?.value ?? 0, inodesUsed: first.inodesUsed?.value ?? 0 } };
  }

  #usage(group: string, at: number, depth: Depth = 'whole'): { readonly usage?: Usage } {
    const { cgroups } = this.#deps;
    if (group === '') return {};
    const used: CgroupUsage | undefined = depth === 'whole' ? cgroups.usage(group) : cgroups.load(group);
    if (!used) return {};
    const { pids, ...rest } = used;
    return {
      usage: {
        at,
        ...rest,
        ...(pids === undefined ? {} : { processes: pids }),
        ...this.#rate(group, at, used.cpuNanoseconds),
      },
    };
  }

  /** The root group counts everything; where it counts no memory, /proc does. */
  #nodeUsage(at: number): { readonly usage?: Usage } {
    const { usage } = this.#usage('/', at);
    const memory = memoryOfNode();
    return { usage: { ...usage, at, memoryBytes: memory.usedBytes, workingSetBytes: memory.workingSetBytes } };
  }

  #rate(group: string, at: number, cpuNanoseconds: number | undefined): { readonly cpuNanoCores?: number } {
    if (cpuNanoseconds === undefined) return {};
    const before = this.#rates.get(group);
    if (before && at - before.at < RATE_MS_MIN) return before.rate === undefined ? {} : { cpuNanoCores: before.rate };
    const rate =
      before && Math.max(0, Math.round(((cpuNanoseconds - before.cpuNanoseconds) / (at - before.at)) * 1000));
    this.#rates.set(group, { at, cpuNanoseconds, rate });
    return rate === undefined ? {} : { cpuNanoCores: rate };
  }

  #forgetRates(pods: readonly ObservedPod[]): void {
    const groups = new Set([
      '/',
      `${this.#deps.dirs.cgroupRoot}/kubepods`,
      ...pods.flatMap((pod) => [pod.cgroup, ...pod.containers.map((c) => c.cgroup)]),
    ]);
    for (const group of this.#rates.keys()) if (!groups.has(group)) this.#rates.delete(group);
  }

  #forgetTrees(pods: readonly ObservedPod[]): void {
    const { root, podLogs } = this.#deps.dirs;
    this.#trees.keep(
      new Set(
        pods.flatMap(({ namespace, name, uid, containers, volumes }) => [
          ...containers.map((c) => join(podLogs, `${namespace}_${name}_${uid}`, c.name)),
          ...volumes.map((v) => join(root, 'pods', uid, 'volumes', v.name)),
        ]),
      ),
    );
  }
}

type Layers = ReadonlyMap<string, { readonly usedBytes: number; readonly inodesUsed: number }>;
interface Context {
  readonly at: number;
  readonly layers: Layers;
  readonly mounts: MountTable;
  /** On which containers have their layers. */
  readonly disk: Disk | undefined;
}

/** What runs, and the containers in each sandbox. */
interface Running {
  readonly sandboxes: readonly cri.PodSandbox[];
  own(sandboxId: string): readonly cri.Container[];
}

type PodHead = Pick<ObservedPod, 'namespace' | 'name' | 'uid' | 'sandboxId' | 'cgroup' | 'startedAt'>;

function headOf({ labels, id, createdAt }: cri.PodSandbox, groups: ReadonlyMap<string, string>): PodHead {
  const [namespace, name, uid] = [labels[POD_NAMESPACE] ?? '', labels[POD_NAME] ?? '', labels[POD_UID] ?? ''];
  return { namespace, name, uid, sandboxId: id, cgroup: groups.get(uid) ?? '', startedAt: Math.floor(createdAt / 1e6) };
}

const containerHead = ({ id, createdAt, labels, image }: cri.Container, group: string): ObservedContainer => ({
  id,
  name: labels[CONTAINER_NAME] ?? '',
  image: image?.image ?? '',
  cgroup: `${group}/${id}`,
  startedAt: Math.floor(createdAt / 1e6),
});

/** The cgroups of pods by their uid, in every class of service. */
function podGroups(cgroups: Cgroups, root: string): ReadonlyMap<string, string> {
  const classes = [`${root}/kubepods`, `${root}/kubepods/burstable`, `${root}/kubepods/besteffort`];
  return new Map(
    classes.flatMap((folder) =>
      cgroups
        .children(folder)
        .filter((name) => name.startsWith('pod'))
        .map((name) => [name.slice('pod'.length), `${folder}/${name}`] as const),
    ),
  );
}

const readText = (path: string): string => (existsSync(path) ? readFileSync(path, 'utf8') : '');

/** Threads count: each takes an id. */
const processCount = (at: number): NonNullable<ObservedNode['processes']> => ({
  at,
  max: Number(readText('/proc/sys/kernel/pid_max')),
  now: Number(readText('/proc/loadavg').split(/[\s/]+/)[4] ?? 0),
});

const bootTime = (): number => Number(/^btime (\d+)$/m.exec(readText('/proc/stat'))?.[1] ?? 0) * 1000;

/** As free(1) counts: what is used is not available; caches in use by files are reclaimed first. */
function memoryOfNode(): { readonly usedBytes: number; readonly workingSetBytes: number } {
  const text = readText('/proc/meminfo');
  const of = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0) * 1024;
  return { usedBytes: of('MemTotal') - of('MemFree'), workingSetBytes: of('MemTotal') - of('MemAvailable') };
}

const CLOCK_TICKS_NS = 1e7;
const PAGE_BYTES = 4096;

/** Processes that have no cgroup of their own, by what the kernel counts of each (proc_pid_stat(5)). */
function processGroup(name: string, pids: readonly number[], at: number): ObservedContainer {
  let [cpuNanoseconds, rssBytes] = [0, 0];
  for (const pid of pids) {
    const fields = readText(`/proc/${pid}/stat`).split(') ')[1]?.split(' ') ?? [];
    cpuNanoseconds += (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) * CLOCK_TICKS_NS;
    rssBytes += Number(fields[21] ?? 0) * PAGE_BYTES;
  }
  const usage = {
    at,
    cpuNanoseconds,
    rssBytes,
    memoryBytes: rssBytes,
    workingSetBytes: rssBytes,
    processes: pids.length,
  };
  return { name, cgroup: '', id: '', image: '', startedAt: bootTime(), usage };
}
