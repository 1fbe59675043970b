import type { Kind } from '@navarch/machinery';
import { builtIn } from '../../built-in.ts';
import { validateConditions } from '../../checks/conditions.ts';
import { columnsOf } from '../../columns.ts';
import type { EvictionRequest } from '../../generated/types/lifecycle-v1alpha1.ts';
import { statusOnlyPart } from '../../parts.ts';

/** Somebody's wish that a pod be evicted, or no longer (KEP-4563). */
export const evictionRequest: Kind<EvictionRequest> = builtIn<EvictionRequest>(
  'lifecycle.k8s.io/v1alpha1.EvictionRequest',
  {
    columns: columnsOf('lifecycle.k8s.io/EvictionRequest', {}),
    behaviour: {
      updatesUnconditionally: false,
      prepareCreate(request) {
        request.status = {};
      },
      desired: (request) => [request.spec],
      parts: {
        status: statusOnlyPart<EvictionRequest>({
          validate: ({ status }, _previous, at) => validateConditions(status.conditions, at.at('status', 'conditions')),
        }),
      },
    },
  },
);
