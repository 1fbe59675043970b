import type { Facts } from './facts.ts';

type Row = Readonly<Record<string, string>>;

/** What kubectl shows of each kind (columns.tsv), and the defaults that a test holds the kinds to (defaults.tsv). */
export function generateTables(facts: Facts, header: string): ReadonlyMap<string, string> {
  return new Map([
    ['columns.ts', columnsText(facts, header)],
    ['defaults.ts', defaultsText(facts, header)],
  ]);
}

function columnsText(facts: Facts, header: string): string {
  // Custom resources bring their own columns.
  const rows = facts.tsv('columns.tsv').filter((row) => row['group'] !== '*');
  const byKind = Map.groupBy(rows, (row) => `${row['group']}/${row['kind']}`);
  const lines = [...byKind].map(
    ([kind, columns]) =>
      `  ${JSON.stringify(kind)}: [\n${columns.map((row) => `    ${columnText(row)},\n`).join('')}  ],`,
  );
  const head = [
    `${header}import type { ColumnFacts } from '../../column-facts.ts';\n`,
    '/** By group/Kind: name, type, format, priority, and where the cell comes from. */',
    'export const columnFacts = {',
  ].join('\n');
  return `${head}\n${lines.join('\n')}\n} as const satisfies Readonly<Record<string, readonly ColumnFacts[]>>;\n`;
}

const columnText = (row: Row): string => {
  // A note on how sure a fact is has no place in what clients read.
  const source = (row['source'] ?? '').replace(/ \?.*$/, '');
  return JSON.stringify([row['column'], row['type'], row['format'], Number(row['priority']), source]);
};

function defaultsText(facts: Facts, header: string): string {
  const rows = facts.tsv('defaults.tsv').map((row) => {
    const { groupVersion, type, path, value, condition, origin } = row;
    return `  ${JSON.stringify({ groupVersion, type, path, value, condition, origin })},\n`;
  });
  const shape = "Readonly<Record<'groupVersion' | 'type' | 'path' | 'value' | 'condition' | 'origin', string>>";
  return `${header}\n/** Every default of the API: which field of which type gets what, and when. */\nexport const defaultFacts: readonly ${shape}[] = [\n${rows.join('')}];\n`;
}
