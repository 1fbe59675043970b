import { clusterRole, clusterRoleBinding, configMap, type PolicyRule, role, roleBinding } from '@navarch/api';
import type { Api } from '@navarch/client';
import { dump } from 'js-yaml';
import { ensure, restore } from '../compose/ensure.ts';
import { type NodeSettings, SETTINGS } from './node-settings.ts';
import { TOKEN_GROUP } from './tokens.ts';

export interface Joining {
  /** `https://ADDRESS:PORT` by which other machines reach the server. */
  readonly server: string;
  /** PEM of the authority that the server's certificate comes from. */
  readonly authority: string;
  /** PEM of the authority behind kubelets' serving certificates. */
  readonly kubeletAuthority: string;
  readonly settings: NodeSettings;
}

const INFO = { namespace: 'kube-public', name: 'cluster-info' } as const;
const NODES = 'system:nodes';
const REQUESTS = 'system:certificates.k8s.io:certificatesigningrequests';
const rule = (group: string, resource: string, verbs: readonly string[], name?: string): PolicyRule => ({
  apiGroups: [group],
  resources: [resource],
  verbs,
  ...(name ? { resourceNames: [name] } : {}),
});

/** What joining needs in the API: what anybody may read of the cluster, and what a token and a node may ask. Repeats harmlessly. */
export async function ensureJoining(api: Api, joining: Joining): Promise<void> {
  await restore(api, configMap, { metadata: SETTINGS, data: { ...joining.settings } }, 'data');
  await restore(
    api,
    configMap,
    {
      metadata: { namespace: 'kube-system', name: 'kubelet-serving-ca.crt' },
      data: { 'ca.crt': joining.kubeletAuthority },
    },
    'data',
  );
  await ensureClusterInfo(api, joining);
  for (const [name, group] of [
    ['nodeclient', TOKEN_GROUP],
    ['selfnodeclient', NODES],
  ] as const) {
    await ensure(api, clusterRole, {
      metadata: { name: `${REQUESTS}:${name}` },
      rules: [rule('certificates.k8s.io', `certificatesigningrequests/${name}`, ['create'])],
    });
    await bindCluster(api, `navarch:auto-approve-${name}`, `${REQUESTS}:${name}`, group);
  }
  await bindCluster(api, 'navarch:node-bootstrapper', 'system:node-bootstrapper', TOKEN_GROUP);
  // So that a machine that joins is told when its name is taken, instead of taking another's place.
  await ensure(api, clusterRole, { metadata: { name: 'navarch:get-nodes' }, rules: [rule('', 'nodes', ['get'])] });
  await bindCluster(api, 'navarch:get-nodes', 'navarch:get-nodes', TOKEN_GROUP);
  await allow(api, 'navarch:node-settings', SETTINGS, { kind: 'Group', name: NODES });
  await allow(api, 'navarch:cluster-info', INFO, { kind: 'User', name: 'system:anonymous' });
}

/** The signatures in it are the bootstrap signer's: only the kubeconfig is ours. */
async function ensureClusterInfo(api: Api, { server, authority }: Joining): Promise<void> {
  const cluster = { server, 'certificate-authority-data': Buffer.from(authority).toString('base64') };
  const kubeconfig = dump(
    {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: '', cluster }],
      contexts: [],
      users: [],
      'current-context': '',
    },
    { lineWidth: -1 },
  );
  await ensure(api, configMap, { metadata: INFO, data: { kubeconfig } });
  await api
    .of(configMap)
    .update(`${INFO.namespace}/${INFO.name}`, (current) =>
      current.data?.['kubeconfig'] === kubeconfig ? current : { ...current, data: { ...current.data, kubeconfig } },
    );
}

const bindCluster = (api: Api, name: string, roleName: string, group: string): Promise<void> =>
  ensure(api, clusterRoleBinding, {
    metadata: { name },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: roleName },
    subjects: [{ kind: 'Group', apiGroup: 'rbac.authorization.k8s.io', name: group }],
  });

/** Lets somebody read one ConfigMap. */
async function allow(
  api: Api,
  name: string,
  map: typeof INFO | typeof SETTINGS,
  subject: { readonly kind: string; readonly name: string },
): Promise<void> {
  const metadata = { namespace: map.namespace, name };
  await ensure(api, role, { metadata, rules: [rule('', 'configmaps', ['get'], map.name)] });
  await ensure(api, roleBinding, {
    metadata,
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', ...subject }],
  });
}
