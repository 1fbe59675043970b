import { readFileSync } from 'node:fs';
import { parseYaml } from '@navarch/node/yaml';
import { readSchedulerConfig, type SchedulerConfig } from '@navarch/scheduler';
import { sentenceOf, UserError } from '../user-error.ts';

/** What a file of KubeSchedulerConfiguration says; upstream's defaults without one. Throws UserError for one that cannot be used. */
export function schedulingOf(file: string | undefined): SchedulerConfig {
  if (file === undefined)
    return readSchedulerConfig({ apiVersion: 'kubescheduler.config.k8s.io/v1', kind: 'KubeSchedulerConfiguration' });
  try {
    const repeated: string[] = [];
    const document = parseYaml(readFileSync(file, 'utf8'), (key, line) =>
      repeated.push(`line ${line}: key ${key} already set in map`),
    );
    return readSchedulerConfig(document, repeated);
  } catch (error) {
    throw new UserError(`--scheduler-config: ${file} cannot be used: ${sentenceOf(error)}`, { cause: error });
  }
}
