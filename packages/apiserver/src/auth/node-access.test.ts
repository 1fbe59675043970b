import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type StartedServer, startedServer, user } from '../testing/started-server.ts';

const NS = '/api/v1/namespaces/default';
const NODE = { as: 'system:node:n' };
const merge = { headers: { 'content-type': 'application/merge-patch+json' } };
const containers = [{ name: 'c', image: 'i' }];

/** Nodes n and m; a pod of each; secrets, config maps and claims that the pod on n uses, and some that it does not. */
async function withNodes(): Promise<StartedServer> {
  const server = await startedServer([
    user('system:node:n', 'system:nodes'),
    user('system:node:m', 'system:nodes'),
    user('system:node:', 'system:nodes'),
  ]);
  for (const name of ['n', 'm']) await server.make('/api/v1/nodes', { metadata: { name } });
  for (const name of ['used', 'pull', 'other']) {
    await server.make(`${NS}/secrets`, { metadata: { name } });
    await server.make(`${NS}/configmaps`, { metadata: { name } });
  }
  for (const name of ['builder', 'default']) await server.make(`${NS}/serviceaccounts`, { metadata: { name } });
  await server.make(`${NS}/pods`, {
    metadata: { name: 'p' },
    spec: {
      nodeName: 'n',
      containers,
      serviceAccountName: 'builder',
      imagePullSecrets: [{ name: 'pull' }],
      volumes: [
        { name: 'a', secret: { secretName: 'used' } },
        { name: 'b', configMap: { name: 'used' } },
        { name: 't', projected: { sources: [{ serviceAccountToken: { path: 't', audience: 'vault' } }] } },
      ],
    },
  });
  await server.make(`${NS}/pods`, { metadata: { name: 'q' }, spec: { nodeName: 'm', containers } });
  return server;
}

test('a node reads the secrets and config maps of its pods, and no others', async () => {
  const { ask } = await withNodes();
  const read = async (path: string) => (await ask('GET', `${NS}/${path}`, undefined, NODE)).status;
  assert.deepEqual(
    [await read('secrets/used'), await read('secrets/pull'), await read('configmaps/used')],
    [200, 200, 200],
  );
  const { status, body } = await ask('GET', `${NS}/secrets/other`, undefined, NODE);
  assert.deepEqual(
    [status, body.message],
    [
      403,
      'secrets "other" is forbidden: User "system:node:n" cannot get resource "secrets" in API group "" in the namespace "default": node: no relationship found between node \'n\' and this object',
    ],
  );
  assert.deepEqual(
    [await read('secrets'), await read('configmaps/other'), await read('secrets?fieldSelector=metadata.name%3Dused')],
    [403, 403, 200],
  );
  assert.equal((await ask('GET', `${NS}/secrets/used`, undefined, { as: 'system:node:m' })).status, 403);
  assert.equal((await ask('DELETE', `${NS}/secrets/used`, undefined, NODE)).status, 403);
  assert.equal((await ask('GET', '/api/v1/secrets', undefined, { as: 'system:node:' })).status, 403);
});

test('a node sees itself and its pods', async () => {
  const { ask } = await withNodes();
  const read = async (path: string) => (await ask('GET', path, undefined, NODE)).status;
  assert.deepEqual(
    [
      await read('/api/v1/pods?fieldSelector=spec.nodeName%3Dn'),
      await read('/api/v1/pods?fieldSelector=spec.nodeName%3Dm'),
      await read('/api/v1/pods'),
    ],
    [200, 403, 403],
  );
  assert.deepEqual([await read(`${NS}/pods/p`), await read(`${NS}/pods/q`)], [200, 403]);
  assert.equal(await read('/api/v1/nodes/n'), 200);
});

test('a node sees the pods of others while there are network policies, and only then', async () => {
  const { ask, make } = await withNodes();
  const read = async (path: string) => (await ask('GET', path, undefined, NODE)).status;
  const all = ['/api/v1/pods', `${NS}/pods`, '/api/v1/pods?fieldSelector=spec.nodeName%3Dm', `${NS}/pods/q`];
  const seen = async (): Promise<readonly number[]> => {
    const statuses: number[] = [];
    for (const path of all) statuses.push(await read(path));
    return statuses;
  };
  assert.deepEqual(await seen(), [403, 403, 403, 403]);
  const policies = '/apis/networking.k8s.io/v1/namespaces/default/networkpolicies';
  await make(policies, { metadata: { name: 'deny' }, spec: { podSelector: {} } });
  assert.deepEqual(await seen(), [200, 200, 200, 403]);
  assert.equal(await read('/apis/networking.k8s.io/v1/networkpolicies'), 200);
  assert.equal((await ask('DELETE', `${NS}/pods/q`, undefined, NODE)).status, 403);
  assert.equal((await ask('DELETE', `${policies}/deny`)).status, 200);
  assert.deepEqual(await seen(), [403, 403, 403, 403]);
});

