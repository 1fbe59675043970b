import type { Kind } from '@navarch/machinery';
import { builtIn } from '../../built-in.ts';
import { unchanged } from '../../checks/values.ts';
import { columnsOf } from '../../columns.ts';
import type { StorageVersionMigration } from '../../generated/types/storagemigration-v1.ts';
import { statusOnlyPart } from '../../parts.ts';

const ENDS = ['Succeeded', 'Failed'];

export const storageVersionMigration: Kind<StorageVersionMigration> = builtIn<StorageVersionMigration>(
  'storagemigration.k8s.io/v1.StorageVersionMigration',
  {
    columns: columnsOf('storagemigration.k8s.io/StorageVersionMigration', {
      Resource: ({ spec: { resource } }) =>
        resource.group ? `${resource.resource}.${resource.group}` : resource.resource,
    }),
    behaviour: {
      updatesUnconditionally: false,
      prepareCreate(m) {
        m.status = {};
      },
      desired: (m) => [m.spec],
      validate({ spec }, at) {
        if (!spec.resource.resource) at.at('spec', 'resource', 'resource').required('resource is required');
      },
      validateUpdate: (next, previous, at) => unchanged(next.spec, previous.spec, at.at('spec')),
      parts: {
        status: statusOnlyPart<StorageVersionMigration>({
          validate({ status }, previous, at) {
            const here = at.at('status', 'conditions');
            const holds = (of: StorageVersionMigration['status'], type: string): boolean =>
              of.conditions?.some((c) => c.type === type && c.status === 'True') ?? false;
            if (ENDS.every((type) => holds(status, type)))
              here.invalid(status.conditions, 'Both success and failed conditions cannot be true at the same time');
            for (const type of ENDS) {
              if (holds(previous.status, type) && !holds(status, type))
                here.invalid(status.conditions ?? null, `${type} condition cannot be set to false once it is true`);
            }
          },
        }),
      },
    },
  },
);
