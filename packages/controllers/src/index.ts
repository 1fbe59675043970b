export { admissionPolicyStatusController } from './admission-policy-status/admission-policy-status.ts';
export { attachDetachController } from './attach-detach/attach-detach.ts';
export { tokenCleanerController } from './bootstrap-tokens/cleaner.ts';
export { bootstrapSignerController, type TokenSignature } from './bootstrap-tokens/signer.ts';
export { builtinControllers, type ControllerOptions, type JoiningOptions } from './builtin.ts';
export { approvalController, servingApprovalController } from './certificates/approve.ts';
export { podRequestCleaningController, requestCleaningController } from './certificates/clean.ts';
export type { CertificateAuthority, Issue, RequestedNames, Requester, RequestReview } from './certificates/ports.ts';
export { signingController } from './certificates/sign.ts';
export { clusterRoleAggregationController } from './cluster-role-aggregation/cluster-role-aggregation.ts';
export { clusterDnsController } from './cluster-dns/cluster-dns.ts';
export {
  type Change,
  type Context,
  type Controller,
  controllerKey,
  defineController,
  type Outcome,
  owned,
  self,
  type Watch,
} from './controller.ts';
export { cronJobController } from './cron-job/cron-job.ts';
export { daemonSetController } from './daemon-set/daemon-set.ts';
export { deploymentController } from './deployment/deployment.ts';
export { deviceTaintEvictionController } from './device-taint-eviction/device-taint-eviction.ts';
export { disruptionController } from './disruption/disruption.ts';
export { staleDisruptionController } from './disruption/stale-target.ts';
export { endpointSliceController } from './endpoint-slice/endpoint-slice.ts';
export { endpointSliceMirroringController } from './endpoint-slice-mirroring/endpoint-slice-mirroring.ts';
export { endpointsController } from './endpoints/endpoints.ts';
export { ephemeralVolumeController } from './ephemeral-volume/ephemeral-volume.ts';
export { garbageCollectorController } from './garbage-collector/garbage-collector.ts';
export { jobController } from './job/job.ts';
export { trackingFinalizersController } from './job/tracking-finalizers.ts';
export type { ReadPath } from './horizontal-pod-autoscaler/metric-apis.ts';
export { kindControllers, type KindSource, runKindControllers } from './kind-controllers.ts';
export { legacyTokenCleanerController } from './legacy-token-cleaner/legacy-token-cleaner.ts';
export { localProvisionerController } from './local-provisioner/local-provisioner.ts';
export { namespaceController } from './namespace/namespace.ts';
export { nodeIpamController, type NodeIpamOptions } from './node-ipam/node-ipam.ts';
export { nodeLifecycleController, type NodeLifecycleOptions } from './node-lifecycle/node-lifecycle.ts';
export { nodeTtlController } from './node-ttl/node-ttl.ts';
export { podGroupProtectionController } from './pod-group-protection/pod-group-protection.ts';
export { podGcController, type PodGcOptions } from './pod-gc/pod-gc.ts';
export { replicaSetController, replicationControllerController } from './replica-set/replica-set.ts';
export { claimRelease, claimReleaseController } from './resource-claim/claim-release.ts';
export { generateNameOf } from './resource-claim/claim-of-template.ts';
export { generatedClaims, generatedClaimsController } from './resource-claim/generated-claims.ts';
export { groupClaimsController } from './resource-claim/group-claims.ts';
export { resourceQuotaController } from './resource-quota/resource-quota.ts';
export { rootCaController } from './root-ca/root-ca.ts';
export { trustBundleController } from './root-ca/trust-bundle.ts';
export { runControllers, type RunnerDeps } from './runner.ts';
export { type Selection, selectControllers, selectionErrors } from './selection.ts';
export { serviceAccountController } from './service-account/service-account.ts';
export { serviceAccountTokenController } from './service-account-token/service-account-token.ts';
export { serviceAddressRepairController } from './service-address-repair/service-address-repair.ts';
export { addressPool } from './service-load-balancer/address-pool.ts';
export type { LoadBalancers } from './service-load-balancer/ports.ts';
export { serviceLoadBalancerController } from './service-load-balancer/service-load-balancer.ts';
export { serviceCidrsController } from './service-cidrs/service-cidrs.ts';
export { storageVersionCollectorController } from './storage-version-collector/storage-version-collector.ts';
export { storageVersionMigratorController } from './storage-version-migrator/storage-version-migrator.ts';
export { statefulSetController } from './stateful-set/stateful-set.ts';
export { ttlAfterFinishedController } from './ttl-after-finished/ttl-after-finished.ts';
export { volumeExpanderController } from './volume-expander/volume-expander.ts';
export { volumeBindingController } from './volume-binding/volume-binding.ts';
export {
  attributesClassProtectionController,
  claimProtectionController,
  volumeProtectionController,
} from './volume-protection/volume-protection.ts';
export { taintEvictionController } from './taint-eviction/taint-eviction.ts';
export { deschedulerController, type DeschedulerOptions } from './descheduler/descheduler.ts';
export { type DeschedulerPolicy, PolicyError, readPolicy } from './descheduler/policy.ts';
export { clusterAutoscalerController, type ClusterAutoscalerOptions } from './cluster-autoscaler/cluster-autoscaler.ts';
export {
  leastWasteExpander,
  mostPodsExpander,
  priorityExpander,
  randomExpander,
} from './cluster-autoscaler/expanders.ts';
export type { NodeGroup, NodeGroups } from './cluster-autoscaler/ports.ts';
