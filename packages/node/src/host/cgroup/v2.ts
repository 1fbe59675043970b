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

const WANTED = ['cpu', 'cpuset', 'memory', 'pids', 'io', 'hugetlb'];
const DEFAULT_PERIOD_US = 100_000;

/** cgroup v2: one tree; a controller works in a group when the group above hands it down. */
export function cgroupsV2(tree: string): Cgroups {
  const folderOf = (path: string): string => join(tree, path);
  return Object.freeze<Cgroups>({
    version: 2,
    ensure(path, limits) {
      const parts = path.split('/').filter(Boolean);
      parts.forEach((_, depth) => {
        handDown(join(tree, ...parts.slice(0, depth)));
        makeGroup(join(tree, ...parts.slice(0, depth + 1)));
      });
      setLimits(folderOf(path), limits);
    },
    exists: (path) => existsSync(folderOf(path)),
    usage: (path) => (existsSync(folderOf(path)) ? usageOf(folderOf(path)) : undefined),
    load: (path) => (existsSync(folderOf(path)) ? defined(loadOf(folderOf(path)).load) : undefined),
    processes: (path) => processesBelow(folderOf(path)),
    someProcess: (path) => someProcessBelow(folderOf(path)),
    children: (path) => childGroups(folderOf(path)),
    touch: (path) => touchGroup(folderOf(path), Date.now()),
    touched: (path) => touchedAt(folderOf(path)),
    remove: (path) => removeGroup(folderOf(path)),
  });
}

/** cgroup v1's 2..262144 on v2's scale of 1..10000, by the formula that runc and upstream use (KEP-2254). */
export function weightOfShares(shares: number): number {
  const bounded = Math.min(262_144, Math.max(2, shares));
  return 1 + Math.floor(((bounded - 2) * 9999) / 262_142);
}

function handDown(folder: string): void {
  const available = words(join(folder, 'cgroup.controllers'));
  const active = words(join(folder, 'cgroup.subtree_control'));
  const missing = WANTED.filter((name) => available.includes(name) && !active.includes(name));
  if (missing.length > 0)
    writeSetting(join(folder, 'cgroup.subtree_control'), missing.map((name) => `+${name}`).join(' '));
}

function setLimits(folder: string, limits: CgroupLimits): void {
  if (limits.cpuShares !== undefined) writeSetting(join(folder, 'cpu.weight'), weightOfShares(limits.cpuShares));
  if (limits.cpuQuotaUs !== undefined) {
    const quota = limits.cpuQuotaUs < 0 ? 'max' : limits.cpuQuotaUs;
    writeSetting(join(folder, 'cpu.max'), `${quota} ${limits.cpuPeriodUs ?? DEFAULT_PERIOD_US}`);
  }
  if (limits.memoryBytes !== undefined)
    writeSetting(join(folder, 'memory.max'), limits.memoryBytes < 0 ? 'max' : limits.memoryBytes);
  if (limits.memoryMinBytes !== undefined) writeSetting(join(folder, 'memory.min'), limits.memoryMinBytes);
  if (limits.memoryLowBytes !== undefined) writeSetting(join(folder, 'memory.low'), limits.memoryLowBytes);
  if (limits.pids !== undefined) writeSetting(join(folder, 'pids.max'), limits.pids < 0 ? 'max' : limits.pids);
}

function loadOf(folder: string): Measured {
  const memory = readTable(`${folder}/memory.stat`);
  const cpu = readTable(`${folder}/cpu.stat`)('usage_usec');
  const usage = readNumber(`${folder}/memory.current`);
  const load = {
    cpuNanoseconds: cpu === undefined ? undefined : cpu * 1000,
    memoryBytes: usage,
    workingSetBytes: usage === undefined ? undefined : Math.max(0, usage - (memory('inactive_file') ?? 0)),
  };
  return { load, memory };
}

function usageOf(folder: string): CgroupUsage {
  const { load, memory } = loadOf(folder);
  return defined({
    ...load,
    rssBytes: memory('anon'),
    pageFaults: memory('pgfault'),
    majorPageFaults: memory('pgmajfault'),
    memoryLimitBytes: readNumber(join(folder, 'memory.max')),
    pids: readNumber(join(folder, 'pids.current')),
  });
}

function words(path: string): readonly string[] {
  return (readText(path) ?? '').split(/\s+/).filter(Boolean);
}
