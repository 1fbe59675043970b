import type { Kind } from '@navarch/machinery';
import {
  mutatingAdmissionPolicy,
  mutatingAdmissionPolicyBinding,
  validatingAdmissionPolicy,
  validatingAdmissionPolicyBinding,
} from './admissionregistration/v1/policies.ts';
import { mutatingWebhookConfiguration, validatingWebhookConfiguration } from './admissionregistration/v1/webhooks.ts';
import { customResourceDefinition } from './apiextensions/v1/custom-resource-definition.ts';
import { apiService } from './apiregistration/v1/api-service.ts';
import { controllerRevision } from './apps/v1/controller-revision.ts';
import { daemonSet } from './apps/v1/daemon-set.ts';
import { deployment } from './apps/v1/deployment.ts';
import { replicaSet } from './apps/v1/replica-set.ts';
import { statefulSet } from './apps/v1/stateful-set.ts';
import { horizontalPodAutoscaler } from './autoscaling/horizontal-pod-autoscaler.ts';
import { horizontalPodAutoscalerV1 } from './autoscaling/horizontal-pod-autoscaler-v1.ts';
import { cronJob } from './batch/v1/cron-job.ts';
import { job } from './batch/v1/job.ts';
import { certificateSigningRequest } from './certificates/v1/certificate-signing-request.ts';
import { podCertificateRequest } from './certificates/v1/pod-certificate-request.ts';
import { clusterTrustBundle } from './certificates/v1/trust.ts';
import { lease } from './coordination/v1/lease.ts';
import { configMap } from './core/v1/config-map.ts';
import { endpoints } from './core/v1/endpoints.ts';
import { event } from './core/v1/event.ts';
import { limitRange } from './core/v1/limit-range.ts';
import { namespace } from './core/v1/namespace.ts';
import { node } from './core/v1/node.ts';
import { persistentVolumeClaim } from './core/v1/persistent-volume-claim.ts';
import { persistentVolume } from './core/v1/persistent-volume.ts';
import { podTemplate } from './core/v1/pod-template.ts';
import { pod } from './core/v1/pod.ts';
import { replicationController } from './core/v1/replication-controller.ts';
import { resourceQuota } from './core/v1/resource-quota.ts';
import { secret } from './core/v1/secret.ts';
import { serviceAccount } from './core/v1/service-account.ts';
import { service } from './core/v1/service.ts';
import { endpointSlice } from './discovery/v1/endpoint-slice.ts';
import { eventV1 } from './events/v1/event.ts';
import { flowSchema } from './flowcontrol/v1/flow-schema.ts';
import { priorityLevelConfiguration } from './flowcontrol/v1/priority-level-configuration.ts';
import { ipAddress, serviceCIDR } from './networking/v1/addresses.ts';
import { ingressClass } from './networking/v1/ingress-class.ts';
import { ingress } from './networking/v1/ingress.ts';
import { networkPolicy } from './networking/v1/network-policy.ts';
import { runtimeClass } from './node/v1/runtime-class.ts';
import { podDisruptionBudget } from './policy/v1/pod-disruption-budget.ts';
import { clusterRoleBinding, roleBinding } from './rbac/v1/bindings.ts';
import { clusterRole, role } from './rbac/v1/roles.ts';
import { deviceClass, deviceTaintRule } from './resource/v1/device-class.ts';
import { resourceClaim, resourceClaimTemplate } from './resource/v1/resource-claim.ts';
import { resourceSlice } from './resource/v1/resource-slice.ts';
import { priorityClass } from './scheduling/v1/priority-class.ts';
import { storageClass, volumeAttributesClass } from './storage/v1/classes.ts';
import { csiDriver, csiNode, csiStorageCapacity } from './storage/v1/csi.ts';
import { volumeAttachment } from './storage/v1/volume-attachment.ts';
import { storageVersionMigration } from './storagemigration/v1/storage-version-migration.ts';

/** Every kind this server is born with. Adding a kind is adding a file and a name to this list. */
export const builtinKinds: readonly Kind<any>[] = [
  configMap,
  endpoints,
  event,
  limitRange,
  namespace,
  node,
  persistentVolumeClaim,
  persistentVolume,
  pod,
  podTemplate,
  replicationController,
  resourceQuota,
  secret,
  serviceAccount,
  service,
  apiService,
  controllerRevision,
  daemonSet,
  deployment,
  replicaSet,
  statefulSet,
  eventV1,
  horizontalPodAutoscaler,
  horizontalPodAutoscalerV1,
  cronJob,
  job,
  certificateSigningRequest,
  clusterTrustBundle,
  podCertificateRequest,
  ingressClass,
  ingress,
  ipAddress,
  networkPolicy,
  serviceCIDR,
  podDisruptionBudget,
  clusterRoleBinding,
  clusterRole,
  roleBinding,
  role,
  csiDriver,
  csiNode,
  csiStorageCapacity,
  storageClass,
  volumeAttachment,
  volumeAttributesClass,
  mutatingAdmissionPolicy,
  mutatingAdmissionPolicyBinding,
  mutatingWebhookConfiguration,
  validatingAdmissionPolicy,
  validatingAdmissionPolicyBinding,
  validatingWebhookConfiguration,
  customResourceDefinition,
  priorityClass,
  lease,
  runtimeClass,
  endpointSlice,
  flowSchema,
  priorityLevelConfiguration,
  deviceClass,
  deviceTaintRule,
  resourceClaim,
  resourceClaimTemplate,
  resourceSlice,
  storageVersionMigration,
];
