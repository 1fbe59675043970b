import type { PolicyRule } from '@navarch/api';
import { nodeRules } from './node-rules.ts';
import { can, canVisit, eventsRule, READ, WRITE } from './policy-rule.ts';

// The roles a fresh cluster has besides those of controllers. Names and rules are upstream's default policy.

const aggregateToAdmin = [
  can('create', 'authorization.k8s.io', 'localsubjectaccessreviews'),
  can(`${READ} ${WRITE}`, 'rbac.authorization.k8s.io', 'rolebindings roles'),
];

const aggregateToEdit = [
  can(READ, 'core', 'pods/attach pods/exec pods/portforward pods/proxy secrets services/proxy'),
  can('impersonate', 'core', 'serviceaccounts'),
  can(WRITE, 'core', 'pods pods/attach pods/exec pods/portforward pods/proxy'),
  can('create', 'core', 'pods/eviction'),
  can(
    WRITE,
    'core',
    'configmaps events persistentvolumeclaims replicationcontrollers replicationcontrollers/scale secrets serviceaccounts services services/proxy',
  ),
  can('create', 'core', 'serviceaccounts/token'),
  can(
    WRITE,
    'apps',
    'daemonsets deployments deployments/rollback deployments/scale replicasets replicasets/scale statefulsets statefulsets/scale',
  ),
  can(WRITE, 'autoscaling', 'horizontalpodautoscalers'),
  can(WRITE, 'batch', 'cronjobs jobs'),
  can(
    WRITE,
    'extensions',
    'daemonsets deployments deployments/rollback deployments/scale ingresses networkpolicies replicasets replicasets/scale replicationcontrollers/scale',
  ),
  can(WRITE, 'policy', 'poddisruptionbudgets'),
  can(WRITE, 'networking.k8s.io', 'ingresses networkpolicies'),
  can(`${READ} ${WRITE}`, 'coordination.k8s.io', 'leases'),
  can(WRITE, 'resource.k8s.io', 'resourceclaims resourceclaimtemplates'),
];

const aggregateToView = [
  can(
    READ,
    'core',
    'configmaps endpoints persistentvolumeclaims persistentvolumeclaims/status pods replicationcontrollers replicationcontrollers/scale serviceaccounts services services/status',
  ),
  can(
    READ,
    'core',
    'bindings events limitranges namespaces/status pods/log pods/status replicationcontrollers/status resourcequotas resourcequotas/status',
  ),
  can(READ, 'core', 'namespaces'),
  can(READ, 'discovery.k8s.io', 'endpointslices'),
  can(
    READ,
    'apps',
    'controllerrevisions daemonsets daemonsets/status deployments deployments/scale deployments/status replicasets replicasets/scale replicasets/status statefulsets statefulsets/scale statefulsets/status',
  ),
  can(READ, 'autoscaling', 'horizontalpodautoscalers horizontalpodautoscalers/status'),
  can(READ, 'batch', 'cronjobs cronjobs/status jobs jobs/status'),
  can(
    READ,
    'extensions',
    'daemonsets daemonsets/status deployments deployments/scale deployments/status ingresses ingresses/status networkpolicies replicasets replicasets/scale replicasets/status replicationcontrollers/scale',
  ),
  can(READ, 'policy', 'poddisruptionbudgets poddisruptionbudgets/status'),
  can(READ, 'networking.k8s.io', 'ingresses ingresses/status networkpolicies'),
  can(READ, 'resource.k8s.io', 'resourceclaims resourceclaims/status resourceclaimtemplates'),
];

const controllerManager = [
  eventsRule,
  can('create', 'coordination.k8s.io', 'leases'),
  can('get update', 'coordination.k8s.io', 'leases', 'kube-controller-manager'),
  can('create', 'core', 'secrets serviceaccounts'),
  can('delete', 'core', 'secrets'),
  can('get', 'core', 'configmaps namespaces secrets serviceaccounts'),
  can('update', 'core', 'secrets serviceaccounts'),
  can('create', 'authentication.k8s.io', 'tokenreviews'),
  can('create', 'authorization.k8s.io', 'subjectaccessreviews'),
  can('list watch', '*', '*'),
  can('create', 'core', 'serviceaccounts/token'),
];

const scheduler = [
  eventsRule,
  can('create', 'coordination.k8s.io', 'leases'),
  can('get list update watch', 'coordination.k8s.io', 'leases', 'kube-scheduler'),
  can(`${READ} ${WRITE}`, 'coordination.k8s.io', 'leasecandidates'),
  can(READ, 'core', 'nodes'),
  can(`delete ${READ}`, 'core', 'pods'),
  can('create', 'core', 'bindings pods/binding'),
  can('patch update', 'core', 'pods/status'),
  can(READ, 'core', 'replicationcontrollers services'),
  can(READ, 'apps extensions', 'replicasets'),
  can(READ, 'apps', 'statefulsets'),
  can(READ, 'policy', 'poddisruptionbudgets'),
  can(READ, 'core', 'persistentvolumeclaims persistentvolumes'),
  can('create', 'authentication.k8s.io', 'tokenreviews'),
  can('create', 'authorization.k8s.io', 'subjectaccessreviews'),
  can(READ, 'storage.k8s.io', 'csinodes'),
  can(READ, 'storage.k8s.io', 'volumeattachments'),
  can(READ, 'core', 'namespaces'),
  can(READ, 'storage.k8s.io', 'csidrivers'),
  can(READ, 'storage.k8s.io', 'csistoragecapacities'),
  can(READ, 'resource.k8s.io', 'deviceclasses'),
  can(`create delete patch update ${READ}`, 'resource.k8s.io', 'resourceclaims'),
  can(`patch update ${READ}`, 'resource.k8s.io', 'resourceclaims/status'),
  can(`patch update ${READ}`, 'core', 'pods/finalizers'),
  can(READ, 'resource.k8s.io', 'resourceslices'),
  can(READ, 'resource.k8s.io', 'devicetaintrules'),
  can('patch update', 'resource.k8s.io', 'resourceclaims/binding'),
];

