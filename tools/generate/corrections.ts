import type { FieldFact } from './facts.ts';

/**
 * Values of fields that types.json does not know, or takes for all there may be where the Go module k8s.io/api v0.37.2
 * leaves them open (undefined): `oracles/documents` finds them.
 */
const ENUMS: ReadonlyMap<string, readonly string[] | undefined> = new Map<string, readonly string[] | undefined>([
  ['io.k8s.apimachinery.pkg.apis.meta.v1.Condition.status', undefined],
  [
    'io.k8s.api.core.v1.PersistentVolumeClaimStatus.allocatedResourceStatuses',
    ['ControllerResizeInProgress', 'ControllerResizeInfeasible', 'NodeResizePending', 'NodeResizeInProgress', 'NodeResizeInfeasible'],
  ],
  ['io.k8s.api.discovery.v1.EndpointSlice.addressType', ['IPv4', 'IPv6', 'FQDN']],
  ['io.k8s.api.networking.v1.HTTPIngressPath.pathType', ['Exact', 'Prefix', 'ImplementationSpecific']],
  ...['v1.DeviceSubRequest', 'v1.ExactDeviceRequest', 'v1beta2.DeviceSubRequest', 'v1beta2.ExactDeviceRequest', 'v1beta1.DeviceSubRequest', 'v1beta1.DeviceRequest']
    .map((type) => [`io.k8s.api.resource.${type}.allocationMode`, ['ExactCount', 'All']] as const),
]);

export function corrected(type: string, field: FieldFact): FieldFact {
  const path = `${type}.${field.name}`;
  if (!ENUMS.has(path)) return field;
  const { enum: _, ...rest } = field;
  const values = ENUMS.get(path);
  return values ? { ...rest, enum: values } : rest;
}
