import { type Field, qualifiedNameErrors } from '@navarch/machinery';
import { named } from '../../checks/values.ts';

export const OLDEST_EMULATION_VERSION = 'OldestEmulationVersion';

/** How a leader is chosen among candidates (KEP-4355): one of Kubernetes's own ways, or somebody's under their domain. */
export function leaseStrategy(strategy: string, at: Field): void {
  // Upstream names the field twice.
  const here = at.at('strategy');
  if (strategy.includes('/')) named(strategy, qualifiedNameErrors, here);
  else if (strategy !== OLDEST_EMULATION_VERSION) here.notSupported(strategy, [OLDEST_EMULATION_VERSION]);
}