const signer = (name: string): readonly PolicyRule[] => [
  can('approve', 'certificates.k8s.io', 'signers', `kubernetes.io/${name}`),
];

/** Rules by the role's name. Roles that are aggregated have none of their own. */
export const clusterRoleRules: Readonly<Record<string, readonly PolicyRule[]>> = {
  'cluster-admin': [can('*', '*', '*'), { verbs: ['*'], nonResourceURLs: ['*'] }],
  'system:discovery': [
    canVisit('/api /api/* /apis /apis/* /healthz /livez /openapi /openapi/* /readyz /version /version/'),
  ],
  'system:public-info-viewer': [canVisit('/healthz /livez /readyz /version /version/')],
  'system:monitoring': [
    canVisit('/healthz /healthz/* /livez /livez/* /metrics /metrics/slis /readyz /readyz/*'),
    canVisit('/flagz'),
    canVisit('/statusz'),
  ],
  'system:basic-user': [
    can('create', 'authorization.k8s.io', 'selfsubjectaccessreviews selfsubjectrulesreviews'),
    can('create', 'authentication.k8s.io', 'selfsubjectreviews'),
  ],
  'system:aggregate-to-admin': aggregateToAdmin,
  'system:aggregate-to-edit': aggregateToEdit,
  'system:aggregate-to-view': aggregateToView,
  'system:auth-delegator': [
    can('create', 'authentication.k8s.io', 'tokenreviews'),
    can('create', 'authorization.k8s.io', 'subjectaccessreviews'),
  ],
  'system:heapster': [can(READ, 'core', 'events namespaces nodes pods'), can(READ, 'extensions', 'deployments')],
  'system:kube-aggregator': [can(READ, 'core', 'endpoints services')],
  'system:kube-controller-manager': controllerManager,
  'system:kube-dns': [can('list watch', 'core', 'endpoints services')],
  'system:kube-scheduler': scheduler,
  'system:volume-scheduler': [
    can(`patch update ${READ}`, 'core', 'persistentvolumes'),
    can(READ, 'storage.k8s.io', 'storageclasses'),
    can(`patch update ${READ}`, 'core', 'persistentvolumeclaims'),
  ],
  'system:kubelet-api-admin': [
    can(READ, 'core', 'nodes'),
    can('proxy', 'core', 'nodes'),
    can('*', 'core', 'nodes/log nodes/metrics nodes/proxy nodes/stats'),
    can('*', 'core', 'nodes/configz nodes/healthz nodes/pods'),
  ],
  'system:node': nodeRules,
  'system:node-bootstrapper': [can(`create ${READ}`, 'certificates.k8s.io', 'certificatesigningrequests')],
  'system:node-problem-detector': [can('get', 'core', 'nodes'), can('patch', 'core', 'nodes/status'), eventsRule],
  'system:node-proxier': [
    can('list watch', 'core', 'endpoints services'),
    can(READ, 'core', 'nodes'),
    eventsRule,
    can('list watch', 'networking.k8s.io', 'servicecidrs'),
    can('list watch', 'discovery.k8s.io', 'endpointslices'),
  ],
  'system:persistent-volume-provisioner': [
    can(`create delete ${READ}`, 'core', 'persistentvolumes'),
    can(`update ${READ}`, 'core', 'persistentvolumeclaims'),
    can(READ, 'storage.k8s.io', 'storageclasses'),
    can('watch', 'core', 'events'),
    eventsRule,
  ],
  'system:service-account-issuer-discovery': [
    canVisit('/.well-known/openid-configuration /.well-known/openid-configuration/ /openid/v1/jwks /openid/v1/jwks/'),
  ],
  'system:cluster-trust-bundle-discovery': [can(READ, 'certificates.k8s.io', 'clustertrustbundles')],
  'system:certificates.k8s.io:certificatesigningrequests:nodeclient': [
    can('create', 'certificates.k8s.io', 'certificatesigningrequests/nodeclient'),
  ],
  'system:certificates.k8s.io:certificatesigningrequests:selfnodeclient': [
    can('create', 'certificates.k8s.io', 'certificatesigningrequests/selfnodeclient'),
  ],
  'system:certificates.k8s.io:kube-apiserver-client-approver': signer('kube-apiserver-client'),
  'system:certificates.k8s.io:kube-apiserver-client-kubelet-approver': signer('kube-apiserver-client-kubelet'),
  'system:certificates.k8s.io:kubelet-serving-approver': signer('kubelet-serving'),
  'system:certificates.k8s.io:legacy-unknown-approver': signer('legacy-unknown'),
};
