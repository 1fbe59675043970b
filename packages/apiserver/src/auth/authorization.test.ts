import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type StartedServer, startedServer, user } from '../testing/started-server.ts';

const RBAC = '/apis/rbac.authorization.k8s.io/v1';
const PODS = '/api/v1/namespaces/default/pods';
const rule = (verbs: string[], resources: string[], apiGroups: string[] = [''], resourceNames?: string[]) => ({
  verbs,
  apiGroups,
  resources,
  ...(resourceNames ? { resourceNames } : {}),
});
const bob = user('bob');

/** A server where bob has these rules: in the namespace default, or everywhere. */
async function withBob(rules: readonly object[], where: 'default' | 'cluster' = 'default'): Promise<StartedServer> {
  const server = await startedServer([bob]);
  await server.make(`${RBAC}/clusterroles`, { metadata: { name: 'bobs' }, rules });
  const roleRef = { kind: 'ClusterRole', name: 'bobs' };
  const subjects = [{ kind: 'User', name: 'bob' }];
  if (where === 'cluster')
    await server.make(`${RBAC}/clusterrolebindings`, { metadata: { name: 'bobs' }, roleRef, subjects });
  else await server.make(`${RBAC}/namespaces/default/rolebindings`, { metadata: { name: 'bobs' }, roleRef, subjects });
  return server;
}
const asBob = { as: 'bob' };
const merge = { 'content-type': 'application/merge-patch+json' };
const everything = [rule(['*'], ['*'], ['*'])];

for (const path of [
  '/api/v1/namespaces/default/nodes',
  '/api/v1/namespaces/default/persistentvolumes',
  `${RBAC}/namespaces/default/clusterroles`,
  `${RBAC}/namespaces/default/clusterrolebindings/cluster-admin`,
  '/apis/certificates.k8s.io/v1/namespaces/default/certificatesigningrequests',
]) {
  test(`who may do everything in a namespace does not reach what is in none: GET ${path}`, async () => {
    const { ask } = await withBob(everything);
    assert.equal((await ask('GET', path, undefined, asBob)).status, 404);
  });
}

test('who may do everything in a namespace cannot make cluster role bindings or reviews by a path in it', async () => {
  const { ask } = await withBob(everything);
  const binding = {
    metadata: { name: 'x' },
    roleRef: { kind: 'ClusterRole', name: 'cluster-admin' },
    subjects: [{ kind: 'User', name: 'bob' }],
  };
  assert.equal((await ask('POST', `${RBAC}/namespaces/default/clusterrolebindings`, binding, asBob)).status, 404);
  assert.equal(
    (
      await ask(
        'POST',
        '/apis/authentication.k8s.io/v1/namespaces/default/tokenreviews',
        { spec: { token: 'admin' } },
        asBob,
      )
    ).status,
    404,
  );
  assert.equal(
    (
      await ask(
        'POST',
        '/apis/authorization.k8s.io/v1/namespaces/default/subjectaccessreviews',
        { spec: { user: 'x' } },
        asBob,
      )
    ).status,
    404,
  );
  assert.equal((await ask('GET', '/api/v1/namespaces/default/nodes/n/proxy/', undefined, asBob)).status, 404);
});

test('a role cannot be made with more rules than its maker holds', async () => {
  const { ask } = await withBob([
    rule(['create', 'update', 'patch'], ['roles'], ['rbac.authorization.k8s.io']),
    rule(['get'], ['pods']),
  ]);
  const role = (name: string, rules: readonly object[]) => ({ metadata: { name }, rules });
  const roles = `${RBAC}/namespaces/default/roles`;
  const refused = await ask(
    'POST',
    roles,
    role('x', [rule(['get', 'list'], ['pods']), rule(['get'], ['secrets'])]),
    asBob,
  );
  assert.deepEqual(
    [refused.status, refused.body.message],
    [
      403,
      'roles.rbac.authorization.k8s.io "x" is forbidden: user "bob" (groups=["system:authenticated"]) is attempting to grant RBAC permissions not currently held:\n' +
        '{APIGroups:[""], Resources:["pods"], Verbs:["list"]}\n{APIGroups:[""], Resources:["secrets"], Verbs:["get"]}',
    ],
  );
  assert.equal((await ask('POST', roles, role('y', [rule(['get'], ['pods'])]), asBob)).status, 201);
  assert.equal(
    (await ask('PATCH', `${roles}/y`, { rules: [rule(['*'], ['*'], ['*'])] }, { ...asBob, headers: merge })).status,
    403,
  );
  assert.equal(
    (await ask('PATCH', `${roles}/y`, { metadata: { labels: { a: 'b' } } }, { ...asBob, headers: merge })).status,
    200,
  );
});

