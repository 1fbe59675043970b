import { configMap, type Node } from '@navarch/api';
import { hasReason } from '@navarch/machinery';
import type { Context } from '../controller.ts';
import type { NodeGroup } from './ports.ts';

const NAMESPACE = 'kube-system';
const NAME = 'cluster-autoscaler-status';
const UPDATED = 'cluster-autoscaler.kubernetes.io/last-updated';

export interface Report {
  readonly groups: readonly NodeGroup[];
  /** All nodes that the API knows. */
  readonly nodes: readonly Node[];
  /** Names of nodes that are not needed. */
  readonly unneeded: readonly string[];
}

/** What upstream's autoscaler shows of itself, in the same place and shape. Written when something in it has changed. */
export async function writeStatus(report: Report, { api, clock }: Context): Promise<void> {
  const status = statusText(report);
  const now = new Date(clock.now())
    .toISOString()
    .replace('T', ' ')
    .replace(/\.\d+Z$/, ' +0000 UTC');
  const data = { status: `time: ${now}\n${status}` };
  const annotations = { [UPDATED]: now };
  const isShown = (text = ''): boolean => text.replace(/^time: .*\n/, '') === status;
  try {
    await api.of(configMap).update(`${NAMESPACE}/${NAME}`, (current) =>
      isShown(current.data?.['status'])
        ? current
        : {
            ...current,
            data,
            metadata: { ...current.metadata, annotations: { ...current.metadata.annotations, ...annotations } },
          },
    );
  } catch (error) {
    if (!hasReason(error, 'NotFound')) throw error;
    await api.of(configMap).create({ metadata: { namespace: NAMESPACE, name: NAME, annotations }, data });
  }
}

/** YAML: what is nested is indented, names are quoted. */
function statusText({ groups, nodes, unneeded }: Report): string {
  const own = nodes.filter(({ metadata }) => groups.some((group) => group.nodes.includes(metadata.name)));
  const target = groups.reduce((sum, group) => sum + group.target, 0);
  const lines = [
    'autoscalerStatus: Running',
    'clusterWide:',
    ...section({ nodes: own, target, unneeded: unneeded.length }, '  '),
    'nodeGroups:',
    ...groups.flatMap((group) => {
      const members = nodes.filter(({ metadata }) => group.nodes.includes(metadata.name));
      const candidates = unneeded.filter((name) => group.nodes.includes(name)).length;
      return [
        `- name: ${JSON.stringify(group.name)}`,
        ...section({ nodes: members, target: group.target, unneeded: candidates, group }, '  '),
      ];
    }),
  ];
  return `${lines.join('\n')}\n`;
}

interface Section {
  readonly nodes: readonly Node[];
  readonly target: number;
  readonly unneeded: number;
  readonly group?: NodeGroup;
}

function section({ nodes, target, unneeded, group }: Section, indent: string): readonly string[] {
  const ready = nodes.filter(isNodeReady).length;
  const limits = group
    ? [`  cloudProviderTarget: ${target}`, `  minSize: ${group.min}`, `  maxSize: ${group.max}`]
    : [];
  return [
    'health:',
    '  status: Healthy',
    '  nodeCounts:',
    '    registered:',
    `      total: ${nodes.length}`,
    `      ready: ${ready}`,
    `      notStarted: ${nodes.length - ready}`,
    `    unregistered: ${Math.max(0, target - nodes.length)}`,
    ...limits,
    'scaleUp:',
    `  status: ${target > ready ? 'InProgress' : 'NoActivity'}`,
    'scaleDown:',
    `  status: ${unneeded > 0 ? 'CandidatesPresent' : 'NoCandidates'}`,
    `  candidates: ${unneeded}`,
  ].map((line) => `${indent}${line}`);
}

export const isNodeReady = ({ status }: Node): boolean =>
  status.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') ?? false;
