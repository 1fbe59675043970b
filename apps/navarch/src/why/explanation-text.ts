import type { Explanation, Fix } from '@navarch/scheduler';

type NodeVerdict = Explanation['nodes'][number];
type NodeGroup = Explanation['groups'][number];

/** More nodes than this are told by what keeps the pod from them. */
const NODES_MAX = 12;
/** Of nodes that fit: the best. */
const FITTING_MAX = 5;

/** An explanation as a person reads it: the answer, then the nodes, then what would help. */
export function explanationText(answer: Explanation): string {
  const { headline, message, looked, fixes } = answer;
  const parts = [
    headline,
    ...(message === undefined ? [] : [`The message was: ${message}`]),
    ...nodesText(answer),
    ...fixesText(answer),
  ];
  if (looked.nodesLooked < looked.nodes)
    parts.push(
      `Looked at ${looked.nodesLooked} of ${looked.nodes} nodes${fixes.length > 0 ? `; changes were tried on ${looked.nodesTried} of them` : ''}.`,
    );
  return `${parts.join('\n\n')}\n`;
}

/** What was looked at, where that says more than the answer. */
function nodesText({ nodes, groups, looked, state }: Explanation): readonly string[] {
  if (looked.nodes === 0 || state === 'Finished') return [];
  if (looked.nodes <= NODES_MAX)
    return [
      table(
        ['NODE', 'FITS', 'WHY'],
        nodes.map((node) => [node.name, node.fits ? 'yes' : 'no', node.fits ? scoresText(node) : misfitsText(node)]),
      ),
    ];
  const best = nodes.filter(({ fits }) => fits).slice(0, FITTING_MAX);
  const fitting =
    best.length > 0
      ? [
          table(
            ['BEST NODES', 'WHY'],
            best.map((node) => [node.name, scoresText(node)]),
          ),
        ]
      : [];
  return [
    ...fitting,
    table(['NODES', 'WHY NOT', 'SUCH AS'], groups.filter(({ reasons }) => reasons.length > 0).map(groupRow)),
  ];
}

const groupRow = ({ count, reasons, nodes }: NodeGroup): readonly string[] => [
  String(count),
  reasons.map(plain).join('; '),
  nodes.slice(0, 3).join(', '),
];

const misfitsText = ({ misfits }: NodeVerdict): string =>
  misfits.length === 0
    ? 'its room is promised to other pods'
    : misfits
        .map(({ reasons, detail }, i) => {
          const isSaidNext = misfits[i + 1]?.detail === detail;
          return `${reasons.map(plain).join(', ')}${detail && !isSaidNext ? ` (${detail})` : ''}`;
        })
        .join('; ');

const scoresText = ({ total = 0, scores = {} }: NodeVerdict): string =>
  `score ${Math.round(total)}: ${Object.entries(scores)
    .filter(([, score]) => score !== 0)
    .map(([plugin, score]) => `${plugin} ${Math.round(score)}`)
    .join(', ')}`;

/** Upstream's reasons speak of several nodes. */
const plain = (reason: string): string => reason.replace(/^node\(s\) (were |had )?/, '');

function fixesText({ state, fixes }: Explanation): readonly string[] {
  if (fixes.length > 0)
    return [
      'What would help, the smallest change first (each was tried on a copy of the cluster):',
      ...fixes.map(fixText),
    ];
  return state === 'Unfit'
    ? ['No small change was found that would help: another node would, that has what the pod asks for.']
    : [];
}

function fixText({ summary, node, commands }: Fix, index: number): string {
  const goesTo = node === '' ? '' : ` (then it fits on ${node})`;
  return [`${index + 1}. ${summary}${goesTo}`, ...commands.map((command) => `     ${command}`)].join('\n');
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [head, ...rows];
  const widths = head.map((_, i) => Math.max(...all.map((row) => row[i]?.length ?? 0)));
  return all
    .map((row) =>
      row
        .map((cell, i) => (i === row.length - 1 ? cell : cell.padEnd(widths[i] ?? 0)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
