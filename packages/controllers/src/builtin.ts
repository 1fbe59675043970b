import { SIGNERS } from '@navarch/api';
import { attachDetachController } from './attach-detach/attach-detach.ts';
import { tokenCleanerController } from './bootstrap-tokens/cleaner.ts';
import { bootstrapSignerController, type TokenSignature } from './bootstrap-tokens/signer.ts';
import { approvalController, servingApprovalController } from './certificates/approve.ts';
import { podRequestCleaningController, requestCleaningController } from './certificates/clean.ts';
import type { CertificateAuthority, RequestReview } from './certificates/ports.ts';
import { signingController } from './certificates/sign.ts';
import { clusterDnsController } from './cluster-dns/cluster-dns.ts';
import type { Controller } from './controller.ts';
import { clusterRoleAggregationController } from './cluster-role-aggregation/cluster-role-aggregation.ts';
import { cronJobController } from './cron-job/cron-job.ts';
import { daemonSetController } from './daemon-set/daemon-set.ts';
import { deploymentController } from './deployment/deployment.ts';
import { deschedulerController, type DeschedulerOptions } from './descheduler/descheduler.ts';
import { deviceTaintEvictionController } from './device-taint-eviction/device-taint-eviction.ts';
import { staleDisruptionController } from './disruption/stale-target.ts';
import { endpointSliceController } from './endpoint-slice/endpoint-slice.ts';
import { endpointSliceMirroringController } from './endpoint-slice-mirroring/endpoint-slice-mirroring.ts';
import { endpointsController } from './endpoints/endpoints.ts';
import { ephemeralVolumeController } from './ephemeral-volume/ephemeral-volume.ts';
import { jobController } from './job/job.ts';
import { trackingFinalizersController } from './job/tracking-finalizers.ts';
import { legacyTokenCleanerController } from './legacy-token-cleaner/legacy-token-cleaner.ts';
import { localProvisionerController } from './local-provisioner/local-provisioner.ts';
import { nodeIpamController, type NodeIpamOptions } from './node-ipam/node-ipam.ts';
import { nodeTtlController } from './node-ttl/node-ttl.ts';
import { nodeLifecycleController, type NodeLifecycleOptions } from './node-lifecycle/node-lifecycle.ts';
import { podGroupProtectionController } from './pod-group-protection/pod-group-protection.ts';
import { podGcController, type PodGcOptions } from './pod-gc/pod-gc.ts';
import { replicaSetController, replicationControllerController } from './replica-set/replica-set.ts';
import { claimRelease } from './resource-claim/claim-release.ts';
import { generatedClaims } from './resource-claim/generated-claims.ts';
import { groupClaimsController } from './resource-claim/group-claims.ts';
import { rootCaController } from './root-ca/root-ca.ts';
import { trustBundleController } from './root-ca/trust-bundle.ts';
import { serviceAccountController } from './service-account/service-account.ts';
import { serviceAccountTokenController } from './service-account-token/service-account-token.ts';
import { serviceAddressRepairController } from './service-address-repair/service-address-repair.ts';
import type { LoadBalancers } from './service-load-balancer/ports.ts';
import { serviceLoadBalancerController } from './service-load-balancer/service-load-balancer.ts';
import { serviceCidrsController } from './service-cidrs/service-cidrs.ts';
import { statefulSetController } from './stateful-set/stateful-set.ts';
import { ttlAfterFinishedController } from './ttl-after-finished/ttl-after-finished.ts';
import { volumeExpanderController } from './volume-expander/volume-expander.ts';
import { volumeBindingController } from './volume-binding/volume-binding.ts';
import {
  attributesClassProtectionController,
  claimProtectionController,
  volumeProtectionController,
} from './volume-protection/volume-protection.ts';
import { taintEvictionController } from './taint-eviction/taint-eviction.ts';

