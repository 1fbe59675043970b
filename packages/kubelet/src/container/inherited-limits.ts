import { quantityMilliValue } from '@navarch/machinery';
import type { Amounts } from '../environment/resource-value.ts';

const SHARED = ['cpu', 'memory'] as const;

/** What a container does not limit itself its pod as a whole limits (KEP-2837): programs look at their own group. */
export function withInherited(own: Amounts = {}, ofPod: Amounts = {}): Amounts {
  const inherited = SHARED.filter((name) => quantityMilliValue(own[name]) === 0 && ofPod[name] !== undefined);
  return { ...own, ...Object.fromEntries(inherited.map((name) => [name, ofPod[name] ?? '0'])) };
}
