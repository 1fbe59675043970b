import type { Kind } from '@navarch/machinery';
import { builtIn } from '../../built-in.ts';
import { unchanged } from '../../checks/values.ts';
import { columnsOf } from '../../columns.ts';
import type { ResourceClaim, ResourceClaimTemplate } from '../../generated/types/resource-v1.ts';
import { statusOnlyPart } from '../../parts.ts';
import { dropDeallocated, validateClaimStatus } from './claim-status.ts';
import { completeClaim, validateClaim } from './devices.ts';

export const resourceClaim: Kind<ResourceClaim> = builtIn<ResourceClaim>('resource.k8s.io/v1.ResourceClaim', {
  columns: columnsOf('resource.k8s.io/ResourceClaim', { State: (c) => stateText(c) }),
  behaviour: {
    answersDeletion: true,
    desired: false,
    complete: ({ spec }) => completeClaim(spec.devices),
    prepareCreate(c) {
      c.status = {};
    },
    validateCreate: ({ spec }, at) => validateClaim(spec.devices, at.at('spec', 'devices')),
    validateUpdate: (next, previous, at) => unchanged(next.spec, previous.spec, at.at('spec')),
    parts: {
      status: statusOnlyPart<ResourceClaim>({
        prepare: dropDeallocated,
        validate: (next, previous, at) => validateClaimStatus(next, previous, at.at('status')),
      }),
    },
  },
});

function stateText({ metadata, status }: ResourceClaim): string {
  const isDeleted = metadata.deletionTimestamp !== undefined;
  const words = isDeleted ? ['deleted'] : [];
  if (!status.allocation) return isDeleted ? words.join(',') : 'pending';
  words.push('allocated');
  if (status.reservedFor?.length) words.push('reserved');
  return words.join(',');
}

export const resourceClaimTemplate: Kind<ResourceClaimTemplate> = builtIn<ResourceClaimTemplate>(
  'resource.k8s.io/v1.ResourceClaimTemplate',
  {
    columns: columnsOf('resource.k8s.io/ResourceClaimTemplate', {}),
    behaviour: {
      answersDeletion: true,
      desired: false,
      complete: ({ spec }) => completeClaim(spec.spec.devices),
      validateCreate: ({ spec }, at) => validateClaim(spec.spec.devices, at.at('spec', 'spec', 'devices')),
      validateUpdate: (next, previous, at) => unchanged(next.spec, previous.spec, at.at('spec')),
    },
  },
);
