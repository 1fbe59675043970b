import { FEATURES } from '../../packages/apiserver/src/features/feature-table.ts';
import type { Facts } from './facts.ts';

/** Fields still name these, of which 1.37 knows nothing: one has another name by now, one went years ago. */
const FORMER: ReadonlySet<string> = new Set(['PodCertificateProjection', 'CSIStorageCapacity']);

/** Throws when a field of the facts belongs to a feature that the table of features does not have: one of both is of another release. */
export function checkGates(facts: Facts): void {
  const named = [...facts.types.values()].flatMap(({ fields }) => fields.flatMap(({ gate }) => gate?.split(',') ?? []));
  const unknown = [...new Set(named)].filter((name) => !FEATURES.has(name) && !FORMER.has(name));
  if (unknown.length > 0) throw new Error(`feature-table.ts does not have ${unknown.join(', ')}`);
}

/** Features that somebody may switch: what belongs to others is always there, or never. */
export const switchableGates: ReadonlySet<string> = new Set(
  Array.from(FEATURES).flatMap(([name, { isLocked }]) => (isLocked ? [] : [name])),
);
