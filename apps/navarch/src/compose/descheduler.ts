import { readFileSync } from 'node:fs';
import { type DeschedulerOptions, PolicyError, readPolicy } from '@navarch/controllers';
import { parseYaml } from '@navarch/node/yaml';
import { durationOf } from '../cluster/flags.ts';
import { sentenceOf, UserError } from '../user-error.ts';

/** What a file of a policy asks of the descheduler; nothing without a file. Throws UserError for one that cannot be used. */
export function deschedulerOf(
  file: string | undefined,
  interval: string,
): Omit<DeschedulerOptions, 'metrics'> | undefined {
  const intervalMs = durationOf('--descheduling-interval', interval);
  if (file === undefined) return undefined;
  try {
    return { policy: readPolicy(parseYaml(readFileSync(file, 'utf8'))), intervalMs };
  } catch (error) {
    const why = error instanceof PolicyError ? error.message : sentenceOf(error);
    throw new UserError(`--descheduler-policy: ${file} cannot be used: ${why}`, { cause: error });
  }
}
