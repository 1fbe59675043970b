import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type StartedServer, startedServer, user } from '../testing/started-server.ts';

const NS = '/api/v1/namespaces/default';
const RBAC = '/apis/rbac.authorization.k8s.io/v1';
const MERGE = { 'content-type': 'application/merge-patch+json' };
const owner = { apiVersion: 'v1', kind: 'ConfigMap', name: 'owner', uid: '0b7a1f0e-6a2e-4a55-9a53-0b9f4f6fd9b1' };

async function start(options: Parameters<typeof startedServer>[1], rules: readonly object[]): Promise<StartedServer> {
  const server = await startedServer([user('bob')], options);
  await server.make(`${RBAC}/clusterroles`, { metadata: { name: 'r' }, rules });
  await server.make(`${RBAC}/clusterrolebindings`, {
    metadata: { name: 'b' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'r' },
    subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'bob' }],
  });
  return server;
}
const rule = (verbs: readonly string[], resources: readonly string[]): object => ({
  apiGroups: [''],
  verbs,
  resources,
});
const WRITE = rule(['create', 'get', 'update', 'patch'], ['configmaps']);
const DELETE = rule(['delete'], ['configmaps']);
const HOLD = rule(['update'], ['configmaps/finalizers']);
const NAMED = { enabledAdmission: ['OwnerReferencesPermissionEnforcement'] };

const create = async ({ ask }: StartedServer, name: string, reference: object): Promise<string> => {
  const { status, body } = await ask(
    'POST',
    `${NS}/configmaps`,
    { metadata: { name, ownerReferences: [{ ...owner, ...reference }] } },
    { as: 'bob' },
  );
  return status === 201 ? 'made' : `${status} ${body.message}`;
};

test('OwnerReferencesPermissionEnforcement is off unless it is named', async () => {
  assert.equal(await create(await start({}, [WRITE]), 'a', { blockOwnerDeletion: true }), 'made');
});

test('OwnerReferencesPermissionEnforcement lets those set an owner who may delete what is owned', async () => {
  assert.equal(
    await create(await start(NAMED, [WRITE]), 'a', {}),
    '403 configmaps "a" is forbidden: cannot set an ownerRef on a resource you can\'t delete: , <nil>',
  );
  const server = await start(NAMED, [WRITE, DELETE]);
  assert.equal(await create(server, 'a', {}), 'made');
  assert.equal(
    await create(server, 'b', { blockOwnerDeletion: true }),
    '403 configmaps "b" is forbidden: cannot set blockOwnerDeletion if an ownerReference refers to a resource you can\'t set finalizers on: , <nil>',
  );
  assert.equal(
    await create(server, 'c', { blockOwnerDeletion: true, kind: 'Nonsense' }),
    '403 configmaps "c" is forbidden: cannot set blockOwnerDeletion in this case because cannot find RESTMapping for APIVersion v1 Kind Nonsense: no matches for kind "Nonsense" in version "v1"',
  );
  assert.equal(await create(await start(NAMED, [WRITE, DELETE, HOLD]), 'b', { blockOwnerDeletion: true }), 'made');
});

test('OwnerReferencesPermissionEnforcement looks at what changes: other changes of what is owned are free', async () => {
  const server = await start(NAMED, [WRITE]);
  await server.make(`${NS}/configmaps`, {
    metadata: { name: 'a', ownerReferences: [{ ...owner, blockOwnerDeletion: true }] },
  });
  const patch = async (body: object): Promise<number> =>
    (await server.ask('PATCH', `${NS}/configmaps/a`, body, { as: 'bob', headers: MERGE })).status;
  assert.equal(await patch({ data: { a: 'b' } }), 200);
  assert.equal(await patch({ metadata: { ownerReferences: [] } }), 403);
});
