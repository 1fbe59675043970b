export { protobuf, protobufEncoder, schemas, virtualKinds } from './built-in.ts';
export { typeFacts } from './generated/facts/index.ts';
export { describedField, describedType } from './descriptions.ts';
export { age, humanDuration } from './columns.ts';
export {
  type AuthorizerStage,
  policyFunctions,
  type PolicyFunctions,
} from './admissionregistration/v1/authorizer-functions.ts';
export {
  complaintOf,
  type PolicyEnvironment,
  PolicyExpressions,
  type PolicyVariable,
  REQUEST_RESOURCE,
} from './admissionregistration/v1/policy-expressions.ts';
export { earlierVersions, releasedResources, youngKinds } from './earlier-versions.ts';
export { builtinKinds } from './kinds.ts';
export {
  mutatingAdmissionPolicy,
  mutatingAdmissionPolicyBinding,
  validatingAdmissionPolicy,
  validatingAdmissionPolicyBinding,
} from './admissionregistration/v1/policies.ts';
export { mutatingWebhookConfiguration, validatingWebhookConfiguration } from './admissionregistration/v1/webhooks.ts';
export {
  type CustomKinds,
  customKinds,
  type CustomObject,
  type CustomVersion,
} from './apiextensions/v1/custom-kind.ts';
export { approvalOf, isProtected } from './apiextensions/v1/approval.ts';
export { authorityFault } from './apiextensions/v1/authority-bundle.ts';
export { hasCondition, type Saying, withCondition } from './apiextensions/v1/conditions.ts';
export { namesInOrder } from './apiextensions/v1/definition-names.ts';
export { CLEANUP_FINALIZER, customResourceDefinition } from './apiextensions/v1/custom-resource-definition.ts';
export { apiService } from './apiregistration/v1/api-service.ts';
export { controllerRevision } from './apps/v1/controller-revision.ts';
export { daemonSet } from './apps/v1/daemon-set.ts';
export { deployment } from './apps/v1/deployment.ts';
export { replicaSet } from './apps/v1/replica-set.ts';
export { statefulSet } from './apps/v1/stateful-set.ts';
export { horizontalPodAutoscaler } from './autoscaling/horizontal-pod-autoscaler.ts';
export { horizontalPodAutoscalerV1 } from './autoscaling/horizontal-pod-autoscaler-v1.ts';
export { cronJob } from './batch/v1/cron-job.ts';
export { job } from './batch/v1/job.ts';
export { certificateSigningRequest } from './certificates/v1/certificate-signing-request.ts';
export { podCertificateRequest } from './certificates/v1/pod-certificate-request.ts';
export { SIGNERS, type SignerName } from './certificates/v1/signers.ts';
export { clusterTrustBundle } from './certificates/v1/trust.ts';
export { lease } from './coordination/v1/lease.ts';
export { configMap } from './core/v1/config-map.ts';
export { endpoints } from './core/v1/endpoints.ts';
export { componentStatus } from './core/v1/component-status.ts';
export { event } from './core/v1/event.ts';
export { limitRange } from './core/v1/limit-range.ts';
export { namespace } from './core/v1/namespace.ts';
export { addressOf, isNodeReady, node } from './core/v1/node.ts';
export {
  compileNodeSelection,
  compileNodeTerm,
  meetsNodeTerm,
  namedNodes,
  type NodeSelection,
  type NodeTerm,
  selectsNode,
} from './core/v1/node-selection.ts';
export { persistentVolumeClaim } from './core/v1/persistent-volume-claim.ts';
export { persistentVolume } from './core/v1/persistent-volume.ts';
export { isExtended as isExtendedResource } from './checks/quantities.ts';
export { validateNodeAffinity } from './core/v1/affinity-validation.ts';
export { podTemplate } from './core/v1/pod-template.ts';
export { pod } from './core/v1/pod.ts';
export { replicationController } from './core/v1/replication-controller.ts';
export { resourceQuota } from './core/v1/resource-quota.ts';
export { secret } from './core/v1/secret.ts';
export { tokenSecret, tokenSecretDate } from './core/v1/token-secret.ts';
export { serviceAccount } from './core/v1/service-account.ts';
export {
  type Amounts,
  amountsBeyond,
  amountsOf,
  increaseOfAmounts,
  listOfAmounts,
  onlyAmounts,
  sumAmounts,
  wholeAmount,
} from './quota/amounts.ts';
export { isInQuotaScopes, isMeasuredOnUpdate, measuredNames, quotaUsage, unsaidText } from './quota/usage.ts';
export { type PodReferences, referencesOf } from './core/v1/pod-references.ts';
export { service } from './core/v1/service.ts';
export { validateServiceAddresses } from './core/v1/service-validation.ts';
export { endpointSlice } from './discovery/v1/endpoint-slice.ts';
export { eventV1 } from './events/v1/event.ts';
export { flowSchema } from './flowcontrol/v1/flow-schema.ts';
export { priorityLevelConfiguration } from './flowcontrol/v1/priority-level-configuration.ts';
export { containsAddress, parseIp } from './checks/network.ts';
export { ipAddress, serviceCIDR } from './networking/v1/addresses.ts';
export {
  addressAt,
  type AddressRange,
  addressRange,
  canonicalAddress,
  holdsAddress,
  IP_ALLOCATOR,
  IP_MANAGED_BY,
  type IpFamily,
  ipFamilyOf,
  isAddressOf,
  poolRange,
  serviceAddressDraft,
  serviceAddresses,
} from './networking/v1/service-addresses.ts';
export { ingressClass } from './networking/v1/ingress-class.ts';
export { ingress } from './networking/v1/ingress.ts';
export { networkPolicy } from './networking/v1/network-policy.ts';
export { runtimeClass } from './node/v1/runtime-class.ts';
export { nodeMetrics, podMetrics } from './metrics/v1beta1/resource-metrics.ts';
export { podDisruptionBudget } from './policy/v1/pod-disruption-budget.ts';
export { clusterRoleBinding, roleBinding } from './rbac/v1/bindings.ts';
export { clusterRole, role } from './rbac/v1/roles.ts';
export { compileDeviceExpression, deviceValue, meetsDeviceExpression } from './resource/v1/device-expressions.ts';
export { deviceClass, deviceTaintRule } from './resource/v1/device-class.ts';
export { resourceClaim, resourceClaimTemplate } from './resource/v1/resource-claim.ts';
export { resourceSlice } from './resource/v1/resource-slice.ts';
export { podGroup } from './scheduling/v1beta1/pod-group.ts';
export {
  consumerOf,
  isClaimOf,
  isMadeForPod,
  isPodGroup,
  isReservedForPod,
} from './scheduling/v1beta1/group-claims.ts';
export { workload } from './scheduling/v1beta1/workload.ts';
export { priorityClass } from './scheduling/v1/priority-class.ts';
export {
  isLocalVolumeOf,
  LOCAL_FOLDER_FINALIZER,
  LOCAL_PROVISIONER,
  LOCAL_VOLUME_NODE,
  LOCAL_VOLUMES_FOLDER,
  localStorageClass,
} from './storage/local-volumes.ts';
export { type CronSchedule, isTimeZone, readSchedule } from './checks/cron.ts';
export { DEFAULT_STORAGE_CLASS, defaultClassOf } from './storage/default-class.ts';
export { storageClass, volumeAttributesClass } from './storage/v1/classes.ts';
export { csiDriver, csiNode, csiStorageCapacity } from './storage/v1/csi.ts';
export { volumeAttachment } from './storage/v1/volume-attachment.ts';
export { storageVersion } from './apiserverinternal/v1alpha1/storage-version.ts';
export { storageVersionMigration } from './storagemigration/v1/storage-version-migration.ts';
export { podStatusText } from './core/v1/pod-columns.ts';
export { safeSysctls } from './core/v1/safe-sysctls.ts';
export {
  isActive,
  isAvailable,
  isReady,
  isSidecar,
  isTerminal,
  podLimits,
  podRequests,
  podRequestsAtLeast,
  qosClassOf,
} from './core/v1/pod-resources.ts';
export { featuresOfChange, neededFeatures } from './core/v1/needed-features.ts';
export { occupiedSpec } from './core/v1/pod-occupation.ts';
export {
  localSubjectAccessReview,
  selfSubjectAccessReview,
  selfSubjectReview,
  subjectAccessReview,
  tokenReview,
  selfSubjectRulesReview,
} from './reviews.ts';
export type {
  Deployment,
  DeploymentCondition,
  DeploymentSpec,
  DeploymentStatus,
  ReplicaSet,
  ReplicaSetCondition,
  ReplicaSetSpec,
} from './generated/types/apps-v1.ts';
export type { CustomResourceDefinition } from './generated/types/apiextensions-v1.ts';
export type { APIService } from './generated/types/apiregistration-v1.ts';
export type { TokenReview, UserInfo } from './generated/types/authentication-v1.ts';
export type {
  SelfSubjectRulesReview,
  SubjectAccessReview,
  SelfSubjectAccessReview,
  ResourceAttributes,
} from './generated/types/authorization-v1.ts';
export type { Scale } from './generated/types/autoscaling-v1.ts';
export type { ValidatingWebhook } from './generated/types/admissionregistration-v1.ts';
export type {
  CertificateSigningRequest,
  ClusterTrustBundle,
  PodCertificateRequest,
} from './generated/types/certificates-v1.ts';
export type {
  AllocatedDeviceStatus,
  AllocationResult,
  ResourceClaim as DeviceResourceClaim,
  ResourceClaimSpec,
  ResourceClaimTemplate,
} from './generated/types/resource-v1.ts';
export type { Lease } from './generated/types/coordination-v1.ts';
export type * from './generated/types/core-v1.ts';
export type { Endpoint, EndpointPort as EndpointSlicePort, EndpointSlice } from './generated/types/discovery-v1.ts';
export type {
  Ingress,
  IngressBackend,
  IngressClass,
  IPAddress,
  NetworkPolicy,
  NetworkPolicyEgressRule,
  NetworkPolicyIngressRule,
  NetworkPolicyPeer,
  NetworkPolicyPort,
  ServiceCIDR,
} from './generated/types/networking-v1.ts';
export type {
  ClusterRole,
  ClusterRoleBinding,
  PolicyRule,
  Role,
  RoleBinding,
  RoleRef,
  Subject,
} from './generated/types/rbac-v1.ts';
