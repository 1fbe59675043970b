import type { Node, NodeSelectorTerm, PodSpec } from '../../generated/types/core-v1.ts';
import { selectorFromMap, type Selector, selectorOf } from '@navarch/machinery';

/** One term of a node selector: labels and fields together. */
export interface NodeTerm {
  readonly labels: Selector;
  readonly fields: Selector;
  /** An empty term selects nothing. */
  readonly isEmpty: boolean;
  /** Names of nodes, where the term can only mean these. */
  readonly names: readonly string[] | undefined;
}

/** What a pod says about the nodes it must have. */
export interface NodeSelection {
  readonly selector: Selector | undefined;
  readonly required: readonly NodeTerm[] | undefined;
}

const OPERATORS = { In: 'in', NotIn: 'notin', Exists: 'exists', DoesNotExist: 'absent', Gt: 'gt', Lt: 'lt' } as const;

export function compileNodeTerm({ matchExpressions = [], matchFields = [] }: NodeSelectorTerm): NodeTerm {
  const compile = (list: typeof matchExpressions): Selector =>
    selectorOf(list.map(({ key, operator, values = [] }) => ({ key, operator: OPERATORS[operator], values })));
  const named = matchFields.find(({ key, operator }) => key === 'metadata.name' && operator === 'In');
  return {
    labels: compile(matchExpressions),
    fields: compile(matchFields),
    isEmpty: matchExpressions.length + matchFields.length === 0,
    names: named?.values,
  };
}

export const meetsNodeTerm = ({ labels, fields, isEmpty }: NodeTerm, { metadata }: Node): boolean =>
  !isEmpty && labels.matches(metadata.labels) && fields.matches({ 'metadata.name': metadata.name });

export function compileNodeSelection({
  nodeSelector,
  affinity,
}: Pick<PodSpec, 'nodeSelector' | 'affinity'>): NodeSelection {
  return {
    selector: nodeSelector && selectorFromMap(nodeSelector),
    required:
      affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms.map(compileNodeTerm),
  };
}

export const selectsNode = ({ selector, required }: NodeSelection, node: Node): boolean =>
  (selector?.matches(node.metadata.labels) ?? true) && (required?.some((term) => meetsNodeTerm(term, node)) ?? true);

/** The names of the only nodes that can be meant; undefined where not every term says one. */
export function namedNodes({ required }: NodeSelection): ReadonlySet<string> | undefined {
  if (!required || required.length === 0 || required.some(({ names }) => names === undefined)) return undefined;
  return new Set(required.flatMap(({ names = [] }) => names));
}
