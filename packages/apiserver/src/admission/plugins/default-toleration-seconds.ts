import type { Pod } from '@navarch/api';
import { defineAdmissionPlugin } from '../admission.ts';

const TOLERATED_SECONDS = 300;

/** A pod outlives a short absence of its node unless it says otherwise. */
export const defaultTolerationSeconds = defineAdmissionPlugin<Pod>({
  name: 'DefaultTolerationSeconds',
  on: { resources: ['/pods'], operations: ['CREATE', 'UPDATE'] },
  mutate(draft) {
    const tolerations = draft.spec.tolerations ?? [];
    const tolerates = (key: string): boolean =>
      tolerations.some((t) => (!t.key || t.key === key) && (!t.effect || t.effect === 'NoExecute'));
    const added = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'].filter((key) => !tolerates(key));
    if (added.length === 0) return false;
    draft.spec.tolerations = [
      ...tolerations,
      ...added.map((key) => ({
        key,
        operator: 'Exists' as const,
        effect: 'NoExecute' as const,
        tolerationSeconds: TOLERATED_SECONDS,
      })),
    ];
    return 'printed';
  },
});