test('who does not hold the rules of a role changes nothing of it but finalizers and owners', async () => {
  const { ask, make } = await withBob([rule(['patch'], ['roles'], ['rbac.authorization.k8s.io'])]);
  const roles = `${RBAC}/namespaces/default/roles`;
  await make(roles, { metadata: { name: 'x' }, rules: [rule(['get'], ['pods'])] });
  const patched = async (metadata: object): Promise<number> =>
    (await ask('PATCH', `${roles}/x`, { metadata }, { ...asBob, headers: merge })).status;
  assert.deepEqual([await patched({ labels: { a: 'b' } }), await patched({ finalizers: ['a.b/c'] })], [403, 200]);
});

test('what a maker of roles lacks is told resource by resource, and of names and paths verb by verb', async () => {
  const { ask } = await withBob([rule(['create'], ['clusterroles'], ['rbac.authorization.k8s.io'])], 'cluster');
  const rules = [
    rule(['get', 'get', 'list'], ['pods']),
    rule(['get', 'list'], ['pods'], [''], ['a']),
    { verbs: ['get', 'put'], nonResourceURLs: ['/x'] },
  ];
  const { body } = await ask('POST', `${RBAC}/clusterroles`, { metadata: { name: 'x' }, rules }, asBob);
  assert.deepEqual(body.message.split('\n').slice(1), [
    '{APIGroups:[""], Resources:["pods"], ResourceNames:["a"], Verbs:["get"]}',
    '{APIGroups:[""], Resources:["pods"], ResourceNames:["a"], Verbs:["list"]}',
    '{APIGroups:[""], Resources:["pods"], Verbs:["get" "get" "list"]}',
    '{NonResourceURLs:["/x"], Verbs:["get"]}',
    '{NonResourceURLs:["/x"], Verbs:["put"]}',
  ]);
});

test('what could not be looked up is told with the refusal of a role', async () => {
  const server = await withBob([rule(['create'], ['clusterroles'], ['rbac.authorization.k8s.io'])], 'cluster');
  for (const name of ['none', 'nothing'])
    await server.make(`${RBAC}/clusterrolebindings`, {
      metadata: { name },
      roleRef: { kind: 'ClusterRole', name },
      subjects: [{ kind: 'User', name: 'bob' }],
    });
  const rules = [rule(['get'], ['pods'])];
  const { body } = await server.ask('POST', `${RBAC}/clusterroles`, { metadata: { name: 'x' }, rules }, asBob);
  assert.match(
    body.message,
    /; resolution errors: \[\[clusterroles\.rbac\.authorization\.k8s\.io "none" not found, clusterroles\.rbac\.authorization\.k8s\.io "nothing" not found\]\]$/,
  );
});

test('escalation is asked about before a role or binding is validated', async () => {
  const { ask } = await withBob([rule(['create'], ['*'], ['rbac.authorization.k8s.io'])]);
  const namespace = `${RBAC}/namespaces/default`;
  const broken = { metadata: { name: 'X!/' }, rules: [{ verbs: ['get'], apiGroups: [''], resources: ['pods'] }] };
  assert.equal((await ask('POST', `${namespace}/roles`, broken, asBob)).status, 403);
  const strange = { metadata: { name: 'x' }, roleRef: { kind: 'Rule', name: 'x' }, subjects: [] };
  const { status, body } = await ask('POST', `${namespace}/rolebindings`, strange, asBob);
  assert.deepEqual([status, body.message], [500, 'unsupported role reference kind: "Rule"']);
  assert.equal((await ask('POST', `${namespace}/rolebindings`, strange)).status, 422);
});

