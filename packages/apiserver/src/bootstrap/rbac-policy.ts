import type { ClusterRole, ClusterRoleBinding, PolicyRule } from '@navarch/api';
import type { Draft } from '@navarch/machinery';

// The roles a fresh cluster has: what its own components need and what people are given. Names are upstream's.

const READ = ['get', 'list', 'watch'];
const WRITE = ['create', 'delete', 'deletecollection', 'patch', 'update'];
const rule = (apiGroups: readonly string[], resources: readonly string[], verbs: readonly string[], resourceNames?: readonly string[]): PolicyRule =>
  ({ verbs, apiGroups, resources, ...(resourceNames ? { resourceNames } : {}) });
const url = (urls: readonly string[]): PolicyRule => ({ verbs: ['get'], nonResourceURLs: urls });
const EVENTS = rule(['', 'events.k8s.io'], ['events'], ['create', 'patch', 'update']);

const APP_RESOURCES: readonly (readonly [group: string, resources: readonly string[]])[] = [
  ['', ['configmaps', 'endpoints', 'persistentvolumeclaims', 'persistentvolumeclaims/status', 'pods', 'pods/log', 'pods/status', 'replicationcontrollers', 'replicationcontrollers/scale', 'replicationcontrollers/status', 'serviceaccounts', 'services', 'services/status', 'bindings', 'events', 'limitranges', 'namespaces', 'namespaces/status', 'resourcequotas', 'resourcequotas/status']],
  ['apps', ['controllerrevisions', 'daemonsets', 'daemonsets/status', 'deployments', 'deployments/scale', 'deployments/status', 'replicasets', 'replicasets/scale', 'replicasets/status', 'statefulsets', 'statefulsets/scale', 'statefulsets/status']],
  ['autoscaling', ['horizontalpodautoscalers', 'horizontalpodautoscalers/status']],
  ['batch', ['cronjobs', 'cronjobs/status', 'jobs', 'jobs/status']],
  ['policy', ['poddisruptionbudgets', 'poddisruptionbudgets/status']],
  ['networking.k8s.io', ['ingresses', 'ingresses/status', 'networkpolicies']],
  ['discovery.k8s.io', ['endpointslices']],
];
const view = APP_RESOURCES.map(([group, resources]) => rule([group], resources, READ));
const writable = (resources: readonly string[]): readonly string[] =>
  resources.filter((r) => !r.includes('/') || r.endsWith('/scale')).filter((r) => !['namespaces', 'limitranges', 'resourcequotas', 'bindings', 'events'].includes(r));
const edit = [
  ...view, rule([''], ['secrets', 'pods/attach', 'pods/exec', 'pods/portforward', 'pods/proxy', 'services/proxy'], READ), rule([''], ['serviceaccounts'], ['impersonate']),
  ...APP_RESOURCES.map(([group, resources]) => rule([group], [...writable(resources), ...(group === '' ? ['secrets', 'pods/attach', 'pods/exec', 'pods/portforward', 'pods/proxy', 'pods/eviction', 'serviceaccounts/token'] : [])], [...WRITE])),
];
const admin = [
  ...edit, rule(['rbac.authorization.k8s.io'], ['rolebindings', 'roles'], [...READ, ...WRITE]), rule(['authorization.k8s.io'], ['localsubjectaccessreviews'], ['create']),
];

