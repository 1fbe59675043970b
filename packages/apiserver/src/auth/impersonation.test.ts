import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startedServer, user } from '../testing/started-server.ts';

const RBAC = '/apis/rbac.authorization.k8s.io/v1';
const REVIEW = '/apis/authentication.k8s.io/v1/selfsubjectreviews';

async function withImpersonator(rules: readonly object[]) {
  const server = await startedServer([user('eve')]);
  await server.make(`${RBAC}/clusterroles`, { metadata: { name: 'r' }, rules });
  await server.make(`${RBAC}/clusterrolebindings`, {
    metadata: { name: 'r' },
    roleRef: { kind: 'ClusterRole', name: 'r' },
    subjects: [{ kind: 'User', name: 'eve' }],
  });
  return (headers: Readonly<Record<string, string>>) => server.ask('POST', REVIEW, {}, { as: 'eve', headers });
}
const may = (resources: string[], apiGroups = [''], resourceNames?: string[]) => ({
  verbs: ['impersonate'],
  apiGroups,
  resources,
  ...(resourceNames ? { resourceNames } : {}),
});

test('who may impersonate a user is that user, and known', async () => {
  const as = await withImpersonator([may(['users'], [''], ['ann'])]);
  assert.deepEqual((await as({ 'impersonate-user': 'ann' })).body.status.userInfo, {
    username: 'ann',
    groups: ['system:authenticated'],
  });
  const refused = await as({ 'impersonate-user': 'admin' });
  assert.deepEqual(
    [refused.status, refused.body.message],
    [
      403,
      'users "admin" is forbidden: User "eve" cannot impersonate resource "users" in API group "" at the cluster scope',
    ],
  );
});

test('every group, extra and uid is a permission of its own', async () => {
  const as = await withImpersonator([
    may(['users']),
    may(['groups'], [''], ['dev']),
    may(['userextras/scopes'], ['authentication.k8s.io'], ['view']),
  ]);
  assert.equal((await as({ 'impersonate-user': 'ann', 'impersonate-group': 'dev' })).status, 201);
  assert.equal((await as({ 'impersonate-user': 'ann', 'impersonate-group': 'dev, system:masters' })).status, 403);
  const extra = await as({ 'impersonate-user': 'ann', 'impersonate-extra-scopes': 'view' });
  assert.deepEqual(extra.body.status.userInfo.extra, { scopes: ['view'] });
  const refused = await as({ 'impersonate-user': 'ann', 'impersonate-extra-scopes': 'edit' });
  assert.equal(
    refused.body.message,
    'userextras.authentication.k8s.io "edit" is forbidden: User "eve" cannot impersonate resource "userextras/scopes" in API group "authentication.k8s.io" at the cluster scope',
  );
  assert.equal((await as({ 'impersonate-user': 'ann', 'impersonate-uid': '1' })).status, 403);
});

test('a group or extra without a user is refused, not ignored', async () => {
  const as = await withImpersonator([may(['*'], ['*'])]);
  for (const headers of [{ 'impersonate-group': 'dev' }, { 'impersonate-uid': '1' }, { 'impersonate-extra-a': 'b' }]) {
    const { status, body } = await as(headers);
    assert.equal(status, 400);
    assert.match(body.message, /^requested &user\.DefaultInfo\{Name:"", .*\} without impersonating a user name$/);
  }
  assert.equal(
    (await as({ 'impersonate-group': 'dev, ops', 'impersonate-extra-a': 'b' })).body.message,
    'requested &user.DefaultInfo{Name:"", UID:"", Groups:[]string{"dev", "ops"}, Extra:map[string][]string{"a":[]string{"b"}}} without impersonating a user name',
  );
});

const RULE = { apiGroups: ['authentication.k8s.io'] };
const NODE_KEY = 'authentication.kubernetes.io/node-name';