test('a node sees the pods of others where cluster DNS answers for those that there are, and only then', async () => {
  const { ask, make } = await withNodes();
  const read = async (path: string) => (await ask('GET', path, undefined, NODE)).status;
  const path = '/api/v1/namespaces/kube-system/configmaps';
  const told = (mode: string) => ({
    metadata: { name: 'coredns' },
    data: { Corefile: `. {\n kubernetes {\n  pods ${mode}\n }\n}` },
  });
  await make(path, told('insecure'));
  assert.equal(await read('/api/v1/pods'), 403);
  assert.equal((await ask('PUT', `${path}/coredns`, told('verified'))).status, 200);
  assert.equal(await read('/api/v1/pods'), 200);
  // How it answers is told to every node, and nothing else of the namespace.
  assert.equal(await read(`${path}?fieldSelector=metadata.name%3Dcoredns`), 200);
  assert.equal(await read(path), 403);
});

test('a node writes its own Node and lease, and no labels or taints that others rely on', async () => {
  const { ask } = await withNodes();
  const patch = async (name: string, body: object) => {
    const { status, body: answer } = await ask('PATCH', `/api/v1/nodes/${name}`, body, { ...NODE, ...merge });
    return [status, answer.message];
  };
  assert.equal(
    (await patch('n', { metadata: { labels: { 'kubernetes.io/hostname': 'n', 'example.com/a': 'b' } } }))[0],
    200,
  );
  assert.deepEqual(await patch('m', { metadata: { labels: { 'example.com/a': 'b' } } }), [
    403,
    'nodes "m" is forbidden: node "n" is not allowed to modify node "m"',
  ]);
  assert.deepEqual(await patch('n', { metadata: { labels: { 'node-restriction.kubernetes.io/pci': 'x' } } }), [
    403,
    'nodes "n" is forbidden: is not allowed to modify labels: node-restriction.kubernetes.io/pci',
  ]);
  assert.equal((await patch('n', { metadata: { labels: { 'node-role.kubernetes.io/control-plane': '' } } }))[0], 403);
  assert.deepEqual(await patch('n', { spec: { taints: null } }), [
    403,
    'nodes "n" is forbidden: node "n" is not allowed to modify taints',
  ]);
  const lease = async (name: string, namespace = 'kube-node-lease') =>
    (await ask('POST', `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`, { metadata: { name } }, NODE))
      .status;
  assert.deepEqual([await lease('n'), await lease('m'), await lease('n', 'kube-system')], [201, 403, 403]);
  assert.equal((await ask('DELETE', '/api/v1/nodes/n', undefined, NODE)).status, 403);
});

test('a node changes the state of its own pods only', async () => {
  const { ask } = await withNodes();
  const status = async (name: string, body: object) =>
    (await ask('PATCH', `${NS}/pods/${name}/status`, body, { ...NODE, ...merge })).status;
  assert.deepEqual(
    [await status('p', { status: { phase: 'Running' } }), await status('q', { status: { phase: 'Running' } })],
    [200, 403],
  );
  assert.equal(await status('p', { metadata: { labels: { app: 'mine' } } }), 403);
  assert.equal((await ask('DELETE', `${NS}/pods/q`, undefined, NODE)).status, 403);
  assert.equal((await ask('POST', `${NS}/pods/q/eviction`, { metadata: { name: 'q' } }, NODE)).status, 403);
  assert.equal((await ask('POST', `${NS}/pods/p/binding`, { target: { name: 'm' } }, NODE)).status, 403);
});

