import { certificateScenarios } from './certificates/certificates.ts';
import { clusterRoleAggregationScenarios } from './cluster-role-aggregation/cluster-role-aggregation.ts';
import { badClusterScenarios } from './bad-input/cluster.ts';
import { badWorkloadScenarios } from './bad-input/workloads.ts';
import { cronJobScenarios } from './cron-job/cron-job.ts';
import { customResourceScenarios } from './custom-resources/custom-resources.ts';
import { daemonSetScenarios } from './daemon-set/daemon-set.ts';
import { deschedulerScenarios } from './descheduler/descheduler.ts';
import { deploymentLifeScenarios } from './deployment/life.ts';
import { rollingScenarios } from './deployment/rolling.ts';
import { disruptionScenarios } from './disruption/disruption.ts';
import { endpointScenarios } from './endpoints/endpoints.ts';
import { mirroringScenarios } from './endpoints/mirroring.ts';
import { garbageCollectorScenarios } from './garbage-collector/garbage-collector.ts';
import { horizontalPodAutoscalerScenarios } from './horizontal-pod-autoscaler/horizontal-pod-autoscaler.ts';
import { jobEndScenarios } from './job/ends.ts';
import { jobLifeScenarios } from './job/life.ts';
import { leaderElectionScenarios } from './leader-election/leader-election.ts';
import { namespaceScenarios } from './namespace/namespace.ts';
import { nodeIpamScenarios } from './node/node-ipam.ts';
import { nodeTtlScenarios } from './node/node-ttl.ts';
import { nodeLifecycleScenarios } from './node/lifecycle.ts';
import { nodeScenarios } from './node/node.ts';
import { podGcScenarios } from './node/pod-gc.ts';
import { quotaScenarios } from './quota/quota.ts';
import { replicaSetScenarios } from './replica-set/replica-set.ts';
import { resourceClaimScenarios } from './resource-claim/resource-claim.ts';
import type { Scenario } from './scenario.ts';
import { deviceScenarios } from './scheduler/devices.ts';
import { groupScenarios } from './scheduler/groups.ts';
import { groupUnitScenarios } from './scheduler/group-units.ts';
import { preemptionScenarios } from './scheduler/preemption.ts';
import { queueScenarios } from './scheduler/queue.ts';
import { schedulingScenarios } from './scheduler/scheduling.ts';
import { serviceAddressScenarios } from './services/addresses.ts';
import { loadBalancerScenarios } from './services/load-balancers.ts';
import { statefulSetScenarios } from './stateful-set/stateful-set.ts';
import { tokenScenarios } from './tokens/tokens.ts';
import { trustScenarios } from './trust/trust.ts';
import { attachingScenarios } from './volumes/attaching.ts';
import { provisioningScenarios } from './volumes/provisioning.ts';
import { volumeScenarios } from './volumes/volumes.ts';
import { jobGroupScenarios } from './job/groups.ts';
import { ttlAfterFinishedScenarios } from './job/ttl-after-finished.ts';
import { admissionPolicyStatusScenarios } from './admission-policy-status/admission-policy-status.ts';
import { clusterDnsScenarios } from './services/cluster-dns.ts';
import { storageVersionCollectorScenarios } from './storage-version-collector/storage-version-collector.ts';
import { wholeClusterScenarios } from './whole-cluster/whole-cluster.ts';

export { play, type Verdict } from './play.ts';
export type { Scenario } from './scenario.ts';

/** Every scenario. Adding one is adding a value to a file of its controller's folder, and to the list there. */
export const scenarios: readonly Scenario[] = [
  ...rollingScenarios,
  ...deploymentLifeScenarios,
  ...replicaSetScenarios,
  ...statefulSetScenarios,
  ...daemonSetScenarios,
  ...jobEndScenarios,
  ...jobLifeScenarios,
  ...jobGroupScenarios,
  ...ttlAfterFinishedScenarios,
  ...cronJobScenarios,
  ...disruptionScenarios,
  ...garbageCollectorScenarios,
  ...namespaceScenarios,
  ...quotaScenarios,
  ...endpointScenarios,
  ...mirroringScenarios,
  ...nodeScenarios,
  ...nodeLifecycleScenarios,
  ...podGcScenarios,
  ...nodeIpamScenarios,
  ...nodeTtlScenarios,
  ...volumeScenarios,
  ...provisioningScenarios,
  ...attachingScenarios,
  ...leaderElectionScenarios,
  ...deschedulerScenarios,
  ...customResourceScenarios,
  ...storageVersionCollectorScenarios,
  ...tokenScenarios,
  ...trustScenarios,
  ...clusterRoleAggregationScenarios,
  ...admissionPolicyStatusScenarios,
  ...certificateScenarios,
  ...badWorkloadScenarios,
  ...badClusterScenarios,
  ...horizontalPodAutoscalerScenarios,
  ...resourceClaimScenarios,
  ...serviceAddressScenarios,
  ...loadBalancerScenarios,
  ...clusterDnsScenarios,
  ...schedulingScenarios,
  ...deviceScenarios,
  ...groupScenarios,
  ...groupUnitScenarios,
  ...preemptionScenarios,
  ...queueScenarios,
  ...wholeClusterScenarios,
];
