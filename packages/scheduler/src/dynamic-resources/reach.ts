import { compileNodeTerm, meetsNodeTerm, type Node } from '@navarch/api';
import { writeJson } from '@navarch/machinery';
import type { NodeSelector } from './devices.ts';

/** From which nodes something can be used. */
export interface Reach {
  /** The only node. */
  readonly nodeName?: string | undefined;
  readonly allNodes?: boolean | undefined;
  readonly nodeSelector?: NodeSelector | undefined;
}

export function reaches({ nodeName, allNodes, nodeSelector }: Reach, node: Node): boolean {
  if (nodeName) return nodeName === node.metadata.name;
  if (allNodes) return true;
  return nodeSelector !== undefined && selects(nodeSelector, node);
}

/** A node selector's terms are alternatives; none is none. */
export const selects = ({ nodeSelectorTerms }: NodeSelector, node: Node): boolean =>
  nodeSelectorTerms.some((term) => meetsNodeTerm(compileNodeTerm(term), node));

export const onlyNode = (name: string): NodeSelector => ({
  nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: [name] }] }],
});

/** The nodes from which all of these can be used; undefined: every one. Selectors of devices have one term each. */
export function commonReach(all: readonly Reach[]): NodeSelector | undefined {
  const local = all.find(({ nodeName }) => nodeName);
  if (local?.nodeName) return onlyNode(local.nodeName);
  const terms = all.flatMap(({ nodeSelector }) => nodeSelector?.nodeSelectorTerms.slice(0, 1) ?? []);
  if (terms.length === 0) return undefined;
  const matchExpressions = distinct(terms.flatMap((term) => term.matchExpressions ?? []));
  const matchFields = distinct(terms.flatMap((term) => term.matchFields ?? []));
  return {
    nodeSelectorTerms: [
      {
        ...(matchExpressions.length > 0 ? { matchExpressions } : {}),
        ...(matchFields.length > 0 ? { matchFields } : {}),
      },
    ],
  };
}

const distinct = <T>(items: readonly T[]): readonly T[] => [
  ...new Map(items.map((item) => [writeJson(item), item])).values(),
];
