import type { Kind } from '@navarch/machinery';
import { builtIn } from '../../built-in.ts';
import { validateConditions } from '../../checks/conditions.ts';
import { columnsOf } from '../../columns.ts';
import type { ResourcePoolStatusRequest } from '../../generated/types/resource-v1alpha3.ts';
import { statusOnlyPart } from '../../parts.ts';

/** Somebody's question of what is left in pools of devices, and its answer (KEP-5677). */
export const resourcePoolStatusRequest: Kind<ResourcePoolStatusRequest> = builtIn<ResourcePoolStatusRequest>(
  'resource.k8s.io/v1alpha3.ResourcePoolStatusRequest',
  {
    columns: columnsOf('resource.k8s.io/ResourcePoolStatusRequest', {}),
    behaviour: {
      updatesUnconditionally: false,
      desired: false,
      prepareCreate(request) {
        delete request.status;
      },
      prepareUpdate(request, previous) {
        if (!previous.status) delete request.status;
      },
      parts: {
        status: statusOnlyPart<ResourcePoolStatusRequest>({
          validate: ({ status }, _previous, at) =>
            validateConditions(status?.conditions, at.at('status', 'conditions')),
        }),
      },
    },
  },
);
