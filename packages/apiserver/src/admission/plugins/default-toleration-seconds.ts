import type { Pod } from '@navarch/api';
import type { ToleratedSeconds } from '../../tuning.ts';
import { type AdmissionPlugin, defineAdmissionPlugin } from '../admission.ts';

const DEFAULT: ToleratedSeconds = { notReady: 300, unreachable: 300 };

/** A pod outlives a short absence of its node unless it says otherwise. */
export const defaultTolerationSeconds = ({ notReady, unreachable } = DEFAULT): AdmissionPlugin =>
  defineAdmissionPlugin<Pod>({
    name: 'DefaultTolerationSeconds',
    on: { resources: ['/pods'], operations: ['CREATE', 'UPDATE'] },
    mutate(draft) {
      const tolerations = draft.spec.tolerations ?? [];
      const tolerates = (key: string): boolean =>
        tolerations.some((t) => (!t.key || t.key === key) && (!t.effect || t.effect === 'NoExecute'));
      const added = [
        { key: 'node.kubernetes.io/not-ready', tolerationSeconds: notReady },
        { key: 'node.kubernetes.io/unreachable', tolerationSeconds: unreachable },
      ].filter(({ key }) => !tolerates(key));
      if (added.length === 0) return false;
      draft.spec.tolerations = [
        ...tolerations,
        ...added.map(({ key, tolerationSeconds }) => ({
          key,
          operator: 'Exists' as const,
          effect: 'NoExecute' as const,
          tolerationSeconds,
        })),
      ];
      return 'printed';
    },
  });
