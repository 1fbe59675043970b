import type { CgroupLimits as PodLimits } from '@navarch/kubelet';

/** -1 takes a limit off. */
export interface CgroupLimits extends PodLimits {
  readonly pids?: number;
}

/** What a group has used. Fields are absent where this host does not count them. */
export interface CgroupUsage {
  readonly cpuNanoseconds?: number;
  readonly memoryBytes?: number;
  /** Memory that cannot be reclaimed easily: usage without the inactive part of the file cache. */
  readonly workingSetBytes?: number;
  readonly rssBytes?: number;
  readonly pageFaults?: number;
  readonly majorPageFaults?: number;
  /** Absent where there is no limit. */
  readonly memoryLimitBytes?: number;
  readonly pids?: number;
}

/** What of it is a group's share of the machine now: a third less to read. */
type CgroupLoad = Pick<CgroupUsage, 'cpuNanoseconds' | 'memoryBytes' | 'workingSetBytes'>;

/** A load, and the table that it was read from. Undefined is what this host does not count. */
export interface Measured {
  readonly load: { readonly [K in keyof CgroupLoad]-?: number | undefined };
  memory(key: string): number | undefined;
}

/** Control groups by path (`/kubepods/burstable/podUID`), alike on v1 and v2. Every operation may be repeated. */
export interface Cgroups {
  readonly version: 1 | 2;
  /** Makes the group and those above it, and sets its limits. Throws when the kernel refuses a limit. */
  ensure(path: string, limits: CgroupLimits): void;
  exists(path: string): boolean;
  /** Undefined when there is no such group. */
  usage(path: string): CgroupUsage | undefined;
  load(path: string): CgroupLoad | undefined;
  /** Processes in the group and below it. */
  processes(path: string): readonly number[];
  /** One of them, which costs a read or two. */
  someProcess(path: string): number | undefined;
  /** The groups right below, by name. */
  children(path: string): readonly string[];
  /** Notes that the group is in use. One that is not there is fine. */
  touch(path: string): void;
  /** When that was noted last, or something was made or removed in it; milliseconds, wall clock. Undefined when there is no such group. */
  touched(path: string): number | undefined;
  /** Removes the group and everything below. False while processes live in it: end them and call again. */
  remove(path: string): boolean;
}
