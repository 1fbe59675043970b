import { formatYaml } from '../../representation/format-yaml.ts';

const STEP = 4;

/** A JSON value as gnostic's Any carries it: YAML in blocks, each level at the next column that four divides, lists too. */
export const anyYaml = (value: unknown): string =>
  isLeaf(value) ? formatYaml(value) : `${lines(value, 0).join('\n')}\n`;

/** The lines of a list or an object that begins at a column; the first of them without its spaces. */
function lines(value: unknown, column: number): readonly string[] {
  const below = column - (column % STEP) + STEP;
  const margin = ' '.repeat(column);
  const parts = Array.isArray(value)
    ? value.map((item) => (isLeaf(item) ? [`- ${leaf(item)}`] : prefixed('- ', lines(item, column + 2))))
    : Object.entries(value as object).map(([name, item]) =>
        isLeaf(item)
          ? [`${leaf(name)}: ${leaf(item)}`]
          : [`${leaf(name)}:`, ...prefixed(' '.repeat(below), lines(item, below))],
      );
  return parts.flatMap(([first = '', ...rest], i) => [i === 0 ? first : margin + first, ...rest]);
}

const prefixed = (prefix: string, [first = '', ...rest]: readonly string[]): readonly string[] => [
  prefix + first,
  ...rest,
];

const isLeaf = (value: unknown): boolean =>
  typeof value !== 'object' || value === null || Object.keys(value).length === 0;

const leaf = (value: unknown): string => formatYaml(value).trimEnd();
