/** One logical processor. Numbers are the kernel's; a core is called by the lowest of its processors. */
export interface LogicalCpu {
  readonly id: number;
  readonly core: number;
  readonly socket: number;
  readonly numa: number;
  /** Those that share their last level of cache have the same number. */
  readonly cache: number;
}

export interface NumaNode {
  readonly id: number;
  readonly memoryBytes: number;
  /** Bytes by resource name, `hugepages-2Mi`. */
  readonly hugePages: Readonly<Record<string, number>>;
  /** To each node, in the order of the nodes, as the firmware tells; 10 is the node itself. */
  readonly distances: readonly number[];
}

/** How processors and memory hang together. */
export interface MachineTopology {
  readonly cpus: readonly LogicalCpu[];
  readonly numaNodes: readonly NumaNode[];
}

/** A machine of which nothing is known but how large it is. */
export const plainTopology = ({
  cpus,
  memoryBytes,
}: {
  readonly cpus: number;
  readonly memoryBytes: number;
}): MachineTopology => ({
  cpus: Array.from({ length: cpus }, (_, id) => ({ id, core: id, socket: 0, numa: 0, cache: 0 })),
  numaNodes: [{ id: 0, memoryBytes, hugePages: {}, distances: [10] }],
});

export type CpuLevel = Exclude<keyof LogicalCpu, 'id'>;

/** The processors of a machine by what they belong to. */
export class CpuLayout {
  readonly all: ReadonlySet<number>;
  readonly cpusPerCore: number;
  readonly #cpus: ReadonlyMap<number, LogicalCpu>;

  constructor({ cpus }: Pick<MachineTopology, 'cpus'>) {
    this.#cpus = new Map(cpus.map((cpu) => [cpu.id, cpu]));
    this.all = new Set(this.#cpus.keys());
    const cores = new Set(cpus.map(({ core }) => core)).size;
    this.cpusPerCore = cores === 0 ? 1 : Math.floor(cpus.length / cores);
  }

  /** How many there are of a level. */
  count(level: CpuLevel): number {
    return this.groups(this.all, level).size;
  }

  /** The given processors, by the number of what they belong to. */
  groups(cpus: Iterable<number>, level: CpuLevel): ReadonlyMap<number, readonly number[]> {
    return Map.groupBy([...cpus].toSorted(ascending), (id) => this.#cpus.get(id)?.[level] ?? 0);
  }

  numaOf(id: number): number {
    return this.#cpus.get(id)?.numa ?? 0;
  }

  /** How many processors a group has when all of them are free. */
  sizeOf(level: CpuLevel, group: number): number {
    return this.groups(this.all, level).get(group)?.length ?? 0;
  }
}

export const ascending = (a: number, b: number): number => a - b;