test('the right to escalate a role by its name is not one to post it', async () => {
  const escalate = rule(['create', 'escalate'], ['roles'], ['rbac.authorization.k8s.io'], ['x']);
  const create = rule(['create', 'patch'], ['roles'], ['rbac.authorization.k8s.io']);
  const { ask } = await withBob([escalate, create]);
  const role = { metadata: { name: 'x' }, rules: everything };
  assert.equal((await ask('POST', `${RBAC}/namespaces/default/roles`, role, asBob)).status, 403);
  const applied = await ask(
    'PATCH',
    `${RBAC}/namespaces/default/roles/x?fieldManager=me`,
    { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'Role', ...role },
    { ...asBob, headers: { 'content-type': 'application/apply-patch+yaml' } },
  );
  assert.equal(applied.status, 201);
});

test('who may escalate roles may write any rules', async () => {
  const { ask } = await withBob(
    [rule(['create', 'escalate'], ['clusterroles'], ['rbac.authorization.k8s.io'])],
    'cluster',
  );
  assert.equal(
    (await ask('POST', `${RBAC}/clusterroles`, { metadata: { name: 'x' }, rules: everything }, asBob)).status,
    201,
  );
});

test('an aggregated role needs everything, for it can gather anything', async () => {
  const { ask } = await withBob([rule(['create'], ['clusterroles'], ['rbac.authorization.k8s.io'])], 'cluster');
  const refused = await ask(
    'POST',
    `${RBAC}/clusterroles`,
    { metadata: { name: 'x' }, aggregationRule: { clusterRoleSelectors: [{ matchLabels: { a: 'b' } }] } },
    asBob,
  );
  assert.equal(
    refused.body.message,
    'clusterroles.rbac.authorization.k8s.io "x" is forbidden: must have cluster-admin privileges to use the aggregationRule',
  );
});

test('taking the aggregation away from a role needs everything as well', async () => {
  const { ask, make } = await withBob([rule(['patch'], ['clusterroles'], ['rbac.authorization.k8s.io'])], 'cluster');
  const aggregationRule = { clusterRoleSelectors: [{ matchLabels: { a: 'b' } }] };
  await make(`${RBAC}/clusterroles`, { metadata: { name: 'x' }, aggregationRule });
  const refused = await ask('PATCH', `${RBAC}/clusterroles/x`, { aggregationRule: null }, { ...asBob, headers: merge });
  assert.match(refused.body.message, /must have cluster-admin privileges to use the aggregationRule$/);
});

test('a role cannot be bound by who does not hold its rules, unless they may bind it', async () => {
  const bindings = `${RBAC}/namespaces/default/rolebindings`;
  const binding = (role: string) => ({
    metadata: { name: 'x' },
    roleRef: { kind: 'ClusterRole', name: role },
    subjects: [{ kind: 'User', name: 'bob' }],
  });
  const creates = rule(['create'], ['rolebindings'], ['rbac.authorization.k8s.io']);
  const refused = await (await withBob([creates])).ask('POST', bindings, binding('cluster-admin'), asBob);
  assert.equal(refused.status, 403);
  assert.match(
    refused.body.message,
    /^rolebindings\.rbac\.authorization\.k8s\.io "x" is forbidden: user "bob" .* not currently held:\n\{APIGroups:\["\*"\], Resources:\["\*"\], Verbs:\["\*"\]\}/,
  );
  assert.equal((await (await withBob([creates])).ask('POST', bindings, binding('none'), asBob)).status, 404);
  const binder = await withBob([
    creates,
    rule(['bind'], ['clusterroles'], ['rbac.authorization.k8s.io'], ['cluster-admin']),
  ]);
  assert.equal((await binder.ask('POST', bindings, binding('cluster-admin'), asBob)).status, 201);
});

test('the role of a binding stays', async () => {
  const { ask } = await withBob([]);
  const { body } = await ask('GET', `${RBAC}/namespaces/default/rolebindings/bobs`);
  const { status } = await ask('PUT', `${RBAC}/namespaces/default/rolebindings/bobs`, {
    ...body,
    roleRef: { ...body.roleRef, name: 'cluster-admin' },
  });
  assert.equal(status, 422);
});

