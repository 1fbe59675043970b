import { readFileSync } from 'node:fs';
import { UserError } from '../user-error.ts';

/** The text of a file that a flag names. Throws UserError. */
export function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new UserError(`cannot read ${file}: ${(error as Error).message}`);
  }
}