export interface ControllerOptions {
  /** PEM of the certificate by which pods know the API server. */
  readonly rootCertificate: string;
  /** Absent: the network hands out pod addresses in its own way. */
  readonly nodeIpam?: NodeIpamOptions;
  readonly nodeLifecycle?: NodeLifecycleOptions;
  readonly podGc?: PodGcOptions;
  /** Who makes load balancers. Absent: services of that type wait for somebody else. */
  readonly loadBalancers?: LoadBalancers | undefined;
  /** What is evicted so that it is placed anew. Absent: nothing, as upstream. */
  readonly descheduler?: DeschedulerOptions | undefined;
  /** How nodes join and are known. Absent: certificate requests and bootstrap tokens are left to others. */
  readonly joining?: JoiningOptions;
  /** The server has groups of pods (`GenericWorkload`). */
  readonly hasGroups?: boolean;
  /** Jobs make them of themselves (`WorkloadWithJob`). */
  readonly hasJobGroups?: boolean | undefined;
  /** The service kube-dns has an endpoint on every node, where its agent answers. */
  readonly hasNodeDns?: boolean;
}

export interface JoiningOptions {
  /** Signs clients of the API server. */
  readonly clients: CertificateAuthority;
  /** Signs the servers of kubelets; trusted by the API server alone (ADR 7). */
  readonly kubeletServers: CertificateAuthority;
  readonly review: RequestReview;
  readonly sign: TokenSignature;
}

/** Every controller of a cluster but those of all kinds (kindControllers). Adding one is adding a folder and a line to this list. */
export const builtinControllers = (options: ControllerOptions): readonly Controller[] => [
  deploymentController,
  replicaSetController,
  replicationControllerController,
  daemonSetController(),
  statefulSetController,
  jobController({ hasGroups: options.hasJobGroups }),
  trackingFinalizersController,
  cronJobController,
  ttlAfterFinishedController,
  staleDisruptionController,
  endpointSliceController,
  endpointsController,
  endpointSliceMirroringController,
  serviceCidrsController,
  serviceAddressRepairController,
  serviceAccountController,
  serviceAccountTokenController,
  legacyTokenCleanerController,
  clusterRoleAggregationController,
  volumeBindingController(),
  volumeExpanderController,
  attachDetachController(),
  ephemeralVolumeController,
  localProvisionerController,
  generatedClaims({ hasGroups: options.hasGroups ?? false }),
  claimRelease({ hasGroups: options.hasGroups ?? false }),
  claimProtectionController,
  volumeProtectionController,
  attributesClassProtectionController,
  ...(options.hasGroups ? [podGroupProtectionController, groupClaimsController] : []),
  rootCaController(options.rootCertificate),
  trustBundleController(options.rootCertificate),
  nodeLifecycleController(options.nodeLifecycle),
  nodeTtlController(),
  taintEvictionController(),
  deviceTaintEvictionController(),
  ...(options.nodeIpam ? [nodeIpamController(options.nodeIpam)] : []),
  podGcController(options.podGc),
  ...(options.loadBalancers ? [serviceLoadBalancerController(options.loadBalancers)] : []),
  ...(options.descheduler ? [deschedulerController(options.descheduler)] : []),
  ...(options.hasNodeDns ? [clusterDnsController] : []),
  ...(options.joining ? joiningControllers(options.joining) : []),
];

const joiningControllers = ({ clients, kubeletServers, review, sign }: JoiningOptions): readonly Controller[] => [
  bootstrapSignerController(sign),
  tokenCleanerController,
  approvalController({ authority: clients, review }),
  servingApprovalController({ authority: kubeletServers }),
  signingController({
    authorities: {
      [SIGNERS.client]: clients,
      [SIGNERS.kubeletClient]: clients,
      [SIGNERS.legacyUnknown]: clients,
      [SIGNERS.kubeletServing]: kubeletServers,
    },
  }),
  requestCleaningController,
  podRequestCleaningController,
];
