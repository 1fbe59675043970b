import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type LogicalCpu, type MachineTopology, type NumaNode, parseCpuSet } from '@navarch/kubelet';

/** How the kernel says that processors and memory hang together; `sys` is where its files are. */
export function machineTopology(sys = '/sys'): MachineTopology {
  const cpuDir = join(sys, 'devices/system/cpu');
  const nodeDir = join(sys, 'devices/system/node');
  const nodes = existsSync(nodeDir)
    ? readdirSync(nodeDir)
        .flatMap((name) => /^node(\d+)$/.exec(name)?.[1] ?? [])
        .map(Number)
    : [];
  const nodeOf = new Map(
    nodes.flatMap((node) => [...cpuList(join(nodeDir, `node${node}`, 'cpulist'))].map((cpu) => [cpu, node] as const)),
  );
  const cpus = [...cpuList(join(cpuDir, 'online'))].map((id) =>
    cpuAt(join(cpuDir, `cpu${id}`), id, nodeOf.get(id) ?? 0),
  );
  const found = nodes.toSorted((a, b) => a - b).map((id) => nodeAt(join(nodeDir, `node${id}`), id));
  return { cpus, numaNodes: found.length > 0 ? found : [nodeWithout(sys)] };
}

/** Cores have numbers of their own in each socket only: a core is called by the lowest of its processors instead. */
function cpuAt(dir: string, id: number, numa: number): LogicalCpu {
  const siblings = cpuList(join(dir, 'topology/thread_siblings_list'));
  const socket = Number(textOf(join(dir, 'topology/physical_package_id')) || 0);
  const levels = existsSync(join(dir, 'cache')) ? readdirSync(join(dir, 'cache')) : [];
  const caches = levels
    .filter((name) => /^index\d+$/.test(name))
    .toSorted((a, b) => Number(a.slice('index'.length)) - Number(b.slice('index'.length)));
  const last = caches.at(-1);
  const sharing = last === undefined ? siblings : cpuList(join(dir, 'cache', last, 'shared_cpu_list'));
  return { id, core: Math.min(id, ...siblings), socket: Math.max(0, socket), numa, cache: Math.min(id, ...sharing) };
}

function nodeAt(dir: string, id: number): NumaNode {
  const kilobytes = Number(/MemTotal:\s*(\d+) kB/.exec(textOf(join(dir, 'meminfo')))?.[1] ?? 0);
  return {
    id,
    memoryBytes: kilobytes * 1024,
    hugePages: hugePagesIn(join(dir, 'hugepages')),
    distances: textOf(join(dir, 'distance')).split(/\s+/).filter(Boolean).map(Number),
  };
}

/** A kernel without NUMA: all memory is one node. */
const nodeWithout = (sys: string): NumaNode => ({
  id: 0,
  memoryBytes: Number(/MemTotal:\s*(\d+) kB/.exec(textOf('/proc/meminfo'))?.[1] ?? 0) * 1024,
  hugePages: hugePagesIn(join(sys, 'kernel/mm/hugepages')),
  distances: [10],
});

function hugePagesIn(dir: string): Readonly<Record<string, number>> {
  const sizes = existsSync(dir) ? readdirSync(dir) : [];
  return Object.fromEntries(
    sizes.flatMap((name) => {
      const kilobytes = Number(/^hugepages-(\d+)kB$/.exec(name)?.[1] ?? 0);
      const count = Number(textOf(join(dir, name, 'nr_hugepages')) || 0);
      if (kilobytes === 0 || count === 0) return [];
      const size = kilobytes % 2 ** 20 === 0 ? `${kilobytes / 2 ** 20}Gi` : `${kilobytes / 1024}Mi`;
      return [[`hugepages-${size}`, count * kilobytes * 1024]];
    }),
  );
}

const cpuList = (file: string): ReadonlySet<number> => parseCpuSet(textOf(file));

const textOf = (file: string): string => (existsSync(file) ? readFileSync(file, 'utf8').trim() : '');
