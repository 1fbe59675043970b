export { protobuf, protobufEncoder, schemas, virtualResources } from './built-in.ts';
export { typeFacts } from './generated/facts/index.ts';
export { age, humanDuration } from './columns.ts';
export { builtinKinds } from './kinds.ts';
export { deployment } from './apps/v1/deployment.ts';
export { replicaSet } from './apps/v1/replica-set.ts';
export { certificateSigningRequest } from './certificates/v1/certificate-signing-request.ts';
export { configMap, secret, serviceAccount } from './core/v1/config.ts';
export { endpoints } from './core/v1/endpoints.ts';
export { event } from './core/v1/event.ts';
export { namespace } from './core/v1/namespace.ts';
export { addressOf, isNodeReady, node } from './core/v1/node.ts';
export { pod } from './core/v1/pod.ts';
export { podStatusText } from './core/v1/pod-columns.ts';
export { isActive, isAvailable, isReady, isSidecar, isTerminal, podLimits, podRequests, qosClassOf } from './core/v1/pod-resources.ts';
export { service } from './core/v1/service.ts';
export { endpointSlice } from './discovery/v1/endpoint-slice.ts';
export { eventV1 } from './events/v1/event.ts';
export {
  apiService, clusterTrustBundle, controllerRevision, cronJob, csiDriver, csiNode, csiStorageCapacity,
  customResourceDefinition, daemonSet, deviceClass, deviceTaintRule, flowSchema, horizontalPodAutoscaler, horizontalPodAutoscalerV1,
  ingress, ingressClass, ipAddress, job, lease, limitRange, mutatingAdmissionPolicy, mutatingAdmissionPolicyBinding,
  mutatingWebhookConfiguration, networkPolicy, persistentVolume, persistentVolumeClaim, podCertificateRequest, podDisruptionBudget,
  podTemplate, priorityClass, priorityLevelConfiguration, replicationController, resourceClaim, resourceClaimTemplate, resourceQuota,
  resourceSlice, runtimeClass, serviceCIDR, statefulSet, storageClass, storageVersionMigration, validatingAdmissionPolicy,
  validatingAdmissionPolicyBinding, validatingWebhookConfiguration, volumeAttachment, volumeAttributesClass,
} from './plain.ts';
export { subjectAccessReview, tokenReview } from './reviews.ts';
export { clusterRole, clusterRoleBinding, role, roleBinding } from './rbac.ts';
export type {
  Deployment, DeploymentCondition, DeploymentSpec, DeploymentStatus, ReplicaSet, ReplicaSetCondition, ReplicaSetSpec,
} from './generated/types/apps-v1.ts';
export type { TokenReview, UserInfo } from './generated/types/authentication-v1.ts';
export type { SubjectAccessReview, SelfSubjectAccessReview, ResourceAttributes } from './generated/types/authorization-v1.ts';
export type { Scale } from './generated/types/autoscaling-v1.ts';
export type { CertificateSigningRequest } from './generated/types/certificates-v1.ts';
export type { Lease } from './generated/types/coordination-v1.ts';
export type * from './generated/types/core-v1.ts';
export type { Endpoint, EndpointPort as EndpointSlicePort, EndpointSlice } from './generated/types/discovery-v1.ts';
export type { ClusterRole, ClusterRoleBinding, PolicyRule, Role, RoleBinding, RoleRef, Subject } from './generated/types/rbac-v1.ts';
