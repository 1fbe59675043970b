import { formatQuantity, quantityValue } from '@navarch/machinery';
import { type Candidate, writtenBy } from './pod-usage.ts';
import type { Pressure, Readings, Starved } from './signals.ts';
import { countOf, resourceOf, type Threshold } from './thresholds.ts';

// What people read of an evicted pod, in upstream's words: sentences that each end in a space.

/** Why a pod went for the node's sake. */
export function starvedMessage(
  starved: Starved,
  candidate: Candidate,
  met: readonly Threshold[],
  readings: Readings,
): string {
  const threshold = met.find((t) => resourceOf(t) === starved && readings.has(t.signal));
  const reading = threshold && readings.get(threshold.signal);
  const numbers = reading
    ? `Threshold quantity: ${binary(countOf(threshold.value, reading))}, available: ${binary(reading.available)}. `
    : '';
  return `The node was low on resource: ${starved}. ${numbers}${consumers(starved, candidate)}`;
}

/** Containers that use more than they asked for. */
function consumers(starved: Starved, { pod, observed }: Candidate): string {
  if (starved !== 'memory' && starved !== 'ephemeral-storage') return '';
  const declared = [...pod.spec.containers, ...(pod.spec.initContainers ?? [])];
  return (observed?.containers ?? [])
    .flatMap((container) => {
      const spec = declared.find(({ name }) => name === container.name);
      const used = starved === 'memory' ? container.usage?.workingSetBytes : writtenBy(container);
      const request = spec?.resources?.requests?.[starved];
      if (!spec || used === undefined || used <= quantityValue(request)) return [];
      return `Container ${spec.name} was using ${binary(used)}, request is ${request ?? '0'}, has larger consumption of ${starved}. `;
    })
    .join('');
}

export const conditionMessage = (pressures: ReadonlySet<Pressure>): string =>
  `The node had condition: [${[...pressures].join(' ')}]. `;
export const emptyDirMessage = (volume: string, limit: string): string =>
  `Usage of EmptyDir volume ${JSON.stringify(volume)} exceeds the limit ${JSON.stringify(limit)}. `;
export const podLimitMessage = (limit: string): string =>
  `Pod ephemeral local storage usage exceeds the total limit of containers ${limit}. `;
export const containerLimitMessage = (container: string, limit: string): string =>
  `Container ${container} exceeded its local ephemeral storage limit ${JSON.stringify(limit)}. `;

const binary = (count: number): string =>
  formatQuantity({ nano: BigInt(Math.trunc(count)) * 1_000_000_000n, format: 'BinarySI' });
