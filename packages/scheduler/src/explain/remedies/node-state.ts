import type { Node, Taint, Toleration } from '@navarch/api';
import { toleratesAll } from '../../plugins/tolerations.ts';
import { nearMiss } from '../near-miss.ts';
import { type Case, editNode, editPod, quoted, type Remedy, type Step } from '../step.ts';

const CORDON = 'node.kubernetes.io/unschedulable';
/** Taints that say how a node is: they go when that ends, and whoever ran there before would not run well. */
const CONDITION = /^node\.(cloudprovider\.)?kubernetes\.io\//;

/** The taint that cordoning brings goes with it. */
export const uncordon: Remedy = ({ node: { name, node } }) =>
  node.spec.unschedulable
    ? [
        {
          sort: 'uncordon',
          summary: `uncordon node ${name}`,
          cost: 1,
          effects: [editNode(name, (before) => withoutTaints(open(before), ({ key }) => key === CORDON))],
          deeds: [editNode(name, open)],
          command: `kubectl uncordon ${quoted(name)}`,
        },
      ]
    : [];

function open(node: Node): Node {
  const { unschedulable: _, ...spec } = node.spec;
  return { ...node, spec };
}

export const tolerate: Remedy = (about) => {
  const kept = keeping(about).find(({ key }) => !CONDITION.test(key));
  if (!kept) return keeping(about).some(({ key }) => key === CORDON) ? uncordon(about) : [];
  return [toleration(kept, about), untaint(kept, about)];
};

export const keeping = ({ pod, node }: Pick<Case, 'pod' | 'node'>): readonly Taint[] =>
  (node.node.spec.taints ?? []).filter((taint) => !toleratesAll(pod.spec.tolerations, [taint]));

function toleration({ key, value = '', effect }: Taint, { pod }: Case): Step {
  const text = value === '' ? key : `${key}=${value}`;
  const added: Toleration =
    value === '' ? { key, operator: 'Exists', effect } : { key, operator: 'Equal', value, effect };
  const typed = (pod.spec.tolerations ?? []).map(meant).find((one) => nearMiss(one, [text]) !== undefined);
  return {
    sort: 'toleration',
    summary: `let the pod tolerate the taint ${text}:${effect}${typed === undefined ? '' : ` (it tolerates ${JSON.stringify(typed)}: did you mean ${JSON.stringify(text)}?)`}`,
    cost: typed === undefined ? 2 : 1,
    effects: [editPod((spec) => ({ ...spec, tolerations: [...(spec.tolerations ?? []), added] }))],
    isInPlace: true,
  };
}

const meant = ({ key = '', value = '' }: Toleration): string => (value === '' ? key : `${key}=${value}`);

const untaint = ({ key, effect, value = '' }: Taint, { node: { name } }: Case): Step => ({
  sort: 'untaint',
  summary: `remove the taint ${key}${value === '' ? '' : `=${value}`}:${effect} from node ${name}`,
  // It is there for a reason, and all pods may come then.
  cost: 3,
  effects: [editNode(name, (node) => withoutTaints(node, (taint) => taint.key === key && taint.effect === effect))],
  command: `kubectl taint nodes ${quoted(name)} ${quoted(`${key}:${effect}-`)}`,
});

function withoutTaints(node: Node, isGone: (taint: Taint) => boolean): Node {
  const taints = node.spec.taints?.filter((taint) => !isGone(taint));
  const { taints: _, ...spec } = node.spec;
  return { ...node, spec: taints && taints.length > 0 ? { ...spec, taints } : spec };
}