test('an apply or update that creates needs the verb create', async () => {
  const { ask } = await withBob([
    rule(['patch', 'update', 'get'], ['configmaps']),
    rule(['update'], ['leases'], ['coordination.k8s.io']),
  ]);
  const config = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' } };
  const path = '/api/v1/namespaces/default/configmaps/a?fieldManager=me';
  const refused = await ask('PATCH', path, config, {
    ...asBob,
    headers: { 'content-type': 'application/apply-patch+yaml' },
  });
  assert.deepEqual(
    [refused.status, refused.body.message],
    [
      403,
      'configmaps "a" is forbidden: User "bob" cannot create resource "configmaps" in API group "" in the namespace "default"',
    ],
  );
  const lease = await ask(
    'PUT',
    '/apis/coordination.k8s.io/v1/namespaces/default/leases/l',
    { metadata: { name: 'l' } },
    asBob,
  );
  assert.deepEqual(
    [lease.status, lease.body.message],
    [
      403,
      'leases.coordination.k8s.io "l" is forbidden: User "bob" cannot create resource "leases" in API group "coordination.k8s.io" in the namespace "default"',
    ],
  );
});

test('resourceNames hold for a list or watch of one object by its name', async () => {
  const { ask } = await withBob([rule(['get', 'list', 'watch', 'deletecollection'], ['configmaps'], [''], ['a'])]);
  const configMaps = '/api/v1/namespaces/default/configmaps';
  assert.equal((await ask('GET', `${configMaps}?fieldSelector=metadata.name%3Da`, undefined, asBob)).status, 200);
  assert.equal((await ask('GET', configMaps, undefined, asBob)).status, 403);
  assert.equal((await ask('GET', `${configMaps}?fieldSelector=metadata.name%3Db`, undefined, asBob)).status, 403);
  assert.equal((await ask('GET', `${configMaps}?fieldSelector=metadata.name!%3Da`, undefined, asBob)).status, 403);
  assert.equal((await ask('DELETE', `${configMaps}?fieldSelector=metadata.name%3Da`, undefined, asBob)).status, 403);
});

test('delete and deletecollection are two verbs, and nobody deletes across namespaces', async () => {
  const { ask } = await withBob([rule(['delete'], ['configmaps'])], 'cluster');
  assert.equal((await ask('DELETE', '/api/v1/namespaces/default/configmaps', undefined, asBob)).status, 403);
  assert.equal((await ask('DELETE', '/api/v1/configmaps')).status, 405);
});

test('a watch of one object by the query is a get', async () => {
  const { ask } = await withBob([rule(['get'], ['configmaps'])]);
  const { body, status } = await ask(
    'GET',
    '/api/v1/namespaces/default/configmaps/kube-root?watch=true',
    undefined,
    asBob,
  );
  assert.deepEqual([status, body.reason], [404, 'NotFound']);
});

test('subresources are named on their own; */scale is the scale of everything', async () => {
  const { ask } = await withBob([rule(['get'], ['pods']), rule(['get'], ['*/scale'], ['*'])]);
  assert.equal((await ask('GET', `${PODS}/p/log`, undefined, asBob)).status, 403);
  assert.equal((await ask('GET', `${PODS}/p/status`, undefined, asBob)).status, 403);
  assert.equal(
    (await ask('GET', '/apis/apps/v1/namespaces/default/deployments/d/scale', undefined, asBob)).status,
    404,
  );
  assert.equal((await ask('GET', '/apis/apps/v1/namespaces/default/deployments/d', undefined, asBob)).status, 403);
});

test('a WebSocket into a pod needs get and create', async () => {
  const reader = await withBob([rule(['get'], ['pods/exec', 'pods/log', 'pods/portforward', 'pods/attach'])]);
  for (const what of ['exec', 'attach', 'portforward']) {
    const refused = await reader.ask('GET', `${PODS}/p/${what}?command=ls`, undefined, {
      ...asBob,
      headers: { upgrade: 'websocket' },
    });
    assert.deepEqual(
      [refused.status, refused.body.message],
      [
        403,
        `pods "p" is forbidden: User "bob" cannot create resource "pods/${what}" in API group "" in the namespace "default"`,
      ],
    );
  }
  const doer = await withBob([rule(['get', 'create'], ['pods/exec'])]);
  assert.equal(
    (await doer.ask('GET', `${PODS}/p/exec?command=ls`, undefined, { ...asBob, headers: { upgrade: 'websocket' } }))
      .status,
    404,
  );
  assert.equal((await doer.ask('DELETE', `${PODS}/p/exec`)).status, 405);
});

