import { canonicalQuantity } from '@navarch/machinery';
import type { Amounts } from './environment/resource-value.ts';
import { countOf, type EvictionSettings, type Threshold } from './eviction/thresholds.ts';
import type { HostFacts } from './ports.ts';

type Sizes = Pick<HostFacts, 'cpus' | 'memoryBytes' | 'diskBytes' | 'hugePages'>;

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

/** What is set aside, and what must be left before pods are evicted at once: more than the rest pods would not be left with. */
export function withEviction(
  aside: Readonly<Record<string, number>>,
  host: Sizes,
  eviction: { readonly settings: EvictionSettings } | undefined,
): Readonly<Record<string, number>> {
  const hard = (signal: Threshold['signal'], capacity: number): number => {
    const found = eviction?.settings.thresholds.find((one) => one.signal === signal && one.graceMs === 0);
    return found ? countOf(found.value, { capacity }) : 0;
  };
  const pages = Object.values(host.hugePages ?? {}).reduce((sum, bytes) => sum + bytes, 0);
  return {
    ...aside,
    // Pages that are set aside are memory that nobody has otherwise.
    memory: (aside['memory'] ?? 0) + hard('memory.available', host.memoryBytes) + pages,
    'ephemeral-storage': (aside['ephemeral-storage'] ?? 0) + hard('nodefs.available', host.diskBytes),
  };
}

/** Memory in large pages, by the size of the page. */
export const hugePages = ({ hugePages: found = NO_PAGES }: Sizes): Amounts =>
  Object.fromEntries(
    Object.entries(found).map(([size, bytes]) => [
      `hugepages-${size}`,
      canonicalQuantity(`${Math.floor(bytes / 1024)}Ki`) ?? '0',
    ]),
  );

const NO_PAGES = { '1Gi': 0, '2Mi': 0 };
