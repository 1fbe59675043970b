import type { PolicyRule } from '@navarch/api';
import { can, eventsRule, READ } from './policy-rule.ts';

const WORKLOADS = 'apps extensions';
const SIGNERS = 'kubernetes.io/kube-apiserver-client kubernetes.io/kube-apiserver-client-kubelet kubernetes.io/kubelet-serving kubernetes.io/legacy-unknown';
const revisions = can(`create delete patch update ${READ}`, 'apps', 'controllerrevisions');

/** What each controller needs, by its name: the rules of `system:controller:NAME`, for the service account NAME. */
export const controllerRules: Readonly<Record<string, readonly PolicyRule[]>> = {
  'attachdetach-controller': [
    can('list watch', 'core', 'persistentvolumeclaims persistentvolumes'), can(READ, 'core', 'nodes'), can('patch update', 'core', 'nodes/status'),
    can('list watch', 'core', 'pods'), eventsRule, can(`create delete ${READ}`, 'storage.k8s.io', 'volumeattachments'), can(READ, 'storage.k8s.io', 'csidrivers'),
    can(READ, 'storage.k8s.io', 'csinodes'),
  ],
  'certificate-controller': [
    can(`delete ${READ}`, 'certificates.k8s.io', 'certificatesigningrequests'),
    can('update', 'certificates.k8s.io', 'certificatesigningrequests/approval certificatesigningrequests/status'),
    can('approve', 'certificates.k8s.io', 'signers', 'kubernetes.io/kube-apiserver-client-kubelet'), can('sign', 'certificates.k8s.io', 'signers', SIGNERS),
    can('create', 'authorization.k8s.io', 'subjectaccessreviews'), eventsRule,
  ],
  'clusterrole-aggregation-controller': [can(`escalate patch update ${READ}`, 'rbac.authorization.k8s.io', 'clusterroles')],
  'cronjob-controller': [
    can(`update ${READ}`, 'batch', 'cronjobs'), can(`create delete patch update ${READ}`, 'batch', 'jobs'), can('update', 'batch', 'cronjobs/status'),
    can('update', 'batch', 'cronjobs/finalizers'), can('delete list watch', 'core', 'pods'), eventsRule,
  ],
  'daemon-set-controller': [
    can(READ, WORKLOADS, 'daemonsets'), can('update', WORKLOADS, 'daemonsets/status'), can('update', WORKLOADS, 'daemonsets/finalizers'), can('list watch', 'core', 'nodes'),
    can('create delete list patch watch', 'core', 'pods'), can('create', 'core', 'pods/binding'), revisions, eventsRule,
  ],
  'deployment-controller': [
    can(`update ${READ}`, WORKLOADS, 'deployments'), can('update', WORKLOADS, 'deployments/status'), can('update', WORKLOADS, 'deployments/finalizers'),
    can(`create delete patch update ${READ}`, WORKLOADS, 'replicasets'), can(`update ${READ}`, 'core', 'pods'), eventsRule,
  ],
  'device-taint-eviction-controller': [
    can(`delete ${READ}`, 'core', 'pods'), can('patch update', 'core', 'pods/status'), can(READ, 'resource.k8s.io', 'resourceclaims'), can(READ, 'resource.k8s.io', 'resourceslices'),
    can(READ, 'resource.k8s.io', 'deviceclasses'), can(READ, 'resource.k8s.io', 'devicetaintrules'), eventsRule,
  ],
  'disruption-controller': [
    can(READ, WORKLOADS, 'deployments'), can(READ, WORKLOADS, 'replicasets'), can(READ, 'core', 'replicationcontrollers'), can(READ, 'policy', 'poddisruptionbudgets'),
    can(READ, 'apps', 'statefulsets'), can('update', 'policy', 'poddisruptionbudgets/status'), can('patch update', 'core', 'pods/status'), can('get', '*', '*/scale'), eventsRule,
  ],
  'endpoint-controller': [
    can(READ, 'core', 'pods services'), can(`create delete update ${READ}`, 'core', 'endpoints'), can('create', 'core', 'endpoints/restricted'), eventsRule,
  ],
  'endpointslice-controller': [
    can(READ, 'core', 'nodes pods services'), can('update', 'core', 'services/finalizers'), can(`create delete update ${READ}`, 'discovery.k8s.io', 'endpointslices'), eventsRule,
  ],
  'endpointslicemirroring-controller': [
    can(READ, 'core', 'endpoints services'), can('update', 'core', 'services/finalizers'), can('update', 'core', 'endpoints/finalizers'),
    can(`create delete update ${READ}`, 'discovery.k8s.io', 'endpointslices'), eventsRule,
  ],
  'ephemeral-volume-controller': [
    can(READ, 'core', 'pods'), can('update', 'core', 'pods/finalizers'), can(`create ${READ}`, 'core', 'persistentvolumeclaims'), eventsRule,
  ],
  'expand-controller': [
    can(`patch update ${READ}`, 'core', 'persistentvolumes'), can('patch update', 'core', 'persistentvolumeclaims/status'), can(READ, 'core', 'persistentvolumeclaims'), eventsRule,
  ],
  'generic-garbage-collector': [can(`delete patch update ${READ}`, '*', '*'), eventsRule],
  'horizontal-pod-autoscaler': [
    can(READ, 'autoscaling', 'horizontalpodautoscalers'), can('update', 'autoscaling', 'horizontalpodautoscalers/status'), can('get update', '*', '*/scale'),
    can('list watch', 'core', 'pods'), can('list watch', 'metrics.k8s.io', 'pods'), can(READ, 'custom.metrics.k8s.io', '*'), can(READ, 'external.metrics.k8s.io', '*'), eventsRule,
  ],
  'job-controller': [
    can(`patch update ${READ}`, 'batch', 'jobs'), can('update', 'batch', 'jobs/status'), can('update', 'batch', 'jobs/finalizers'),
    can('create delete list patch watch', 'core', 'pods'), eventsRule,
  ],
  'legacy-service-account-token-cleaner': [
    can('get', 'core', 'configmaps', 'kube-apiserver-legacy-service-account-token-tracking'), can('delete patch', 'core', 'secrets'),
  ],
  'namespace-controller': [
    can(`delete ${READ}`, 'core', 'namespaces'), can('update', 'core', 'namespaces/finalize namespaces/status'), can(`delete deletecollection ${READ}`, '*', '*'),
  ],
  'node-controller': [
    can(`delete patch update ${READ}`, 'core', 'nodes'), can('patch update', 'core', 'nodes/status'), can('patch update', 'core', 'pods/status'),
    can(`delete ${READ}`, 'core', 'pods'), eventsRule,
  ],
  'persistent-volume-binder': [
    can(`create delete update ${READ}`, 'core', 'persistentvolumes'), can('update', 'core', 'persistentvolumes/status'), can(`update ${READ}`, 'core', 'persistentvolumeclaims'),
    can('update', 'core', 'persistentvolumeclaims/status'), can(`create delete ${READ}`, 'core', 'pods'), can(READ, 'storage.k8s.io', 'storageclasses'),
    can('list watch', 'core', 'nodes'), eventsRule, can('watch', 'core', 'events'),
  ],
  'pod-garbage-collector': [can('delete list watch', 'core', 'pods'), can(READ, 'core', 'nodes'), can('patch', 'core', 'pods/status')],
  'pv-protection-controller': [can(`update ${READ}`, 'core', 'persistentvolumes'), eventsRule],
  'pvc-protection-controller': [
    can(`update ${READ}`, 'core', 'persistentvolumeclaims'), can('update', 'core', 'persistentvolumeclaims/status'), can(READ, 'core', 'pods'), eventsRule,
  ],
  'replicaset-controller': [
    can(`update ${READ}`, WORKLOADS, 'replicasets'), can('update', WORKLOADS, 'replicasets/status'), can('update', WORKLOADS, 'replicasets/finalizers'),
    can('create delete list patch watch', 'core', 'pods'), eventsRule,
  ],
  'replication-controller': [
    can(`update ${READ}`, 'core', 'replicationcontrollers'), can('update', 'core', 'replicationcontrollers/status'), can('update', 'core', 'replicationcontrollers/finalizers'),
    can('create delete list patch watch', 'core', 'pods'), eventsRule,
  ],
  'resource-claim-controller': [
    can(READ, 'core', 'pods'), can('update', 'core', 'pods/finalizers'), can(`create delete ${READ}`, 'resource.k8s.io', 'resourceclaims'),
    can('patch update', 'resource.k8s.io', 'resourceclaims resourceclaims/status'), can('patch update', 'core', 'pods/status'), eventsRule,
    can('patch update', 'resource.k8s.io', 'resourceclaims/binding'),
  ],
  'resourcequota-controller': [can('list watch', '*', '*'), can('update', 'core', 'resourcequotas/status'), eventsRule],
  'root-ca-cert-publisher': [can('create update', 'core', 'configmaps'), eventsRule],
  'route-controller': [can('list watch', 'core', 'nodes'), can('patch', 'core', 'nodes/status'), eventsRule],
  'selinux-warning-controller': [
    eventsRule, can(READ, 'core', 'persistentvolumes'), can(READ, 'core', 'persistentvolumeclaims'), can(READ, 'core', 'pods'), can(READ, 'storage.k8s.io', 'csidrivers'),
  ],
  'service-account-controller': [can('create', 'core', 'serviceaccounts'), eventsRule],
  'service-cidrs-controller': [
    can(`patch update ${READ}`, 'networking.k8s.io', 'servicecidrs'), can('patch update', 'networking.k8s.io', 'servicecidrs/finalizers'),
    can('patch update', 'networking.k8s.io', 'servicecidrs/status'), can(READ, 'networking.k8s.io', 'ipaddresses'), eventsRule,
  ],
  'service-controller': [can(READ, 'core', 'services'), can('patch update', 'core', 'services/status'), can('list watch', 'core', 'nodes'), eventsRule],
  'statefulset-controller': [
    can('list watch', 'core', 'pods'), can(READ, 'apps', 'statefulsets'), can('update', 'apps', 'statefulsets/status'), can('update', 'apps', 'statefulsets/finalizers'),
    can('create delete get patch update', 'core', 'pods'), revisions, can(`create ${READ}`, 'core', 'persistentvolumeclaims'), can('delete update', 'core', 'persistentvolumeclaims'),
    can('update', 'core', 'pods/finalizers'), eventsRule,
  ],
  'ttl-after-finished-controller': [can(`delete ${READ}`, 'batch', 'jobs'), eventsRule],
  'ttl-controller': [can('list patch update watch', 'core', 'nodes'), eventsRule],
  'validatingadmissionpolicy-status-controller': [
    can(READ, 'admissionregistration.k8s.io', 'validatingadmissionpolicies'), can('get patch update', 'admissionregistration.k8s.io', 'validatingadmissionpolicies/status'), eventsRule,
  ],
  'volumeattributesclass-protection-controller': [
    can(READ, 'core', 'persistentvolumeclaims'), can(READ, 'core', 'persistentvolumes'), can(`update ${READ}`, 'storage.k8s.io', 'volumeattributesclasses'), eventsRule,
  ],
};