const roles: Readonly<Record<string, readonly PolicyRule[]>> = {
  'cluster-admin': [rule(['*'], ['*'], ['*']), { verbs: ['*'], nonResourceURLs: ['*'] }],
  admin, edit, view,
  'system:discovery': [url(['/api', '/api/*', '/apis', '/apis/*', '/healthz', '/livez', '/openapi', '/openapi/*', '/readyz', '/version', '/version/'])],
  'system:public-info-viewer': [url(['/healthz', '/livez', '/readyz', '/version', '/version/'])],
  'system:basic-user': [
    rule(['authorization.k8s.io'], ['selfsubjectaccessreviews', 'selfsubjectrulesreviews'], ['create']), rule(['authentication.k8s.io'], ['selfsubjectreviews'], ['create']),
  ],
  'system:monitoring': [url(['/metrics', '/metrics/slis', '/livez', '/readyz', '/healthz', '/livez/*', '/readyz/*', '/healthz/*'])],
  'system:service-account-issuer-discovery': [url(['/.well-known/openid-configuration', '/.well-known/openid-configuration/', '/openid/v1/jwks', '/openid/v1/jwks/'])],
  'system:node': [
    rule(['authentication.k8s.io'], ['tokenreviews'], ['create']), rule(['authorization.k8s.io'], ['localsubjectaccessreviews', 'subjectaccessreviews'], ['create']),
    rule([''], ['services'], READ), rule([''], ['nodes'], ['create', ...READ]), rule([''], ['nodes/status'], ['patch', 'update']), rule([''], ['nodes'], ['patch', 'update']),
    rule([''], ['pods'], [...READ, 'create', 'delete']), rule([''], ['pods/status'], ['patch', 'update']), rule([''], ['pods/eviction'], ['create']),
    rule([''], ['configmaps', 'secrets'], READ), rule([''], ['persistentvolumeclaims', 'persistentvolumes'], ['get']), rule([''], ['serviceaccounts/token'], ['create']),
    rule(['coordination.k8s.io'], ['leases'], ['create', 'delete', 'get', 'patch', 'update']), rule(['storage.k8s.io'], ['csidrivers', 'csinodes', 'volumeattachments'], READ),
    rule(['node.k8s.io'], ['runtimeclasses'], READ), rule(['certificates.k8s.io'], ['certificatesigningrequests'], ['create', ...READ]), EVENTS,
  ],
  'system:node-proxier': [rule([''], ['endpoints', 'services', 'nodes'], READ), rule(['discovery.k8s.io'], ['endpointslices'], READ), rule(['networking.k8s.io'], ['servicecidrs'], READ), EVENTS],
  'system:cluster-dns': [rule([''], ['endpoints', 'services', 'pods', 'namespaces'], READ), rule(['discovery.k8s.io'], ['endpointslices'], READ)],
  'system:kube-scheduler': [
    EVENTS, rule(['coordination.k8s.io'], ['leases'], ['create', 'get', 'list', 'update', 'watch']), rule([''], ['nodes', 'namespaces', 'services', 'replicationcontrollers', 'persistentvolumeclaims', 'persistentvolumes'], READ),
    rule([''], ['pods'], ['delete', ...READ]), rule([''], ['bindings', 'pods/binding'], ['create']), rule([''], ['pods/status'], ['patch', 'update']),
    rule(['apps'], ['replicasets', 'statefulsets'], READ), rule(['policy'], ['poddisruptionbudgets'], READ), rule(['storage.k8s.io'], ['*'], READ), rule(['resource.k8s.io'], ['*'], READ),
    rule(['scheduling.k8s.io'], ['*'], READ),
  ],
  // One identity runs all controllers, so it has what upstream's controllers have together.
  'system:kube-controller-manager': [rule(['*'], ['*'], [...READ, ...WRITE]), url(['*'])],
  'system:kubelet-api-admin': [rule([''], ['nodes'], ['proxy', ...READ]), rule([''], ['nodes/configz', 'nodes/healthz', 'nodes/log', 'nodes/metrics', 'nodes/pods', 'nodes/proxy', 'nodes/stats'], ['*'])],
  'system:auth-delegator': [rule(['authentication.k8s.io'], ['tokenreviews'], ['create']), rule(['authorization.k8s.io'], ['subjectaccessreviews'], ['create'])],
  'system:node-bootstrapper': [rule(['certificates.k8s.io'], ['certificatesigningrequests'], ['create', ...READ])],
};

const AUTO = { 'rbac.authorization.kubernetes.io/autoupdate': 'true' };
const LABELS = { 'kubernetes.io/bootstrapping': 'rbac-defaults' };
const metadata = (name: string): Draft<ClusterRole>['metadata'] => ({ name, labels: LABELS, annotations: AUTO });

export const clusterRoles: readonly Draft<ClusterRole>[] = Object.entries(roles).map(([name, rules]) => ({ metadata: metadata(name), rules }));

const bind = (name: string, role: string, kind: 'User' | 'Group' | 'ServiceAccount', ...subjects: readonly string[]): Draft<ClusterRoleBinding> => ({
  metadata: metadata(name), roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
  subjects: subjects.map((subject) => ({ kind, apiGroup: 'rbac.authorization.k8s.io', name: subject })),
});

export const clusterRoleBindings: readonly Draft<ClusterRoleBinding>[] = [
  bind('cluster-admin', 'cluster-admin', 'Group', 'system:masters'),
  bind('system:discovery', 'system:discovery', 'Group', 'system:authenticated'),
  bind('system:basic-user', 'system:basic-user', 'Group', 'system:authenticated'),
  bind('system:public-info-viewer', 'system:public-info-viewer', 'Group', 'system:authenticated', 'system:unauthenticated'),
  bind('system:monitoring', 'system:monitoring', 'Group', 'system:monitoring'),
  bind('system:service-account-issuer-discovery', 'system:service-account-issuer-discovery', 'Group', 'system:serviceaccounts'),
  bind('system:node', 'system:node', 'Group', 'system:nodes'),
  bind('system:node-proxier', 'system:node-proxier', 'Group', 'system:nodes'),
  bind('system:cluster-dns', 'system:cluster-dns', 'Group', 'system:nodes'),
  bind('system:kube-scheduler', 'system:kube-scheduler', 'User', 'system:kube-scheduler'),
  bind('system:kube-controller-manager', 'system:kube-controller-manager', 'User', 'system:kube-controller-manager'),
  bind('system:node-bootstrapper', 'system:node-bootstrapper', 'Group', 'system:bootstrappers'),
];

