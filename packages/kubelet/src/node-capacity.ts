import type { Amounts } from './environment/resource-value.ts';
import type { HostFacts } from './ports.ts';

/** What the machine has, and, nothing being set aside for itself, what it gives to pods. */
export const capacityOf = (host: HostFacts): Amounts => ({
  cpu: String(host.cpus),
  memory: `${Math.floor(host.memoryBytes / 1024)}Ki`,
  'ephemeral-storage': `${Math.floor(host.diskBytes / 1024)}Ki`,
});
