import { ErrandError } from './errands.ts';
import { ExtenderError } from './extenders/extender-error.ts';

/** Why a pod was not bound, in upstream's words. */
export function failureText(error: unknown): string {
  if (error instanceof ErrandError || error instanceof ExtenderError) return error.message;
  return `running Bind plugin "DefaultBinder": ${error instanceof Error ? error.message : String(error)}`;
}
