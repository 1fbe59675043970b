import type { ClusterRole, ClusterRoleBinding, PolicyRule, Role, RoleBinding, Subject } from '@navarch/api';
import type { Draft } from '@navarch/machinery';
import { clusterRoleRules } from './cluster-roles.ts';
import { controllerRules } from './controller-roles.ts';
import { namespaceRoles } from './namespace-roles.ts';
import { can, eventsRule } from './policy-rule.ts';

// Everything RBAC that a fresh cluster has. What upstream has too goes by its names, our own additions by `navarch:`.

const RBAC = 'rbac.authorization.k8s.io';
const AGGREGATE = `${RBAC}/aggregate-to-`;
const AUTHENTICATED = 'system:authenticated';

const metadata = (name: string, labels: Readonly<Record<string, string>> = {}): Draft<ClusterRole>['metadata'] => ({
  name,
  labels: { 'kubernetes.io/bootstrapping': 'rbac-defaults', ...labels },
  annotations: { 'rbac.authorization.kubernetes.io/autoupdate': 'true' },
});

/** A role made of all roles with the label; the clusterrole-aggregation controller fills in the rules. */
const aggregated = (name: string, into?: string): Draft<ClusterRole> => ({
  metadata: metadata(name, into ? { [`${AGGREGATE}${into}`]: 'true' } : {}),
  aggregationRule: { clusterRoleSelectors: [{ matchLabels: { [`${AGGREGATE}${name}`]: 'true' } }] },
});

const plainRole = ([name, rules]: readonly [string, readonly PolicyRule[]]): Draft<ClusterRole> => {
  const into = /^system:aggregate-to-(\w+)$/.exec(name)?.[1];
  return { metadata: metadata(name, into ? { [`${AGGREGATE}${into}`]: 'true' } : {}), rules };
};

/** One identity runs all our controllers, so it holds what they need together and nothing more. */
const allControllers = [
  ...new Map(
    Object.values(controllerRules)
      .flat()
      .map((rule) => [JSON.stringify(rule), rule]),
  ).values(),
];

const ownRules: Readonly<Record<string, readonly PolicyRule[]>> = {
  'navarch:controllers': [
    ...allControllers,
    can('approve', 'certificates.k8s.io', 'signers', 'kubernetes.io/kubelet-serving'),
    // Of a version that upstream's roles know only where its feature is on.
    can('update', 'internal.apiserver.k8s.io', 'storageversions/status'),
    // Of versions that upstream's roles know only where their feature is on.
    can('create get list update watch', 'scheduling.k8s.io', 'podgroups workloads'),
    can('patch', 'scheduling.k8s.io', 'podgroups/status'),
    // Of the add-ons: descheduler.
    can('create', 'core', 'pods/eviction'),
    // Upstream's API server repairs these itself.
    can('create delete', 'networking.k8s.io', 'ipaddresses'),
  ],
  // Upstream's role of the scheduler has these where the feature is on.
  'navarch:pod-groups': [
    can('get list watch', 'scheduling.k8s.io', 'podgroups'),
    can('patch update', 'scheduling.k8s.io', 'podgroups/status'),
  ],
  // Cluster DNS is answered by the agent of each node (ADR 5).
  // As in clusters of kubeadm, where the API server may ask a kubelet for everything: for who may use nodes/proxy.
  'navarch:kubelet-checkpoints': [can('create', 'core', 'nodes/checkpoint')],
  'navarch:node-dns': [
    can('list watch', 'core', 'namespaces services'),
    can('list watch', 'discovery.k8s.io', 'endpointslices'),
    eventsRule,
  ],
  // Who may talk to the pods of a node is kept by its agent (ADR 13); of pods the node authorizer lets it see what it needs.
  'navarch:node-network-policies': [
    can('list watch', 'core', 'namespaces'),
    can('list watch', 'networking.k8s.io', 'networkpolicies'),
  ],
};

