import type { NodeInfo } from './snapshot/node-info.ts';

export interface Unfit {
  readonly node: undefined;
  readonly looked: number;
  /** Reason -> number of nodes, for the message. */
  readonly reasons: ReadonlyMap<string, number>;
  /** One reason for all nodes, found before any was looked at. */
  readonly refusal?: string;
  /** Names of the plugins that turned nodes away: what may wake the pod. */
  readonly rejectedBy: ReadonlySet<string>;
  /** Nodes on which the pod might fit if others went. */
  readonly resolvable: readonly NodeInfo[];
}

/** Upstream's sentence for a pod that fits nowhere; `after` is what preemption had to say. */
export function unfitMessage(
  nodeCount: number,
  { reasons, refusal }: Pick<Unfit, 'reasons' | 'refusal'>,
  after = '',
): string {
  if (nodeCount === 0) return 'no nodes available to schedule pods';
  return `0/${nodeCount} nodes are available: ${refusal ?? listed(reasons)}.${after ? ` ${after}` : ''}`;
}

export const listed = (reasons: ReadonlyMap<string, number>): string =>
  [...reasons]
    .map(([reason, count]) => `${count} ${reason}`)
    .sort()
    .join(', ');
