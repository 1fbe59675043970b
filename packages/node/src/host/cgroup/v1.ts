import { existsSync } from 'node:fs';
import { join } from 'node:path';
import {
  childGroups,
  defined,
  makeGroup,
  processesBelow,
  readNumber,
  readTable,
  readText,
  removeGroup,
  someProcessBelow,
  touchedAt,
  touchGroup,
  writeSetting,
} from './files.ts';
import type { CgroupLimits, Cgroups, CgroupUsage, Measured } from './port.ts';

/** One tree a controller, `cpu` to `/sys/fs/cgroup/cpu,cpuacct`; several controllers may share one. */
export type ControllerFolders = ReadonlyMap<string, string>;

/** cgroup v1: the same path in every controller's own tree. */
export function cgroupsV1(controllers: ControllerFolders): Cgroups {
  const trees = [...new Set(controllers.values())];
  const at = (controller: string, path: string, file = ''): string =>
    `${controllers.get(controller) ?? '/nonexistent'}/${path}/${file}`;
  const main = controllers.has('memory') ? 'memory' : (controllers.keys().next().value ?? 'memory');
  return Object.freeze<Cgroups>({
    version: 1,
    ensure(path, limits) {
      for (const tree of trees) makeGroup(join(tree, path));
      if (controllers.has('cpuset')) inheritCpuset(at('cpuset', '/'), path);
      setLimits(at, controllers, path, limits);
    },
    exists: (path) => existsSync(at(main, path)),
    usage: (path) => (existsSync(at(main, path)) ? usageOf(at, path) : undefined),
    load: (path) => (existsSync(at(main, path)) ? defined(loadOf(at, path).load) : undefined),
    processes: (path) => [...new Set(trees.flatMap((tree) => processesBelow(join(tree, path))))],
    someProcess: (path) => someProcessBelow(at(main, path)),
    children: (path) => [...new Set(trees.flatMap((tree) => childGroups(join(tree, path))))],
    touch: (path) => {
      for (const tree of trees) touchGroup(join(tree, path), Date.now());
    },
    touched: (path) => latest(trees.map((tree) => touchedAt(join(tree, path)))),
    remove: (path) => !trees.map((tree) => removeGroup(join(tree, path))).includes(false),
  });
}

/** A group may be there in some trees and gone from others. */
const latest = (times: readonly (number | undefined)[]): number | undefined => {
  const known = times.filter((time) => time !== undefined);
  return known.length === 0 ? undefined : Math.max(...known);
};

type At = (controller: string, path: string, file?: string) => string;

function setLimits(at: At, controllers: ControllerFolders, path: string, limits: CgroupLimits): void {
  if (controllers.has('cpu')) {
    if (limits.cpuShares !== undefined) writeSetting(at('cpu', path, 'cpu.shares'), Math.max(2, limits.cpuShares));
    if (limits.cpuPeriodUs !== undefined) writeIfThere(at('cpu', path, 'cpu.cfs_period_us'), limits.cpuPeriodUs);
    if (limits.cpuQuotaUs !== undefined) writeIfThere(at('cpu', path, 'cpu.cfs_quota_us'), limits.cpuQuotaUs);
  }
  if (controllers.has('memory') && limits.memoryBytes !== undefined) {
    writeSetting(at('memory', path, 'memory.limit_in_bytes'), limits.memoryBytes);
  }
  if (controllers.has('pids') && limits.pids !== undefined) {
    writeSetting(at('pids', path, 'pids.max'), limits.pids < 0 ? 'max' : limits.pids);
  }
}

/** A kernel without bandwidth control (CFS_BANDWIDTH) has no such files: limits of CPU are then not kept. */
function writeIfThere(file: string, value: number): void {
  if (existsSync(file)) writeSetting(file, value);
}

/** A new v1 cpuset is empty, and an empty one takes no process: copy from above, outermost first. */
function inheritCpuset(tree: string, path: string): void {
  const parts = path.split('/').filter(Boolean);
  for (let depth = 1; depth <= parts.length; depth += 1) {
    const folder = join(tree, ...parts.slice(0, depth));
    for (const file of ['cpuset.cpus', 'cpuset.mems']) {
      const above = readText(join(folder, '..', file));
      if (above && readText(join(folder, file)) === '') writeSetting(join(folder, file), above);
    }
  }
}

/** What nobody limited reads as the largest number of whole pages. */
const limitOf = (bytes: number | undefined): number | undefined =>
  bytes === undefined || bytes >= 2 ** 62 ? undefined : bytes;

function usageOf(at: At, path: string): CgroupUsage {
  const { load, memory } = loadOf(at, path);
  return defined({
    ...load,
    rssBytes: memory('total_rss'),
    pageFaults: memory('total_pgfault'),
    majorPageFaults: memory('total_pgmajfault'),
    memoryLimitBytes: limitOf(readNumber(at('memory', path, 'memory.limit_in_bytes'))),
    pids: readNumber(at('pids', path, 'pids.current')),
  });
}

function loadOf(at: At, path: string): Measured {
  const memory = readTable(at('memory', path, 'memory.stat'));
  const usage = readNumber(at('memory', path, 'memory.usage_in_bytes'));
  const inactive = memory('total_inactive_file') ?? 0;
  const load = {
    cpuNanoseconds: readNumber(at('cpuacct', path, 'cpuacct.usage')),
    memoryBytes: usage,
    workingSetBytes: usage === undefined ? undefined : Math.max(0, usage - inactive),
  };
  return { load, memory };
}
