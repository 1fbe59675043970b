import type { ApiObject, Deprecation, Kind } from '@navarch/machinery';
import { builtIn, type ResourceKey } from '../../built-in.ts';
import { deprecationOf } from '../../deprecation.ts';
import type {
  Device,
  DeviceRequest,
  ResourceClaim,
  ResourceClaimTemplate,
  ResourceSlice,
} from '../../generated/types/resource-v1.ts';
import type {
  Device as OldDevice,
  DeviceRequest as OldRequest,
  ResourceClaim as OldClaim,
  ResourceClaimTemplate as OldTemplate,
  ResourceSlice as OldSlice,
} from '../../generated/types/resource-v1beta1.ts';
import { resourceClaim, resourceClaimTemplate } from '../v1/resource-claim.ts';
import { resourceSlice } from '../v1/resource-slice.ts';

// In v1beta1 a request says itself what v1 puts into `exactly`, and a device has in `basic` what v1 has in the device.

const STABLE = 'resource.k8s.io/v1';
const OLD = 'resource.k8s.io/v1beta1';

export const resourceClaimV1Beta1: Kind<OldClaim> = builtIn<OldClaim>('resource.k8s.io/v1beta1.ResourceClaim', {
  ...outdated('resource.k8s.io/v1beta1.ResourceClaim', resourceClaim),
  columns: columnsThrough<OldClaim, ResourceClaim>(resourceClaim, claimToHub),
  hub: { kind: resourceClaim, toHub: claimToHub, fromHub: (hub) => claimFromHub(hub as ResourceClaim) },
  behaviour: {
    answersDeletion: true,
    desired: resourceClaim.behaviour.desired === false ? false : (claim) => [claim.spec],
  },
});

export const resourceClaimTemplateV1Beta1: Kind<OldTemplate> = builtIn<OldTemplate>(
  'resource.k8s.io/v1beta1.ResourceClaimTemplate',
  {
    ...outdated('resource.k8s.io/v1beta1.ResourceClaimTemplate', resourceClaimTemplate),
    columns: columnsThrough<OldTemplate, ResourceClaimTemplate>(resourceClaimTemplate, templateToHub),
    hub: {
      kind: resourceClaimTemplate,
      toHub: templateToHub,
      fromHub: (hub) => templateFromHub(hub as ResourceClaimTemplate),
    },
    behaviour: {
      answersDeletion: true,
      desired: resourceClaimTemplate.behaviour.desired === false ? false : (template) => [template.spec],
    },
  },
);

export const resourceSliceV1Beta1: Kind<OldSlice> = builtIn<OldSlice>('resource.k8s.io/v1beta1.ResourceSlice', {
  ...outdated('resource.k8s.io/v1beta1.ResourceSlice', resourceSlice),
  columns: columnsThrough<OldSlice, ResourceSlice>(resourceSlice, sliceToHub),
  selectableFields: {
    'spec.nodeName': (slice) => slice.spec.nodeName ?? '',
    'spec.driver': (slice) => slice.spec.driver,
  },
  hub: { kind: resourceSlice, toHub: sliceToHub, fromHub: (hub) => sliceFromHub(hub as ResourceSlice) },
  behaviour: { answersDeletion: true, desired: (slice) => [slice.spec] },
});

function outdated(key: ResourceKey, stable: Kind<any>): { readonly deprecated?: Deprecation } {
  const deprecated = deprecationOf(key, stable);
  return deprecated ? { deprecated } : {};
}

function columnsThrough<Old extends ApiObject, Stable extends ApiObject>(
  stable: Kind<Stable>,
  toHub: (old: Old) => Stable,
) {
  return stable.columns.map((column) => ({
    ...column,
    value: (old: Old, context: { readonly now: number }) => column.value(toHub(old), context),
  }));
}

type Claims<Request> = { readonly devices?: { readonly requests?: readonly Request[] | null } };

/** The spec of a claim with its requests in the other form. */
function withRequests<From, To>(spec: Claims<From>, convert: (request: From) => To): object {
  const { devices } = spec;
  return devices?.requests ? { ...spec, devices: { ...devices, requests: devices.requests.map(convert) } } : spec;
}

function claimToHub(claim: OldClaim): ResourceClaim {
  return {
    ...claim,
    apiVersion: STABLE,
    spec: withRequests(claim.spec as Claims<OldRequest>, requestToHub),
  } as unknown as ResourceClaim;
}

function claimFromHub(claim: ResourceClaim): OldClaim {
  return {
    ...claim,
    apiVersion: OLD,
    spec: withRequests(claim.spec as Claims<DeviceRequest>, requestFromHub),
  } as unknown as OldClaim;
}

function templateToHub(template: OldTemplate): ResourceClaimTemplate {
  const { spec } = template;
  return {
    ...template,
    apiVersion: STABLE,
    spec: { ...spec, spec: withRequests(spec.spec as Claims<OldRequest>, requestToHub) },
  } as unknown as ResourceClaimTemplate;
}

function templateFromHub(template: ResourceClaimTemplate): OldTemplate {
  const { spec } = template;
  return {
    ...template,
    apiVersion: OLD,
    spec: { ...spec, spec: withRequests(spec.spec as Claims<DeviceRequest>, requestFromHub) },
  } as unknown as OldTemplate;
}

/** A request for one of several says nothing of its own; every other one is exact, though it say too little. */
function requestToHub({ name, firstAvailable, ...own }: OldRequest): object {
  const isEmpty = Object.values(own).every((value) => value === undefined || value === '');
  return {
    name,
    ...(firstAvailable ? { firstAvailable } : {}),
    ...(firstAvailable && isEmpty ? {} : { exactly: own }),
  };
}

function requestFromHub({ name, exactly, firstAvailable }: DeviceRequest): object {
  return { name, ...exactly, ...(firstAvailable ? { firstAvailable } : {}) };
}

function sliceToHub(slice: OldSlice): ResourceSlice {
  const { nodeName, allNodes, devices, ...spec } = slice.spec;
  return {
    ...slice,
    apiVersion: STABLE,
    spec: {
      ...spec,
      ...(nodeName ? { nodeName } : {}),
      ...(allNodes ? { allNodes } : {}),
      ...(devices ? { devices: devices.map(deviceToHub) } : {}),
    },
  } as unknown as ResourceSlice;
}

function sliceFromHub(slice: ResourceSlice): OldSlice {
  const { devices, ...spec } = slice.spec;
  return {
    ...slice,
    apiVersion: OLD,
    spec: { ...spec, ...(devices ? { devices: devices.map(deviceFromHub) } : {}) },
  } as unknown as OldSlice;
}

const deviceToHub = ({ name, basic }: OldDevice): object => ({ name, ...basic });
const deviceFromHub = ({ name, ...basic }: Device): object => ({ name, basic });