export const clusterRoles: readonly Draft<ClusterRole>[] = [
  aggregated('admin'),
  aggregated('edit', 'admin'),
  aggregated('view', 'edit'),
  ...Object.entries(clusterRoleRules).map(plainRole),
  ...Object.entries(controllerRules).map(([name, rules]) => plainRole([`system:controller:${name}`, rules])),
  ...Object.entries(ownRules).map(plainRole),
  // Whoever may see pods may see what they use: the role that metrics-server brings.
  {
    metadata: metadata(
      'system:aggregated-metrics-reader',
      Object.fromEntries(['admin', 'edit', 'view'].map((into) => [`${AGGREGATE}${into}`, 'true'])),
    ),
    rules: [can('get list watch', 'metrics.k8s.io', 'pods nodes')],
  },
];

const user = (name: string): Subject => ({ kind: 'User', apiGroup: RBAC, name });
const group = (name: string): Subject => ({ kind: 'Group', apiGroup: RBAC, name });
const account = (name: string): Subject => ({ kind: 'ServiceAccount', name, namespace: 'kube-system' });

const bind = (name: string, role: string, ...subjects: readonly Subject[]): Draft<ClusterRoleBinding> => ({
  metadata: metadata(name),
  roleRef: { apiGroup: RBAC, kind: 'ClusterRole', name: role },
  ...(subjects.length > 0 ? { subjects } : {}),
});
const bindSame = (name: string, ...subjects: readonly Subject[]): Draft<ClusterRoleBinding> =>
  bind(name, name, ...subjects);

const CSR = 'system:certificates.k8s.io:certificatesigningrequests';

export const clusterRoleBindings: readonly Draft<ClusterRoleBinding>[] = [
  bindSame('cluster-admin', group('system:masters')),
  bindSame('system:monitoring', group('system:monitoring')),
  bindSame('system:discovery', group(AUTHENTICATED)),
  bindSame('system:basic-user', group(AUTHENTICATED)),
  bindSame('system:public-info-viewer', group(AUTHENTICATED), group('system:unauthenticated')),
  bindSame('system:node-proxier', user('system:kube-proxy')),
  bindSame('system:kube-controller-manager', user('system:kube-controller-manager')),
  bindSame('system:kube-dns', account('kube-dns')),
  bindSame('system:kube-scheduler', user('system:kube-scheduler')),
  bindSame('system:volume-scheduler', user('system:kube-scheduler')),
  bindSame('system:service-account-issuer-discovery', group('system:serviceaccounts')),
  bindSame('system:cluster-trust-bundle-discovery', group('system:serviceaccounts')),
  // Nodes get their rules from the node authorizer; whoever binds this role does it for nodes that are none of ours.
  bindSame('system:node'),
  ...Object.keys(controllerRules).map((name) => bindSame(`system:controller:${name}`, account(name))),
  bindSame('navarch:controllers', user('system:kube-controller-manager')),
  bindSame('navarch:pod-groups', user('system:kube-scheduler')),
  bindSame('navarch:node-dns', group('system:nodes')),
  bindSame('navarch:node-network-policies', group('system:nodes')),
  bind('navarch:node-proxier', 'system:node-proxier', group('system:nodes')),
  bind('navarch:apiserver-kubelet-client', 'system:kubelet-api-admin', user('kube-apiserver-kubelet-client')),
  bindSame('navarch:kubelet-checkpoints', user('kube-apiserver-kubelet-client')),
  // A machine joins with a bootstrap token, gets a certificate of its own, and renews that.
  bind('navarch:node-bootstrapper', 'system:node-bootstrapper', group('system:bootstrappers')),
  bind('navarch:node-autoapprove-bootstrap', `${CSR}:nodeclient`, group('system:bootstrappers')),
  bind('navarch:node-autoapprove-rotation', `${CSR}:selfnodeclient`, group('system:nodes')),
];

export const roles: readonly Draft<Role>[] = namespaceRoles.map(({ namespace, name, rules }) => ({
  metadata: { ...metadata(name), namespace },
  rules,
}));

export const roleBindings: readonly Draft<RoleBinding>[] = namespaceRoles.map(
  ({ namespace, name, binding, users = [], groups = [], accounts = [] }) => ({
    metadata: { ...metadata(binding), namespace },
    roleRef: { apiGroup: RBAC, kind: 'Role', name },
    subjects: [...users.map(user), ...groups.map(group), ...accounts.map(account)],
  }),
);