test('who may be somebody for some requests is refused others, and by which permission both', async () => {
  const server = await startedServer([user('eve')]);
  await server.make(`${RBAC}/clusterroles`, {
    metadata: { name: 'r' },
    rules: [
      { ...RULE, verbs: ['impersonate:user-info'], resources: ['users'], resourceNames: ['ann'] },
      { ...RULE, verbs: ['impersonate-on:user-info:create'], resources: ['selfsubjectreviews'] },
    ],
  });
  await server.make(`${RBAC}/clusterrolebindings`, {
    metadata: { name: 'r' },
    roleRef: { kind: 'ClusterRole', name: 'r' },
    subjects: [{ kind: 'User', name: 'eve' }],
  });
  const as = (path: string, name: string, more = {}) =>
    server.ask(path === REVIEW ? 'POST' : 'GET', path, path === REVIEW ? {} : undefined, {
      as: 'eve',
      headers: { 'impersonate-user': name, ...more },
    });
  assert.equal((await as(REVIEW, 'ann')).body.status.userInfo.username, 'ann');
  assert.equal(
    (await as('/api/v1/pods', 'ann')).body.message,
    'pods is forbidden: User "eve" cannot impersonate-on:user-info:list resource "pods" in API group "" at the cluster scope',
  );
  assert.equal(
    (await as(REVIEW, 'bob')).body.message,
    'users.authentication.k8s.io "bob" is forbidden: User "eve" cannot impersonate:user-info resource "users" in API group "authentication.k8s.io" at the cluster scope',
  );
  assert.match(
    (await as(REVIEW, 'ann', { 'impersonate-group': 'system:masters' })).body.message,
    /: impersonating the system:masters group is not allowed$/,
  );
});

test('a service account may be the node of its pod, whichever that is, and no other', async () => {
  const agent = { ...user('system:serviceaccount:d:agent'), extra: { [NODE_KEY]: ['n1'] } };
  const server = await startedServer([agent]);
  await server.make(`${RBAC}/clusterroles`, {
    metadata: { name: 'r' },
    rules: [
      { ...RULE, verbs: ['impersonate:associated-node'], resources: ['nodes'], resourceNames: ['*'] },
      { ...RULE, verbs: ['impersonate-on:associated-node:create'], resources: ['selfsubjectreviews'] },
    ],
  });
  await server.make(`${RBAC}/clusterrolebindings`, {
    metadata: { name: 'r' },
    roleRef: { kind: 'ClusterRole', name: 'r' },
    subjects: [{ kind: 'User', name: agent.name }],
  });
  const as = (name: string) =>
    server.ask('POST', REVIEW, {}, { as: agent.name, headers: { 'impersonate-user': name } });
  assert.deepEqual((await as('system:node:n1')).body.status.userInfo, {
    username: 'system:node:n1',
    groups: ['system:nodes', 'system:authenticated'],
  });
  assert.match(
    (await as('system:node:n2')).body.message,
    /cannot impersonate-on:arbitrary-node:create resource "selfsubjectreviews"/,
  );
});

test('a service account is impersonated by its own permission and has its groups', async () => {
  const as = await withImpersonator([may(['serviceaccounts'], [''], ['builder'])]);
  const { body } = await as({ 'impersonate-user': 'system:serviceaccount:ci:builder' });
  assert.deepEqual(body.status.userInfo.groups, [
    'system:serviceaccounts',
    'system:serviceaccounts:ci',
    'system:authenticated',
  ]);
  assert.equal((await as({ 'impersonate-user': 'ann' })).status, 403);
});

test("nobody is impersonated with nobody's group", async () => {
  const as = await withImpersonator([may(['users'])]);
  const { status, body } = await as({ 'impersonate-user': 'system:anonymous' });
  assert.deepEqual(
    [status, body.message],
    [
      403,
      'selfsubjectreviews.authentication.k8s.io is forbidden: User "system:anonymous" cannot create resource "selfsubjectreviews" in API group "authentication.k8s.io" at the cluster scope',
    ],
  );
});
