import type { Amounts } from './environment/resource-value.ts';
import type { HostFacts } from './ports.ts';

type Sizes = Pick<HostFacts, 'cpus' | 'memoryBytes' | 'diskBytes'>;

/** What the machine has. */
export const capacityOf = (host: Sizes): Amounts => allocatableOf(host, {});

/** What it gives to pods; `aside` is what it keeps for itself, thousandths of a processor and bytes. */
export function allocatableOf(host: Sizes, aside: Readonly<Record<string, number>>): Amounts {
  const bytes = (name: string, all: number): string => `${Math.floor(Math.max(0, all - (aside[name] ?? 0)) / 1024)}Ki`;
  const milliCpu = Math.max(0, host.cpus * 1000 - (aside['cpu'] ?? 0));
  return {
    cpu: milliCpu % 1000 === 0 ? String(milliCpu / 1000) : `${milliCpu}m`,
    memory: bytes('memory', host.memoryBytes),
    'ephemeral-storage': bytes('ephemeral-storage', host.diskBytes),
  };
}
