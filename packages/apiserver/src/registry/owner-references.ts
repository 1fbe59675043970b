import { equalJson, type OwnerReference } from '@navarch/machinery';
import type { Call, Draft } from './call.ts';

/** Drops owners that an object names twice, and warns of them; once more after admission. */
export function dropRepeatedOwners({ metadata }: Draft, { warnings }: Call, isAdmitted: boolean): void {
  const owners = metadata.ownerReferences;
  if (!owners || owners.length < 2) return;
  const kept: OwnerReference[] = [];
  const repeated: string[] = [];
  for (const owner of owners) {
    if (kept.some((other) => equalJson(other, owner))) repeated.push(owner.uid);
    else kept.push(owner);
  }
  if (repeated.length === 0) return;
  metadata.ownerReferences = kept;
  warnings?.push(
    `.metadata.ownerReferences contains duplicate entries${isAdmitted ? ' after mutating admission happens' : ''}; API server dedups owner references in 1.20+, and may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: ${repeated.join(', ')}`,
  );
}