test('a node makes mirror pods of its own that lean on nothing of the API', async () => {
  const { ask } = await withNodes();
  const make = async (spec: object, annotations: object = { 'kubernetes.io/config.mirror': 'x' }) =>
    (
      await ask(
        'POST',
        `${NS}/pods`,
        { metadata: { name: 's', annotations }, spec: { nodeName: 'n', containers, ...spec } },
        NODE,
      )
    ).body;
  assert.equal(
    (await make({}, {})).message,
    'pods "s" is forbidden: pod does not have "kubernetes.io/config.mirror" annotation, node "n" can only create mirror pods',
  );
  assert.equal((await make({ nodeName: 'm' })).reason, 'Forbidden');
  assert.equal((await make({ serviceAccountName: 'builder' })).reason, 'Forbidden');
  assert.equal((await make({ volumes: [{ name: 'v', secret: { secretName: 'other' } }] })).reason, 'Forbidden');
  assert.equal((await make({ volumes: [{ name: 'v', configMap: { name: 'other' } }] })).reason, 'Forbidden');
  assert.equal((await make({})).kind, 'Pod');
});

test('a mirror pod gives its node nothing to read', async () => {
  const { ask, make } = await withNodes();
  await make(`${NS}/pods`, {
    metadata: { name: 's', annotations: { 'kubernetes.io/config.mirror': 'x' } },
    spec: { nodeName: 'n', containers, volumes: [{ name: 'v', configMap: { name: 'other' } }] },
  });
  assert.equal((await ask('GET', `${NS}/configmaps/other`, undefined, NODE)).status, 403);
});

test('a node gets tokens for its pods, bound to them, for what they ask', async () => {
  const { ask } = await withNodes();
  const { body: p } = await ask('GET', `${NS}/pods/p`);
  const { body: q } = await ask('GET', `${NS}/pods/q`);
  const bound = (pod: any) => ({ kind: 'Pod', apiVersion: 'v1', name: pod.metadata.name, uid: pod.metadata.uid });
  const token = async (account: string, spec: object) => {
    const { status, body } = await ask('POST', `${NS}/serviceaccounts/${account}/token`, { spec }, NODE);
    return [status, body.message];
  };
  assert.equal((await token('builder', { boundObjectRef: bound(p) }))[0], 201);
  assert.equal((await token('builder', { boundObjectRef: bound(p), audiences: ['vault'] }))[0], 201);
  assert.deepEqual(await token('builder', { boundObjectRef: bound(p), audiences: ['bank'] }), [
    403,
    'serviceaccounts "builder" is forbidden: audience "bank" not found in pod spec volume',
  ]);
  assert.deepEqual(await token('builder', {}), [
    403,
    'serviceaccounts "builder" is forbidden: node requested token not bound to a pod',
  ]);
  assert.equal((await token('builder', { boundObjectRef: { ...bound(p), uid: 'x' } }))[0], 403);
  assert.equal((await token('builder', { boundObjectRef: bound(q) }))[0], 403);
  assert.equal((await token('default', { boundObjectRef: bound(q) }))[0], 403);
});

/** A request (PKCS #10, DER) of some Ed25519 key. */
const stubPKCS10Request =
  'MH8wMwIBADAAMCowBQYDK2VwAyEAOXi1E2lfP2wHPw8uDxQOogZixVKre4YFXZjwRCMUSf2gADAFBgMrZXADQQDjXd0OWECPSa9/wRlHoqkpDVaMfeBfE9u6D/WT01orWlkl/wiolhy0DqaUPE3UXZmNJK96psaNNMldjrU0w4cA';

