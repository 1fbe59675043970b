import { namespace as namespaceKind, type Namespace, type Node, type Pod, priorityClass, serviceAccount } from '@navarch/api';
import { failure, forbidden, type Mutable, notFound } from '@navarch/machinery';
import { type AdmissionPlugin, defineAdmission } from './admission.ts';

const IMMORTAL = new Set(['default', 'kube-system', 'kube-public', 'kube-node-lease']);

/** Nothing comes into a namespace that is not there or is going; the first namespaces stay. */
const namespaceLifecycle: AdmissionPlugin = {
  name: 'NamespaceLifecycle',
  on: { operations: ['CREATE', 'DELETE'] },
  validate(_object, _at, { kind, operation, namespace, name }, { registry }) {
    if (operation === 'DELETE') {
      if (kind === namespaceKind && IMMORTAL.has(name)) throw forbidden(kind, name, 'this namespace may not be deleted');
      return;
    }
    if (!kind.namespaced) return;
    const found: Namespace | undefined = registry.of(namespaceKind).find('', namespace);
    if (!found) throw notFound(namespaceKind, namespace);
    if (found.status.phase !== 'Terminating' && !found.metadata.deletionTimestamp) return;
    const refused = forbidden(kind, name, `unable to create new content in namespace ${namespace} because it is being terminated`);
    throw failure('Forbidden', refused.message, {
      ...refused.status.details, causes: [{ reason: 'NamespaceTerminating', message: `namespace ${namespace} is being terminated`, field: 'metadata.namespace' }],
    });
  },
};

const TOKEN_MOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';
const TOKEN_SECONDS = 3607;
const FILE_MODE = 0o644;

/** Gives every pod an account, and its containers the account's token, the cluster's CA and the namespace's name. */
const serviceAccountAdmission = defineAdmission<Pod>({
  name: 'ServiceAccount',
  on: { resource: '/pods', operations: ['CREATE'] },
  mutate(draft, { namespace, name }, { registry, randomSuffix }) {
    if (draft.metadata.annotations?.['kubernetes.io/config.mirror']) return false;
    draft.spec.serviceAccountName ||= 'default';
    draft.spec.serviceAccount = draft.spec.serviceAccountName;
    const account = registry.of(serviceAccount).find(namespace, draft.spec.serviceAccountName);
    if (!account) {
      throw failure('Forbidden', `pods ${JSON.stringify(name)} is forbidden: error looking up service account ${namespace}/${draft.spec.serviceAccountName}: serviceaccount ${JSON.stringify(draft.spec.serviceAccountName)} not found`, { name, kind: 'pods' });
    }
    if (!draft.spec.imagePullSecrets?.length && account.imagePullSecrets?.length) {
      draft.spec.imagePullSecrets = structuredClone(account.imagePullSecrets) as Mutable<typeof account.imagePullSecrets>;
    }
    if (draft.spec.automountServiceAccountToken ?? account.automountServiceAccountToken ?? true) mountToken(draft, `kube-api-access-${randomSuffix()}`);
    return true;
  },
});

function mountToken(draft: Mutable<Pod>, volume: string): void {
  const containers = [...(draft.spec.initContainers ?? []), ...draft.spec.containers];
  const needing = containers.filter((container) => !container.volumeMounts?.some((mount) => mount.mountPath === TOKEN_MOUNT));
  if (needing.length === 0) return;
  for (const container of needing) {
    container.volumeMounts = [...(container.volumeMounts ?? []), { name: volume, readOnly: true, mountPath: TOKEN_MOUNT }];
  }
  draft.spec.volumes = [...(draft.spec.volumes ?? []), {
    name: volume,
    projected: {
      sources: [
        { serviceAccountToken: { expirationSeconds: TOKEN_SECONDS, path: 'token' } },
        { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
        { downwardAPI: { items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }] } },
      ],
      defaultMode: FILE_MODE,
    },
  }];
}

const TOLERATED_SECONDS = 300;

