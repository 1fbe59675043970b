import { type ApiObject, apiVersionOf, type Kind } from '@navarch/machinery';
import { deprecationOf } from './deprecation.ts';
import { mutatingAdmissionPolicy, mutatingAdmissionPolicyBinding } from './admissionregistration/v1/policies.ts';
import { builtIn, type ResourceKey } from './built-in.ts';
import { clusterTrustBundle } from './certificates/v1/trust.ts';
import { resources } from './generated/resources/resources.ts';
import { podCertificateRequestV1Beta1 } from './certificates/v1beta1/pod-certificate-request.ts';
import { storageVersion } from './apiserverinternal/v1alpha1/storage-version.ts';
import { leaseCandidate } from './coordination/v1beta1/lease-candidate.ts';
import { evictionRequest } from './lifecycle/v1alpha1/eviction-request.ts';
import { eviction } from './lifecycle/v1alpha1/eviction.ts';
import { resourcePoolStatusRequest } from './resource/v1alpha3/resource-pool-status-request.ts';
import { compositePodGroup } from './scheduling/v1alpha3/composite-pod-group.ts';
import { podGroup } from './scheduling/v1beta1/pod-group.ts';
import { workload } from './scheduling/v1beta1/workload.ts';
import { deviceClass, deviceTaintRule } from './resource/v1/device-class.ts';
import { resourceClaim, resourceClaimTemplate } from './resource/v1/resource-claim.ts';
import { resourceSlice } from './resource/v1/resource-slice.ts';
import {
  resourceClaimTemplateV1Beta1,
  resourceClaimV1Beta1,
  resourceSliceV1Beta1,
} from './resource/v1beta1/conversions.ts';
import { storageVersionMigration } from './storagemigration/v1/storage-version-migration.ts';

/**
 * Versions of built-in kinds from before these were stable: served when somebody asks for them, over the same stored
 * objects.
 */
export const earlierVersions: readonly Kind<any>[] = [
  sameAs(mutatingAdmissionPolicy, 'admissionregistration.k8s.io/v1beta1.MutatingAdmissionPolicy'),
  sameAs(mutatingAdmissionPolicyBinding, 'admissionregistration.k8s.io/v1beta1.MutatingAdmissionPolicyBinding'),
  sameAs(mutatingAdmissionPolicy, 'admissionregistration.k8s.io/v1alpha1.MutatingAdmissionPolicy'),
  sameAs(mutatingAdmissionPolicyBinding, 'admissionregistration.k8s.io/v1alpha1.MutatingAdmissionPolicyBinding'),
  sameAs(clusterTrustBundle, 'certificates.k8s.io/v1beta1.ClusterTrustBundle'),
  sameAs(deviceClass, 'resource.k8s.io/v1beta2.DeviceClass'),
  sameAs(deviceTaintRule, 'resource.k8s.io/v1beta2.DeviceTaintRule'),
  sameAs(resourceClaim, 'resource.k8s.io/v1beta2.ResourceClaim'),
  sameAs(resourceClaimTemplate, 'resource.k8s.io/v1beta2.ResourceClaimTemplate'),
  sameAs(resourceSlice, 'resource.k8s.io/v1beta2.ResourceSlice'),
  sameAs(deviceClass, 'resource.k8s.io/v1beta1.DeviceClass'),
  resourceClaimV1Beta1,
  resourceClaimTemplateV1Beta1,
  resourceSliceV1Beta1,
  sameAs(deviceTaintRule, 'resource.k8s.io/v1alpha3.DeviceTaintRule'),
  sameAs(leaseCandidate, 'coordination.k8s.io/v1alpha2.LeaseCandidate'),
  sameAs(podGroup, 'scheduling.k8s.io/v1alpha3.PodGroup'),
  sameAs(workload, 'scheduling.k8s.io/v1alpha3.Workload'),
  podCertificateRequestV1Beta1,
  sameAs(storageVersionMigration, 'storagemigration.k8s.io/v1beta1.StorageVersionMigration'),
];

/** Kinds that have no stable version yet: served when somebody asks for them and the feature they belong to is on. */
export const youngKinds: readonly Kind<any>[] = [
  compositePodGroup,
  eviction,
  evictionRequest,
  leaseCandidate,
  podGroup,
  resourcePoolStatusRequest,
  storageVersion,
  workload,
];

/** Every resource of the release in each of its versions, whether this code has it or not. Without those of add-ons. */
export const releasedResources: readonly {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
}[] = Object.values(resources).filter(({ stage }) => !stage.includes('add-on'));

/** A version that differs from the stable one in its name alone. */
function sameAs(stable: Kind<any>, key: ResourceKey): Kind<any> {
  const { group, version } = resources[key];
  const apiVersion = apiVersionOf({ group, version });
  const deprecated = deprecationOf(key, stable);
  return builtIn<any>(key, {
    ...(deprecated ? { deprecated } : {}),
    behaviour: stable.behaviour,
    columns: stable.columns,
    selectableFields: stable.selectableFields,
    storagePrefix: stable.storagePrefix,
    hub: {
      kind: stable,
      toHub: (object: ApiObject) => ({ ...object, apiVersion: apiVersionOf(stable) }),
      fromHub: (object: ApiObject) => ({ ...object, apiVersion }),
    },
  });
}
