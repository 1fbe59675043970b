import type { ApiObject, Mutable } from '@navarch/machinery';

/** The draft is others' too: its content changes, not itself. */
export function takeOver(draft: Mutable<ApiObject>, next: ApiObject): void {
  const record = draft as unknown as Record<string, unknown>;
  for (const key of Object.keys(record)) if (!(key in next)) delete record[key];
  Object.assign(record, next);
}
