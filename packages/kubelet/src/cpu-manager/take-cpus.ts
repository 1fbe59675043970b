import { ascending, type CpuLayout, type CpuLevel } from '../topology/machine.ts';
import type { CpuSet } from './cpu-set.ts';

export interface TakeOptions {
  /** Whole groups that share a cache come before whole cores. */
  readonly prefersCaches?: boolean;
}

/**
 * Chooses `count` of the free processors: whole nodes and sockets first, then whole cores, then what remains, and of
 * equals the one that has least left, so that what is whole stays so for others. undefined when there are too few.
 */
export function takeCpus(
  layout: CpuLayout,
  free: CpuSet,
  count: number,
  options: TakeOptions = {},
): CpuSet | undefined {
  if (free.size < count) return undefined;
  const left = new Set(free);
  const taken = new Set<number>();
  const take = (cpus: readonly number[]): void => {
    for (const cpu of cpus) {
      taken.add(cpu);
      left.delete(cpu);
    }
  };
  const [outer, inner] = levels(layout);
  const wholes: readonly CpuLevel[] = [outer, inner, ...(options.prefersCaches ? (['cache'] as const) : []), 'core'];
  for (const level of wholes)
    for (const [group, cpus] of sortedGroups(layout, left, level)) {
      const isWhole = cpus.length === layout.sizeOf(level, group);
      if (isWhole && cpus.length <= count - taken.size) take(cpus);
    }
  for (const [, cpus] of sortedGroups(layout, left, 'core')) take(cpus.slice(0, count - taken.size));
  return taken;
}

/** The larger one first: some machines have several nodes in a socket, others several sockets in a node. */
const levels = (layout: CpuLayout): readonly [CpuLevel, CpuLevel] =>
  layout.count('socket') >= layout.count('numa') ? ['numa', 'socket'] : ['socket', 'numa'];

/** Groups of the free processors, inside the larger groups that they are part of; those with least left first. */
function sortedGroups(
  layout: CpuLayout,
  free: CpuSet,
  level: CpuLevel,
): readonly (readonly [group: number, cpus: readonly number[]])[] {
  const [outer, inner] = levels(layout);
  const above: readonly CpuLevel[] = level === outer ? [] : level === inner ? [outer] : [outer, inner];
  const nested = [...above, level].reduce<readonly (readonly [number, readonly number[]])[]>(
    (groups, next) => groups.flatMap(([, cpus]) => byLeast(layout.groups(cpus, next))),
    [[0, [...free]]],
  );
  return nested;
}

const byLeast = (groups: ReadonlyMap<number, readonly number[]>): readonly (readonly [number, readonly number[]])[] =>
  [...groups].toSorted(([a, own], [b, other]) => own.length - other.length || ascending(a, b));
