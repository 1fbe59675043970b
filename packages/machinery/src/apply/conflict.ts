import { failure, type StatusError } from '../status.ts';
import { pathsOf, pathText, recordedText } from './field-set.ts';
import type { Owner } from './managed-fields.ts';

/** 409: fields that others own would change. `owners` carry the fields in question. In upstream's words. */
export function applyConflict(owners: readonly Owner[]): StatusError {
  const conflicts = owners.flatMap((owner) =>
    [...pathsOf(owner.fields)].map((path) => ({ owner: nameOf(owner), field: pathText(path, recordedText) })),
  );
  const causes = conflicts.map(({ owner, field }) => ({
    reason: 'FieldManagerConflict',
    message: `conflict with ${owner}`,
    field,
  }));
  return failure('Conflict', messageOf(conflicts), { causes });
}

function messageOf(conflicts: readonly { readonly owner: string; readonly field: string }[]): string {
  const [only] = conflicts;
  if (conflicts.length === 1 && only) return `Apply failed with 1 conflict: conflict with ${only.owner}: ${only.field}`;
  const lines = [...new Set(conflicts.map((conflict) => conflict.owner))]
    .sort()
    .flatMap((owner) => [
      `conflicts with ${owner}:`,
      ...conflicts.filter((conflict) => conflict.owner === owner).map((conflict) => `- ${conflict.field}`),
    ]);
  return `Apply failed with ${conflicts.length} conflicts: ${lines.join('\n')}`;
}

function nameOf({ manager, operation, apiVersion, subresource }: Owner): string {
  const where = subresource ? ` with subresource ${JSON.stringify(subresource)}` : '';
  return `${JSON.stringify(manager)}${where}${operation === 'Update' ? ` using ${apiVersion}` : ''}`;
}