test('nobody sees what is open to nobody: health, version, nothing else', async () => {
  const { ask, housekeep } = await startedServer();
  void housekeep(new AbortController().signal);
  const nobody = { as: '' };
  for (const path of ['/healthz', '/livez', '/readyz', '/version'])
    assert.equal((await ask('GET', path, undefined, nobody)).status, 200, path);
  const refused = await ask('GET', '/metrics', undefined, nobody);
  assert.deepEqual(
    [refused.status, refused.body.message],
    [403, 'forbidden: User "system:anonymous" cannot get path "/metrics"'],
  );
  assert.equal((await ask('GET', '/healthz/ping', undefined, nobody)).status, 403);
  assert.equal((await ask('GET', '/apis', undefined, nobody)).status, 403);
  const namespaces = await ask('GET', '/api/v1/namespaces', undefined, nobody);
  assert.equal(
    namespaces.body.message,
    'namespaces is forbidden: User "system:anonymous" cannot list resource "namespaces" in API group "" at the cluster scope',
  );
});

test('everybody who is known is in system:authenticated, so discovery is open to them', async () => {
  const { ask } = await startedServer([bob]);
  assert.equal((await ask('GET', '/apis', undefined, asBob)).status, 200);
  const certificate = { certificate: { commonName: 'carol', organizations: ['dev'] }, as: '' };
  const review = await ask('POST', '/apis/authentication.k8s.io/v1/selfsubjectreviews', {}, certificate);
  assert.deepEqual(review.body.status.userInfo, { username: 'carol', groups: ['dev', 'system:authenticated'] });
});

test('a role that is missing is told beside the refusal', async () => {
  const server = await startedServer([bob]);
  await server.make(`${RBAC}/clusterrolebindings`, {
    metadata: { name: 'x' },
    roleRef: { kind: 'ClusterRole', name: 'none' },
    subjects: [{ kind: 'User', name: 'bob' }],
  });
  const { body } = await server.ask('GET', '/api/v1/pods', undefined, asBob);
  assert.equal(
    body.message,
    'pods is forbidden: User "bob" cannot list resource "pods" in API group "" at the cluster scope: rbac: RBAC: clusterrole.rbac.authorization.k8s.io "none" not found',
  );
  const review = await server.ask(
    'POST',
    '/apis/authorization.k8s.io/v1/selfsubjectrulesreviews',
    { spec: { namespace: 'default' } },
    asBob,
  );
  assert.deepEqual(
    [review.body.status.incomplete, review.body.status.evaluationError],
    [false, 'clusterrole.rbac.authorization.k8s.io "none" not found'],
  );
});

test('a service account is bound with its namespace; without one it is nobody', async () => {
  const server = await startedServer([user('system:serviceaccount::a')]);
  await server.make(`${RBAC}/clusterrolebindings`, {
    metadata: { name: 'x' },
    roleRef: { kind: 'ClusterRole', name: 'cluster-admin' },
    subjects: [{ kind: 'ServiceAccount', name: 'a', namespace: 'default' }],
  });
  assert.equal((await server.ask('GET', '/api/v1/pods', undefined, { as: 'system:serviceaccount::a' })).status, 403);
});

test("a service account without a namespace is the one of the binding's", async () => {
  const [mine, other] = [user('system:serviceaccount:default:a'), user('system:serviceaccount:kube-system:a')];
  const server = await startedServer([mine, other]);
  await server.make(`${RBAC}/namespaces/default/rolebindings`, {
    metadata: { name: 'x' },
    roleRef: { kind: 'ClusterRole', name: 'cluster-admin' },
    subjects: [{ kind: 'ServiceAccount', name: 'a' }],
  });
  assert.equal((await server.ask('GET', '/api/v1/namespaces/default/pods', undefined, { as: mine.name })).status, 200);
  assert.equal((await server.ask('GET', '/api/v1/namespaces/default/pods', undefined, { as: other.name })).status, 403);
});

