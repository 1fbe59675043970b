import type {
  csiDriver,
  csiNode,
  csiStorageCapacity,
  namespace,
  Node,
  NodeSelectorTerm,
  persistentVolume,
  persistentVolumeClaim,
  Pod,
  replicaSet,
  service,
  storageClass,
  Taint,
  Toleration,
  volumeAttachment,
} from '@navarch/api';
import type { LabelSelector, ObjectOf } from '@navarch/machinery';

// The scheduler's rules once more, said as plainly as they can be, from the documentation: nothing here calls a plugin,
// and nothing is remembered. Every answer is found by looking at everything.

type Labels = Readonly<Record<string, string>>;

/** A cluster as plain lists. */
export interface Plain {
  readonly nodes: readonly Node[];
  /** With spec.nodeName. */
  readonly pods: readonly Pod[];
  readonly namespaces: readonly ObjectOf<typeof namespace>[];
  readonly claims: readonly ObjectOf<typeof persistentVolumeClaim>[];
  readonly volumes: readonly ObjectOf<typeof persistentVolume>[];
  readonly classes: readonly ObjectOf<typeof storageClass>[];
  readonly csiNodes: readonly ObjectOf<typeof csiNode>[];
  readonly csiDrivers: readonly ObjectOf<typeof csiDriver>[];
  readonly capacities: readonly ObjectOf<typeof csiStorageCapacity>[];
  readonly attachments: readonly ObjectOf<typeof volumeAttachment>[];
  readonly services: readonly ObjectOf<typeof service>[];
  readonly replicaSets: readonly ObjectOf<typeof replicaSet>[];
}

/** What a filter says of a node that does not fit. */
export interface Refusal {
  readonly plugin: string;
  readonly reasons: readonly string[];
  /** Sending pods away may help. */
  readonly isResolvable: boolean;
}

export const nameOf = (object: { readonly metadata: { readonly name: string } }): string => object.metadata.name;
export const labelOf = (node: Node, key: string): string | undefined => node.metadata.labels?.[key];
export const podsOn = (node: Node, { pods }: Plain): readonly Pod[] =>
  pods.filter(({ spec }) => spec.nodeName === nameOf(node));
export const nodeOfPod = (pod: Pod, { nodes }: Plain): Node | undefined =>
  nodes.find((node) => nameOf(node) === pod.spec.nodeName);
export const total = (numbers: readonly number[]): number => numbers.reduce((sum, each) => sum + each, 0);

/** LabelSelector of meta/v1: absent selects nothing, empty selects everything. */
export function selects(selector: LabelSelector | undefined, labels: Labels = {}): boolean {
  if (!selector) return false;
  const { matchLabels = {}, matchExpressions = [] } = selector;
  return (
    Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
    matchExpressions.every(({ key, operator, values = [] }) => isMet(labels[key], operator, values))
  );
}

function isMet(value: string | undefined, operator: string, values: readonly string[]): boolean {
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    case 'Gt':
      return value !== undefined && Number(value) > Number(values[0]);
    default:
      return value !== undefined && Number(value) < Number(values[0]);
  }
}

/** NodeSelectorTerm of core/v1: an empty term matches nothing. */
export function meets({ matchExpressions = [], matchFields = [] }: NodeSelectorTerm, node: Node): boolean {
  if (matchExpressions.length + matchFields.length === 0) return false;
  return (
    matchExpressions.every(({ key, operator, values = [] }) => isMet(labelOf(node, key), operator, values)) &&
    matchFields.every(({ operator, values = [] }) => isMet(nameOf(node), operator, values))
  );
}

/** The pod's nodeSelector and its required node affinity (terms are alternatives). */
export function wantsNode({ spec }: Pod, node: Node): boolean {
  const required = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  return (
    Object.entries(spec.nodeSelector ?? {}).every(([key, value]) => labelOf(node, key) === value) &&
    (!required || required.nodeSelectorTerms.some((term) => meets(term, node)))
  );
}

export const tolerated = ({ spec }: Pod, taint: Taint): boolean =>
  (spec.tolerations ?? []).some((toleration) => covers(toleration, taint));

function covers({ key, operator = 'Equal', value = '', effect }: Toleration, taint: Taint): boolean {
  if ((effect && effect !== taint.effect) || (key && key !== taint.key)) return false;
  if (operator === 'Exists') return true;
  if (operator === 'Equal') return value === (taint.value ?? '');
  return operator === 'Gt' ? Number(taint.value) > Number(value) : Number(taint.value) < Number(value);
}

/** Taints that keep pods away, as opposed to those that ask. */
export const keepsAway = (pod: Pod, node: Node): boolean =>
  (node.spec.taints ?? []).some((taint) => taint.effect !== 'PreferNoSchedule' && !tolerated(pod, taint));
