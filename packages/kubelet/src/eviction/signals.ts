import type { NodeGauge } from '../server/stats/observed.ts';

/** What a node can run out of, as eviction thresholds name it, and what is said of it then (upstream's words). */
export const SIGNALS = {
  'memory.available': { resource: 'memory', condition: 'MemoryPressure' },
  'nodefs.available': { resource: 'ephemeral-storage', condition: 'DiskPressure' },
  'nodefs.inodesFree': { resource: 'inodes', condition: 'DiskPressure' },
  'imagefs.available': { resource: 'ephemeral-storage', condition: 'DiskPressure' },
  'imagefs.inodesFree': { resource: 'inodes', condition: 'DiskPressure' },
  'pid.available': { resource: 'pids', condition: 'PIDPressure' },
} as const;

export type Signal = keyof typeof SIGNALS;
export type Starved = (typeof SIGNALS)[Signal]['resource'];
export type Pressure = (typeof SIGNALS)[Signal]['condition'];

export const isSignal = (name: string): name is Signal => Object.hasOwn(SIGNALS, name);

export interface Reading {
  readonly available: number;
  readonly capacity: number;
}

export type Readings = ReadonlyMap<Signal, Reading>;

/** What the node has left of everything that it can count. */
export function readingsOf({ usage, memoryBytes, disk, images, processes }: NodeGauge): Readings {
  const found = new Map<Signal, Reading>();
  const add = (signal: Signal, available: number | undefined, capacity: number | undefined): void => {
    if (available !== undefined && capacity !== undefined) found.set(signal, { available, capacity });
  };
  if (usage?.workingSetBytes !== undefined)
    add('memory.available', Math.max(0, memoryBytes - usage.workingSetBytes), memoryBytes);
  add('nodefs.available', disk?.availableBytes, disk?.capacityBytes);
  add('nodefs.inodesFree', disk?.inodesFree, disk?.inodes);
  add('imagefs.available', images?.availableBytes, images?.capacityBytes);
  add('imagefs.inodesFree', images?.inodesFree, images?.inodes);
  if (processes) add('pid.available', processes.max - processes.now, processes.max);
  // File systems that make inodes as they need them count none.
  for (const signal of ['nodefs.inodesFree', 'imagefs.inodesFree'] as const)
    if (found.get(signal)?.capacity === 0) found.delete(signal);
  return found;
}