test('SelfSubjectAccessReview says what would be, and by which binding', async () => {
  const { ask } = await withBob([rule(['get'], ['pods'])]);
  const review = (resourceAttributes: object) =>
    ask('POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', { spec: { resourceAttributes } }, asBob);
  assert.deepEqual((await review({ namespace: 'default', verb: 'get', resource: 'pods' })).body.status, {
    allowed: true,
    reason: 'RBAC: allowed by RoleBinding "bobs/default" of ClusterRole "bobs" to User "bob"',
  });
  assert.deepEqual((await review({ namespace: 'default', verb: 'get', resource: 'secrets' })).body.status, {
    allowed: false,
  });
  assert.deepEqual((await review({ verb: 'get', resource: 'pods' })).body.status, { allowed: false });
  const none = await ask('POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', { spec: {} }, asBob);
  assert.equal(none.status, 422);
  assert.equal(
    (await ask('POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', null as never, asBob)).status,
    422,
  );
});

test('SubjectAccessReview is for who may ask; LocalSubjectAccessReview only about its namespace', async () => {
  const { ask } = await withBob([rule(['create'], ['localsubjectaccessreviews'], ['authorization.k8s.io'])]);
  const about = (namespace: string) => ({
    spec: {
      user: 'admin',
      groups: ['system:masters'],
      resourceAttributes: { namespace, verb: 'get', resource: 'pods' },
    },
  });
  assert.equal(
    (await ask('POST', '/apis/authorization.k8s.io/v1/subjectaccessreviews', about('default'), asBob)).status,
    403,
  );
  const local = '/apis/authorization.k8s.io/v1/namespaces/default/localsubjectaccessreviews';
  assert.equal((await ask('POST', local, about('default'), asBob)).body.status.allowed, true);
  assert.deepEqual(
    (await ask('POST', local, about('kube-system'), asBob)).body.message,
    '.authorization.k8s.io "" is invalid: spec.resourceAttributes.namespace: Invalid value: "kube-system": must match metadata.namespace',
  );
  assert.equal(
    (
      await ask('POST', '/apis/authorization.k8s.io/v1/subjectaccessreviews', {
        spec: { resourceAttributes: { verb: 'get' } },
      })
    ).status,
    422,
  );
});

test('SelfSubjectRulesReview lists what can-i --list shows', async () => {
  const { ask } = await withBob([rule(['get'], ['pods'], [''], ['p'])]);
  const { body } = await ask(
    'POST',
    '/apis/authorization.k8s.io/v1/selfsubjectrulesreviews',
    { spec: { namespace: 'default' } },
    asBob,
  );
  assert.ok(body.status.resourceRules.some((r: any) => r.resourceNames?.[0] === 'p'));
  assert.ok(body.status.nonResourceRules.some((r: any) => r.nonResourceURLs.includes('/version')));
  assert.equal(body.status.incomplete, false);
  const admin = await ask('POST', '/apis/authorization.k8s.io/v1/selfsubjectrulesreviews', {
    spec: { namespace: 'default' },
  });
  assert.deepEqual(admin.body.status.resourceRules[0], rule(['*'], ['*'], ['*']));
});

test('names that no object can have are refused before anything is looked up', async () => {
  const { ask } = await startedServer();
  assert.equal((await ask('GET', '/api/v1/namespaces/default/configmaps/%2E%2E')).status, 400);
  // An encoded slash parts names: these are a part of an object, and nothing at all.
  assert.equal((await ask('GET', '/api/v1/namespaces/default/configmaps/a%2Fb')).status, 404);
  assert.equal((await ask('GET', '/api/v1/namespaces/kube-system%2F/secrets')).status, 404);
  assert.equal((await ask('GET', '/api/v1/namespaces/%FF/secrets')).status, 400);
});

test('what was once decided follows roles and bindings as they change, and the name that is asked for', async () => {
  const { ask } = await withBob([rule(['get'], ['pods'], [''], ['a'])]);
  const get = async (name: string): Promise<number> => (await ask('GET', `${PODS}/${name}`, undefined, asBob)).status;
  assert.deepEqual([await get('a'), await get('b'), await get('a')], [404, 403, 404]);
  const both = { rules: [rule(['get'], ['pods'], [''], ['b']), rule(['get'], ['pods'], [''], ['a'])] };
  assert.equal((await ask('PATCH', `${RBAC}/clusterroles/bobs`, both, { headers: merge })).status, 200);
  assert.deepEqual([await get('a'), await get('b'), await get('c')], [404, 404, 403]);
  assert.equal((await ask('DELETE', `${RBAC}/namespaces/default/rolebindings/bobs`)).status, 200);
  assert.deepEqual([await get('a'), await get('b')], [403, 403]);
});
