import { readFileSync } from 'node:fs';
import { httpExtenders } from '@navarch/node/extenders';
import { parseYaml } from '@navarch/node/yaml';
import { type ExtenderTransport, readSchedulerConfig, type SchedulerConfig } from '@navarch/scheduler';
import { sentenceOf, UserError } from '../user-error.ts';

/** How pods are placed, and how the extenders that have a word in it are reached. */
export interface Scheduling extends Disposable {
  readonly config: SchedulerConfig;
  readonly transport: ExtenderTransport;
}

/** What a file of KubeSchedulerConfiguration says; upstream's defaults without one. Throws UserError for one that cannot be used. */
export function schedulingOf(file: string | undefined): Scheduling {
  if (file === undefined)
    return reaching(
      readSchedulerConfig({ apiVersion: 'kubescheduler.config.k8s.io/v1', kind: 'KubeSchedulerConfiguration' }),
    );
  try {
    const repeated: string[] = [];
    const text = readFileSync(file, 'utf8');
    const document = parseYaml(text, (key, line) => repeated.push(`line ${line}: key ${key} already set in map`));
    // Upstream makes JSON of YAML first, whose keys are in order then: of several it names the first.
    return reaching(readSchedulerConfig(/^\s*\{/.test(text) ? document : inOrder(document), repeated));
  } catch (error) {
    throw new UserError(`--scheduler-config: ${file} cannot be used: ${sentenceOf(error)}`, { cause: error });
  }
}

function reaching(config: SchedulerConfig): Scheduling {
  const transport = httpExtenders(config.extenders);
  return { config, transport, [Symbol.dispose]: () => transport[Symbol.dispose]() };
}

function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOrder);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value) as readonly (readonly [string, unknown])[];
  return Object.fromEntries(
    entries.toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([key, inner]) => [key, inOrder(inner)]),
  );
}
