import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Benchmark } from './benchmark.ts';
import type { Outcome } from './interleave.ts';
import type { Machine, Versions } from './machine.ts';
import { tableOf } from './table.ts';

export interface Report {
  readonly benchmark: Benchmark;
  readonly command: string;
  /** RFC 3339, when it began. */
  readonly date: string;
  readonly seconds: number;
  readonly machine: Machine;
  readonly versions: Versions;
  readonly outcomes: readonly Outcome[];
}

/** Writes NAME.json and NAME.md into a folder; returns the paths. A later run of the same name takes their place. */
export function writeResults(report: Report, folder: string): readonly string[] {
  const { benchmark, ...rest } = report;
  mkdirSync(folder, { recursive: true });
  const [json, text] = [join(folder, `${benchmark.name}.json`), join(folder, `${benchmark.name}.md`)];
  writeFileSync(
    json,
    `${JSON.stringify({ name: benchmark.name, ...(benchmark.peer ? { peer: benchmark.peer } : {}), ...rest }, null, 2)}\n`,
  );
  writeFileSync(text, textOf(report));
  return [json, text];
}

function textOf({ benchmark, command, date, seconds, machine, versions, outcomes }: Report): string {
  const rounds = Math.max(...outcomes.map(({ ours }) => ours.rounds));
  return [
    `# ${benchmark.name}: ${benchmark.about}`,
    '',
    `\`${command}\`, ${date}, ${Math.round(seconds)} s. Medians of ${rounds} rounds${benchmark.peer ? `; the peer is ${benchmark.peer}` : ''}.`,
    '',
    tableOf(outcomes, benchmark.columns),
    '',
    `${machine.cores} x ${machine.cpu}, ${machine.memoryGiB} GiB, ${machine.system}, load ${machine.loadBefore} before; Node ${versions.node}, commit ${versions.commit || 'unknown'}${versions.isModified ? ' with changes' : ''}.`,
    '',
    ...benchmark.notes.map((note) => `- ${note}`),
    '',
  ].join('\n');
}
