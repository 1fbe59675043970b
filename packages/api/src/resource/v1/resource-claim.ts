import { equalJson, type Kind } from '@navarch/machinery';
import { builtIn } from '../../built-in.ts';
import { each, unchanged } from '../../checks/values.ts';
import { columnsOf } from '../../columns.ts';
import type { ResourceClaim, ResourceClaimTemplate } from '../../generated/types/resource-v1.ts';
import { statusOnlyPart } from '../../parts.ts';
import { completeClaim, validateClaim } from './devices.ts';

const CONSUMERS_MAX = 256;

export const resourceClaim: Kind<ResourceClaim> = builtIn<ResourceClaim>('resource.k8s.io/v1.ResourceClaim', {
  columns: columnsOf('resource.k8s.io/ResourceClaim', { State: (c) => stateText(c) }),
  behaviour: {
    answersDeletion: true,
    desired: false,
    complete: ({ spec }) => completeClaim(spec.devices),
    prepareCreate(c) {
      c.status = {};
    },
    validate: ({ spec }, at) => validateClaim(spec.devices, at.at('spec', 'devices')),
    validateUpdate: (next, previous, at) => unchanged(next.spec, previous.spec, at.at('spec')),
    parts: {
      status: statusOnlyPart({
        validate({ status, metadata }, previous, at) {
          const here = at.at('status');
          const { allocation, reservedFor = [] } = status;
          if (previous.status.allocation && allocation && !equalJson(allocation, previous.status.allocation)) here.at('allocation').invalid(allocation, 'field is immutable');
          if (!previous.status.allocation && allocation && metadata.deletionTimestamp) here.at('allocation').forbidden('new allocations are not allowed while deleting');
          if (reservedFor.length > 0 && !allocation) here.at('reservedFor').forbidden('may not be specified when `allocated` is not set');
          if (reservedFor.length > CONSUMERS_MAX) here.at('reservedFor').tooMany(reservedFor.length, CONSUMERS_MAX);
          const uids = new Set<string>();
          each(reservedFor, here.at('reservedFor'), ({ resource, name, uid }, place) => {
            if (!resource) place.at('resource').required();
            if (!name) place.at('name').required();
            if (!uid) place.at('uid').required();
            if (uids.has(uid)) place.at('uid').duplicate(uid);
            uids.add(uid);
          });
        },
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

export const resourceClaimTemplate: Kind<ResourceClaimTemplate> = builtIn<ResourceClaimTemplate>('resource.k8s.io/v1.ResourceClaimTemplate', {
  columns: columnsOf('resource.k8s.io/ResourceClaimTemplate', {}),
  behaviour: {
    answersDeletion: true,
    desired: false,
    complete: ({ spec }) => completeClaim(spec.spec.devices),
    validate: ({ spec }, at) => validateClaim(spec.spec.devices, at.at('spec', 'spec', 'devices')),
    validateUpdate: (next, previous, at) => unchanged(next.spec, previous.spec, at.at('spec')),
  },
});
