import type { Kind } from '@navarch/machinery';
import { builtIn } from '../../built-in.ts';
import { validateConditions } from '../../checks/conditions.ts';
import { columnsOf } from '../../columns.ts';
import type { CompositePodGroup } from '../../generated/types/scheduling-v1alpha3.ts';
import { statusOnlyPart } from '../../parts.ts';
import { completeDisruption } from '../v1beta1/pod-group.ts';

/** Groups of pods that are scheduled together. */
export const compositePodGroup: Kind<CompositePodGroup> = builtIn<CompositePodGroup>(
  'scheduling.k8s.io/v1alpha3.CompositePodGroup',
  {
    columns: columnsOf('scheduling.k8s.io/CompositePodGroup', {}),
    behaviour: {
      complete: ({ spec }) => completeDisruption(spec),
      prepareCreate(group) {
        group.status = {};
      },
      desired: false,
      parts: {
        status: statusOnlyPart<CompositePodGroup>({
          validate: ({ status }, _previous, at) => validateConditions(status.conditions, at.at('status', 'conditions')),
        }),
      },
    },
  },
);