/** A pod outlives a short absence of its node unless it says otherwise. */
const defaultTolerationSeconds = defineAdmission<Pod>({
  name: 'DefaultTolerationSeconds',
  on: { resource: '/pods', operations: ['CREATE'] },
  mutate(draft) {
    const tolerations = draft.spec.tolerations ?? [];
    const tolerates = (key: string): boolean =>
      tolerations.some((t) => (!t.key || t.key === key) && (!t.effect || t.effect === 'NoExecute'));
    const added = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'].filter((key) => !tolerates(key));
    if (added.length === 0) return false;
    draft.spec.tolerations = [
      ...tolerations, ...added.map((key) => ({ key, operator: 'Exists' as const, effect: 'NoExecute' as const, tolerationSeconds: TOLERATED_SECONDS })),
    ];
    return true;
  },
});

/** Turns the name of a priority class into its number. */
const priority = defineAdmission<Pod>({
  name: 'Priority',
  on: { resource: '/pods', operations: ['CREATE'] },
  mutate(draft, { name }, { registry }) {
    const classes = registry.of(priorityClass);
    if (!draft.spec.priorityClassName) {
      const standard = [...classes.shelf.cache.range(classes.shelf.cache.prefix)].map((cached) => classes.view(cached.object)).find((c) => c.globalDefault);
      if (standard) draft.spec.priorityClassName = standard.metadata.name;
    }
    const found = draft.spec.priorityClassName ? classes.find('', draft.spec.priorityClassName) : undefined;
    if (draft.spec.priorityClassName && !found) {
      throw failure('Forbidden', `pods ${JSON.stringify(name)} is forbidden: no PriorityClass with name ${draft.spec.priorityClassName} was found`, { name, kind: 'pods' });
    }
    draft.spec.priority = found?.value ?? 0;
    draft.spec.preemptionPolicy = found?.preemptionPolicy ?? 'PreemptLowerPriority';
    return true;
  },
});

/** New nodes take no pods until the node life cycle controller has seen them ready. */
const taintNodesByCondition = defineAdmission<Node>({
  name: 'TaintNodesByCondition',
  on: { resource: '/nodes', operations: ['CREATE'] },
  mutate(draft) {
    const taint = { key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' as const };
    if (draft.spec.taints?.some((t) => t.key === taint.key && t.effect === taint.effect)) return false;
    draft.spec.taints = [...(draft.spec.taints ?? []), taint];
    return true;
  },
});

const NODE_USER = 'system:node:';

/** A node's own identity may change that node, its lease and the pods bound to it, and nothing of others. */
const nodeRestriction: AdmissionPlugin = {
  name: 'NodeRestriction',
  on: { operations: ['CREATE', 'UPDATE', 'DELETE'], subresource: '*' },
  validate(object, _at, { kind, name, namespace, user, previous, operation }) {
    if (!user.groups.includes('system:nodes') || !user.name.startsWith(NODE_USER)) return;
    const own = user.name.slice(NODE_USER.length);
    const target = operation === 'DELETE' ? previous : (previous ?? object);
    switch (`${kind.group}/${kind.plural}`) {
      case '/nodes':
        if (name !== own) throw forbidden(kind, name, `node ${JSON.stringify(own)} is not allowed to modify node ${JSON.stringify(name)}`);
        return;
      case 'coordination.k8s.io/leases':
        if (namespace === 'kube-node-lease' && name === own) return;
        throw forbidden(kind, name, `can only access node lease with the same name as the requesting node`);
      case '/pods':
        if ((target as unknown as Pod | undefined)?.spec.nodeName === own) return;
        throw forbidden(kind, name, `node ${JSON.stringify(own)} can only modify pods with spec.nodeName set to itself`);
      default:
    }
  },
};

/** Upstream's default plugins that the served kinds need, in upstream's order. */
export const builtinAdmission: readonly AdmissionPlugin[] = [
  namespaceLifecycle, serviceAccountAdmission, nodeRestriction, taintNodesByCondition, priority, defaultTolerationSeconds,
];
