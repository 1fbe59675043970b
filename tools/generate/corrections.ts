import type { FieldFact } from './facts.ts';

/**
 * Values of fields that types.json does not know, or takes for all there may be where the Go module k8s.io/api v0.37.2
 * leaves them open (undefined): `oracles/documents` finds them.
 */
const ENUMS: ReadonlyMap<string, readonly string[] | undefined> = new Map<string, readonly string[] | undefined>([
  ['io.k8s.apimachinery.pkg.apis.meta.v1.Condition.status', undefined],
  [
    'io.k8s.api.core.v1.PersistentVolumeClaimStatus.allocatedResourceStatuses',
    [
      'ControllerResizeInProgress',
      'ControllerResizeInfeasible',
      'NodeResizePending',
      'NodeResizeInProgress',
      'NodeResizeInfeasible',
    ],
  ],
  ['io.k8s.api.discovery.v1.EndpointSlice.addressType', ['IPv4', 'IPv6', 'FQDN']],
  ['io.k8s.api.networking.v1.HTTPIngressPath.pathType', ['Exact', 'Prefix', 'ImplementationSpecific']],
  ...[
    'v1.DeviceSubRequest',
    'v1.ExactDeviceRequest',
    'v1beta2.DeviceSubRequest',
    'v1beta2.ExactDeviceRequest',
    'v1beta1.DeviceSubRequest',
    'v1beta1.DeviceRequest',
  ].map((type) => [`io.k8s.api.resource.${type}.allocationMode`, ['ExactCount', 'All']] as const),
]);

/** Features that fields belong to, where types.json does not say so or knows the feature by a former name (from KEPs and upstream's words on the fields). */
const GATES: ReadonlyMap<string, string> = new Map([
  ['io.k8s.api.core.v1.Lifecycle.stopSignal', 'ContainerStopSignals'],
  ['io.k8s.api.core.v1.TopologySpreadConstraint.matchLabelKeys', 'MatchLabelKeysInPodTopologySpread'],
  ['io.k8s.api.core.v1.VolumeProjection.podCertificate', 'PodCertificateRequest'],
  ['io.k8s.api.apps.v1.DeploymentStatus.terminatingReplicas', 'DeploymentReplicaSetTerminatingReplicas'],
  ['io.k8s.api.apps.v1.ReplicaSetStatus.terminatingReplicas', 'DeploymentReplicaSetTerminatingReplicas'],
]);
/** Without its feature a field of these takes along what it is in: half of it would mean something else. */
const WHOLE: ReadonlySet<string> = new Set(['io.k8s.api.core.v1.TypedObjectReference.namespace']);

/** As types.json has it, with what is known better. `gates`: those that fields can belong to. */
export function corrected(
  type: string,
  field: FieldFact,
  gates: ReadonlySet<string>,
): FieldFact & { readonly gateTakes?: 'whole' } {
  const path = `${type}.${field.name}`;
  const { enum: values, gate: said, ...rest } = field;
  const known = ENUMS.has(path) ? ENUMS.get(path) : values;
  const gate = GATES.get(path) ?? said;
  return {
    ...rest,
    ...(known ? { enum: known } : {}),
    ...(gate && gates.has(gate) ? { gate } : {}),
    ...(gate && WHOLE.has(path) ? { gateTakes: 'whole' as const } : {}),
  };
}
