import { Field, invalid } from '@navarch/machinery';
import type { User } from '../auth/user.ts';
import type { Call } from '../registry/call.ts';
import type { ApiRequest } from '../request.ts';

const FIELD_MANAGER_BYTES_MAX = 128;
const VALIDATIONS = ['Ignore', 'Strict', 'Warn'] as const;
const OPTIONS: Readonly<Record<string, string>> = {
  POST: 'CreateOptions',
  PUT: 'UpdateOptions',
  PATCH: 'PatchOptions',
};

/** Who writes, and how: what all writes have in common in their query. Throws Invalid in upstream's words. */
export function callOf(request: ApiRequest, user: User, warnings: string[]): Call {
  const { query, method } = request;
  const kind = OPTIONS[method];
  if (kind === undefined) return { user, isDryRun: false, warnings };
  const at = new Field();
  const manager = query.get('fieldManager') ?? '';
  if (manager.length > FIELD_MANAGER_BYTES_MAX) at.at('fieldManager').tooLong(FIELD_MANAGER_BYTES_MAX);
  checkPrintable(manager, at.at('fieldManager'));
  const dryRun = query.getAll('dryRun');
  if (dryRun.some((text) => text !== 'All')) at.at('dryRun').notSupported(dryRun, ['All']);
  const validation = query.get('fieldValidation') || 'Warn';
  const fieldValidation = VALIDATIONS.find((known) => known === validation);
  if (!fieldValidation) at.at('fieldValidation').notSupported(validation, ['', ...VALIDATIONS]);
  if (at.errors.length > 0) throw invalid({ group: 'meta.k8s.io', kind }, '', at.errors);
  return {
    user,
    isDryRun: dryRun.length > 0,
    isPatch: method === 'PATCH',
    fieldValidation: fieldValidation ?? 'Warn',
    warnings,
    fieldManager: manager || agentOf(request),
  };
}

/** Go names a character by its number, and shows it where it can. */
function checkPrintable(manager: string, at: Field): void {
  for (const [i, char] of Array.from(manager).entries()) {
    if (/[\p{L}\p{M}\p{N}\p{P}\p{S} ]/u.test(char)) continue;
    const code = `U+${(char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
    at.invalid(manager, `invalid character ${code} (at position ${i})`);
    return;
  }
}

/** Who the client looks like: the first word of its User-Agent. */
const agentOf = (request: ApiRequest): string =>
  (request.header('user-agent') ?? '').split('/')[0]?.slice(0, FIELD_MANAGER_BYTES_MAX) || 'unknown';
