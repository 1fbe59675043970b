import { ascending } from '../topology/machine.ts';

/** Processors by their numbers. */
export type CpuSet = ReadonlySet<number>;

/** More than any machine has: a list with a slip of the pen must not become a set that fills the memory. */
const CPU_MAX = 65_535;

/** `0-3,8`, as the kernel writes it. Throws RangeError. */
export function parseCpuSet(text: string): CpuSet {
  const cpus = new Set<number>();
  if (text.trim() === '') return cpus;
  for (const part of text.split(',')) {
    const [, from, to] = /^\s*(\d+)(?:-(\d+))?\s*$/.exec(part) ?? [];
    const [first, last] = [Number(from), Number(to ?? from)];
    if (from === undefined || last < first || last > CPU_MAX)
      throw new RangeError(`${JSON.stringify(text)} is no list of CPUs such as 0-3,8`);
    for (let cpu = first; cpu <= last; cpu++) cpus.add(cpu);
  }
  return cpus;
}

export function cpuSetText(cpus: CpuSet): string {
  const runs: [first: number, last: number][] = [];
  for (const cpu of [...cpus].toSorted(ascending)) {
    const run = runs.at(-1);
    if (run && run[1] === cpu - 1) run[1] = cpu;
    else runs.push([cpu, cpu]);
  }
  return runs.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(',');
}
