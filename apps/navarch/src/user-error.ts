/** Something the person can mend: printed as one sentence, exit code 1, never a stack. */
export class UserError extends Error {
  override readonly name = 'UserError';
}

/** What to tell a person about any failure: one line. */
export const sentenceOf = (error: unknown): string => (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? '';
