import { canonicalQuantity, quantityValue } from '@navarch/machinery';
import type { MachineTopology } from '../topology/machine.ts';
import { SettingError } from '../topology/setting-error.ts';

/** Fields of KubeletConfiguration, called as there. */
export interface MemoryTexts {
  readonly memoryManagerPolicy?: string;
  readonly reservedMemory?: readonly {
    readonly numaNode: number;
    readonly limits: Readonly<Record<string, string>>;
  }[];
}

/** Bytes by resource name, by the number of the node. */
export type NodeMemory = ReadonlyMap<number, Readonly<Record<string, number>>>;

export interface MemorySettings {
  readonly policy: 'None' | 'Static';
  readonly reserved: NodeMemory;
}

const HUGE_PAGES = 'hugepages-';

/** Memory and huge pages: what is given out by NUMA nodes. */
export const isMemory = (name: string): boolean => name === 'memory' || name.startsWith(HUGE_PAGES);

/** Throws SettingError, in upstream's words. */
export function memorySettings({
  memoryManagerPolicy: policy = 'None',
  reservedMemory = [],
}: MemoryTexts): MemorySettings {
  if (policy !== 'None' && policy !== 'Static') throw new SettingError(`unknown policy: "${policy}"`);
  const reserved = new Map<number, Record<string, number>>();
  for (const { numaNode, limits } of reservedMemory) {
    const ofNode = reserved.get(numaNode) ?? {};
    reserved.set(numaNode, ofNode);
    for (const [name, text] of Object.entries(limits)) {
      if (!isMemory(name))
        throw new SettingError(
          `invalid configuration: the limit type "${name}" for NUMA node ${numaNode} is not supported, only [memory hugepages-<HugePageSize>] is accepted`,
        );
      if (canonicalQuantity(text) === undefined)
        throw new SettingError(`invalid configuration: reserved memory ${JSON.stringify(text)} is no quantity`);
      if (quantityValue(text) === 0)
        throw new SettingError(
          `invalid configuration: reserved memory may not be zero for NUMA node ${numaNode} and resource "${name}"`,
        );
      if (ofNode[name] !== undefined)
        throw new SettingError(
          `invalid configuration: the reserved memory has a duplicate value for NUMA node ${numaNode} and resource "${name}"`,
        );
      ofNode[name] = quantityValue(text);
    }
  }
  return { policy, reserved };
}

/**
 * What is set aside must come from somewhere: the nodes' parts and the sum are both given, and must agree. `aside` is
 * what the machine keeps for itself, bytes. Throws SettingError.
 */
export function checkReservedMemory(
  { policy, reserved }: MemorySettings,
  { numaNodes }: MachineTopology,
  aside: Readonly<Record<string, number>>,
): void {
  if (policy === 'None') return;
  const sums: Record<string, number> = {};
  for (const [node, limits] of reserved) {
    if (!numaNodes.some(({ id }) => id === node))
      throw new SettingError(
        `the reserved memory configuration references a NUMA node ${node} that does not exist on this machine`,
      );
    for (const [name, bytes] of Object.entries(limits)) sums[name] = (sums[name] ?? 0) + bytes;
  }
  for (const name of new Set(['memory', ...Object.keys(sums)])) {
    const [sum, wanted] = [sums[name] ?? 0, aside[name] ?? 0];
    if (sum !== wanted)
      throw new SettingError(
        `the total amount "${printed(sum)}" of type "${name}" is not equal to the value "${printed(wanted)}" determined by Node Allocatable feature`,
      );
  }
}

function printed(bytes: number): string {
  for (const [unit, suffix] of [
    [2 ** 30, 'Gi'],
    [2 ** 20, 'Mi'],
    [2 ** 10, 'Ki'],
  ] as const)
    if (bytes > 0 && bytes % unit === 0) return `${bytes / unit}${suffix}`;
  return String(bytes);
}
