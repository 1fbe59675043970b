import type { Kind, Mutable } from '@navarch/machinery';
import { builtIn } from '../../built-in.ts';
import { validateConditions } from '../../checks/conditions.ts';
import { columnsOf } from '../../columns.ts';
import type { PodGroup } from '../../generated/types/scheduling-v1beta1.ts';
import { statusOnlyPart } from '../../parts.ts';

/** Pods that are scheduled together (KEP-4671). What its fields may hold is declared beside them. */
export const podGroup: Kind<PodGroup> = builtIn<PodGroup>('scheduling.k8s.io/v1beta1.PodGroup', {
  columns: columnsOf('scheduling.k8s.io/PodGroup', {}),
  behaviour: {
    complete: ({ spec }) => completeDisruption(spec),
    prepareCreate(group, { isOn }) {
      group.status = {};
      if (isOn('PodGroupPreemptionPolicy')) group.spec.preemptionPolicy ??= 'PreemptLowerPriority';
    },
    desired: false,
    parts: {
      status: statusOnlyPart<PodGroup>({
        validate: ({ status }, _previous, at) => validateConditions(status.conditions, at.at('status', 'conditions')),
      }),
    },
  },
});

/** Pods may be disrupted one by one where nobody says otherwise. */
export function completeDisruption(
  spec: Mutable<{ readonly disruptionMode?: PodGroup['spec']['disruptionMode'] }>,
): void {
  spec.disruptionMode ??= { single: {} };
}
