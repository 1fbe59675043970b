import { compileNodeSelection, type Node, type Pod, type PodSpec, selectsNode, type Toleration } from '@navarch/api';
import { tolerates } from '../shared/tolerations.ts';

const NODE_NAME = 'metadata.name';

/** What every daemon endures: it is there for the node, however the node is (upstream adds these to each pod). */
const DAEMON_TOLERATIONS: readonly Toleration[] = [
  { key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute' },
  { key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoExecute' },
  { key: 'node.kubernetes.io/disk-pressure', operator: 'Exists', effect: 'NoSchedule' },
  { key: 'node.kubernetes.io/memory-pressure', operator: 'Exists', effect: 'NoSchedule' },
  { key: 'node.kubernetes.io/pid-pressure', operator: 'Exists', effect: 'NoSchedule' },
  { key: 'node.kubernetes.io/unschedulable', operator: 'Exists', effect: 'NoSchedule' },
];
const HOST_NETWORK: Toleration = {
  key: 'node.kubernetes.io/network-unavailable',
  operator: 'Exists',
  effect: 'NoSchedule',
};

const isSame = (a: Toleration, b: Toleration): boolean =>
  a.key === b.key &&
  a.effect === b.effect &&
  (a.operator ?? 'Equal') === (b.operator ?? 'Equal') &&
  (a.value ?? '') === (b.value ?? '');

function tolerationsOf(spec: PodSpec): readonly Toleration[] {
  const added = spec.hostNetwork ? [...DAEMON_TOLERATIONS, HOST_NETWORK] : DAEMON_TOLERATIONS;
  return [...(spec.tolerations ?? []).filter((own) => !added.some((other) => isSame(own, other))), ...added];
}

/** The spec of the pod for one node. The scheduler places it, by an affinity to that node alone. */
export function specFor(spec: PodSpec, nodeName: string): PodSpec {
  const only = { matchFields: [{ key: NODE_NAME, operator: 'In' as const, values: [nodeName] }] };
  const nodeAffinity = spec.affinity?.nodeAffinity;
  const terms = nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  const nodeSelectorTerms = terms.length > 0 ? terms.map((term) => ({ ...term, ...only })) : [only];
  return {
    ...spec,
    tolerations: tolerationsOf(spec),
    affinity: {
      ...spec.affinity,
      nodeAffinity: { ...nodeAffinity, requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } },
    },
  };
}

/** The node a daemon's pod is on, or was made for. */
export function nodeNameOf({ spec }: Pod): string {
  if (spec.nodeName) return spec.nodeName;
  const terms = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  const field = terms
    .flatMap((term) => term.matchFields ?? [])
    .find(({ key, operator }) => key === NODE_NAME && operator === 'In');
  return field?.values?.[0] ?? '';
}

export interface Verdict {
  /** A pod is to be made there. */
  readonly shouldRun: boolean;
  /** A pod that is there may stay. */
  readonly mayStay: boolean;
}

export function verdictOn(spec: PodSpec, n: Node): Verdict {
  const fits = (!spec.nodeName || spec.nodeName === n.metadata.name) && selectsNode(compileNodeSelection(spec), n);
  const tolerations = tolerationsOf(spec);
  const untolerated = (n.spec.taints ?? []).filter(
    (taint) => taint.effect !== 'PreferNoSchedule' && !tolerations.some((t) => tolerates(t, taint)),
  );
  return {
    shouldRun: fits && untolerated.length === 0,
    mayStay: fits && !untolerated.some((taint) => taint.effect === 'NoExecute'),
  };
}
