import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { benchSources } from '../../harness/peer-tools.ts';

const FILE = 'scheduler-workloads.tsv';

/** Upstream's workloads in the order of the table, with the pods per second that its CI asks for, where it does. */
export function floors(): ReadonlyMap<string, number | undefined> {
  const path = join(benchSources(), FILE);
  if (!existsSync(path))
    throw new Error(`There is no ${FILE} in ${benchSources()}: name its folder with NAVARCH_BENCH`);
  return floorsOf(readFileSync(path, 'utf8'));
}

/** Columns are parted by tabs: the name is the first, the floor the last; the first line that is no comment names them. */
export function floorsOf(text: string): ReadonlyMap<string, number | undefined> {
  const [, ...rows] = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    rows.map((row) => {
      const cells = row.split('\t');
      const floor = Number(cells.at(-1));
      return [cells[0] ?? '', Number.isFinite(floor) ? floor : undefined] as const;
    }),
  );
}
