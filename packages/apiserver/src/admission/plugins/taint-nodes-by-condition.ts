import type { Node } from '@navarch/api';
import { defineAdmissionPlugin } from '../admission.ts';

/** New nodes take no pods until the node life cycle controller has seen them ready. */
export const taintNodesByCondition = defineAdmissionPlugin<Node>({
  name: 'TaintNodesByCondition',
  on: { resources: ['/nodes'], operations: ['CREATE'] },
  mutate(draft) {
    const taint = { key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' as const };
    if (draft.spec.taints?.some((t) => t.key === taint.key && t.effect === taint.effect)) return false;
    draft.spec.taints = [...(draft.spec.taints ?? []), taint];
    return true;
  },
});