test('a node asks for certificates of its own pods in the name of their account, and reads what it asked for', async () => {
  const { ask } = await withNodes();
  const requests = '/apis/certificates.k8s.io/v1/namespaces/default/podcertificaterequests';
  const uid = async (path: string): Promise<string> => (await ask('GET', path)).body.metadata.uid;
  const spec = {
    signerName: 'example.com/s',
    stubPKCS10Request,
    podName: 'p',
    podUID: await uid(`${NS}/pods/p`),
    serviceAccountName: 'builder',
    serviceAccountUID: await uid(`${NS}/serviceaccounts/builder`),
    nodeName: 'n',
    nodeUID: await uid('/api/v1/nodes/n'),
  };
  const make = async (name: string, fields: object, as = NODE): Promise<readonly unknown[]> => {
    const { status, body } = await ask('POST', requests, { metadata: { name }, spec: { ...spec, ...fields } }, as);
    return [status, body.message];
  };
  assert.deepEqual(await make('mine', {}), [201, undefined]);
  const other = {
    podName: 'q',
    podUID: await uid(`${NS}/pods/q`),
    serviceAccountName: 'default',
    serviceAccountUID: await uid(`${NS}/serviceaccounts/default`),
  };
  const refused: readonly (readonly [fields: object, why: RegExp])[] = [
    [{ nodeName: 'm' }, /is not the requesting node "n"$/],
    [{ nodeUID: 'x' }, /does not match the UID of node "n"$/],
    [{ podName: 'none' }, /pod "none" not found$/],
    [other, /pod "q" is not running on node "n"$/],
    [{ podUID: 'x' }, /does not match the UID of pod "p"$/],
    [{ serviceAccountName: 'default' }, /is not the service account of pod "p"$/],
    [{ serviceAccountUID: 'x' }, /does not match the UID of service account "builder"$/],
  ];
  for (const [fields, why] of refused) {
    const [status, message] = await make('no', fields);
    assert.equal(status, 403);
    assert.match(String(message), why);
  }
  const read = async (path: string, as: string): Promise<number> => (await ask('GET', path, undefined, { as })).status;
  assert.deepEqual(
    [await read(`${requests}/mine`, 'system:node:n'), await read(`${requests}/mine`, 'system:node:m')],
    [200, 403],
  );
  const all = '/apis/certificates.k8s.io/v1/podcertificaterequests';
  assert.deepEqual(
    [await read(`${all}?fieldSelector=spec.nodeName%3Dn`, 'system:node:n'), await read(all, 'system:node:n')],
    [200, 403],
  );
  assert.equal((await ask('DELETE', `${requests}/mine`, undefined, NODE)).status, 403);
});

test('a node follows the volumes that are folders of its own, and may say that a folder is gone', async () => {
  const { ask, make } = await withNodes();
  const volume = (name: string, node: string) => ({
    metadata: {
      name,
      finalizers: ['navarch.dev/local-folder'],
      labels: { 'navarch.dev/node': node },
      annotations: { 'pv.kubernetes.io/provisioned-by': 'navarch.dev/local' },
    },
    spec: {
      capacity: { storage: '1Gi' },
      accessModes: ['ReadWriteOnce'],
      local: { path: `/folders/${name}` },
      storageClassName: 'local',
      nodeAffinity: {
        required: {
          nodeSelectorTerms: [
            { matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: [node] }] },
          ],
        },
      },
    },
  });
  const PVS = '/api/v1/persistentvolumes';
  for (const [name, node] of [
    ['mine', 'n'],
    ['theirs', 'm'],
  ] as const)
    await make(PVS, volume(name, node));
  const read = async (path: string) => (await ask('GET', `${PVS}${path}`, undefined, NODE)).status;
  assert.deepEqual(
    [
      await read('?labelSelector=navarch.dev%2Fnode%3Dn'),
      await read('?labelSelector=navarch.dev%2Fnode%3Dm'),
      await read(''),
    ],
    [200, 403, 403],
  );
  assert.deepEqual([await read('/mine'), await read('/theirs')], [200, 403]);

  const update = async (name: string, change: (object: any) => object) => {
    const { body } = await ask('GET', `${PVS}/${name}`);
    const { status, body: answer } = await ask('PUT', `${PVS}/${name}`, change(body), NODE);
    return [status, answer.message];
  };
  const drop = (object: any) => ({
    ...object,
    metadata: {
      ...object.metadata,
      finalizers: object.metadata.finalizers.filter((name: string) => !name.startsWith('navarch')),
    },
  });
  const refused = (node: string) => [
    403,
    `persistentvolumes "mine" is forbidden: node "${node}" may only take "navarch.dev/local-folder" off a volume that is being deleted`,
  ];
  assert.deepEqual(await update('mine', drop), refused('n'));
  for (const name of ['mine', 'theirs']) await ask('DELETE', `${PVS}/${name}`);
  assert.deepEqual(
    await update('mine', (object) => ({
      ...object,
      spec: { ...object.spec, persistentVolumeReclaimPolicy: 'Delete' },
    })),
    refused('n'),
  );
  assert.deepEqual(
    await update('mine', (object) => ({ ...object, metadata: { ...object.metadata, finalizers: [] } })),
    refused('n'),
  );
  assert.equal((await update('mine', drop))[0], 200);
  assert.equal((await update('theirs', drop))[0], 403);
});
