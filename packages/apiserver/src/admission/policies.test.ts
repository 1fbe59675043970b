import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asked } from '../testing/ask.ts';
import { type StartedServer, startedServer, user } from '../testing/started-server.ts';

const NS = '/api/v1/namespaces/default';
const ADMISSION = '/apis/admissionregistration.k8s.io/v1';
const DEPLOYMENTS = '/apis/apps/v1/namespaces/default/deployments';
const onDeployments = {
  resourceRules: [
    { operations: ['CREATE', 'UPDATE'], apiGroups: ['apps'], apiVersions: ['v1'], resources: ['deployments'] },
  ],
};
const web = (name: string, replicas: number, labels: object = {}) => ({
  metadata: { name, labels },
  spec: {
    replicas,
    selector: { matchLabels: { a: 'b' } },
    template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } },
  },
});

async function withPolicy(spec: object, binding: object = {}): Promise<StartedServer> {
  const server = await startedServer([user('bob')]);
  await server.make(`${ADMISSION}/validatingadmissionpolicies`, {
    metadata: { name: 'p' },
    spec: { matchConstraints: onDeployments, ...spec },
  });
  await server.make(`${ADMISSION}/validatingadmissionpolicybindings`, {
    metadata: { name: 'b' },
    spec: { policyName: 'p', validationActions: ['Deny'], ...binding },
  });
  return server;
}
const refusal = async (server: StartedServer, body: object) => {
  const answer = await server.ask('POST', DEPLOYMENTS, body);
  return answer.status === 201 ? 'in' : answer.body.message;
};

test("a policy refuses what its expressions do not allow, in its words or upstream's", async () => {
  const server = await withPolicy({
    validations: [
      { expression: 'object.spec.replicas <= 5' },
      { expression: "object.metadata.name != 'bad'", message: 'a bad name', reason: 'Forbidden' },
    ],
  });
  const { status, body } = await server.ask('POST', DEPLOYMENTS, web('a', 6));
  assert.deepEqual(
    [status, body.reason, body.message],
    [
      422,
      'Invalid',
      "deployments.apps \"a\" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request: failed expression: object.spec.replicas <= 5",
    ],
  );
  // This is what kubectl shows.
  assert.deepEqual(body.details.causes, [
    {
      message:
        "ValidatingAdmissionPolicy 'p' with binding 'b' denied request: failed expression: object.spec.replicas <= 5",
    },
  ]);
  assert.equal((await server.ask('POST', DEPLOYMENTS, web('bad', 1))).status, 403);
  assert.equal(await refusal(server, web('good', 5)), 'in');
  const update = await server.ask(
    'PATCH',
    `${DEPLOYMENTS}/good`,
    { spec: { replicas: 9 } },
    { headers: { 'content-type': 'application/merge-patch+json' } },
  );
  assert.equal(update.status, 422);
});

test('expressions see variables, the request, the old object, the namespace and what they make messages of', async () => {
  const server = await withPolicy({
    variables: [{ name: 'limit', expression: "namespaceObject.metadata.name == 'default' ? 2 : 9" }],
    validations: [
      {
        expression:
          "object.spec.replicas <= variables.limit || request.userInfo.username != 'admin' || oldObject != null",
        messageExpression: "'at most %d, not %d'.format([variables.limit, object.spec.replicas])",
      },
    ],
  });
  assert.match(await refusal(server, web('a', 3)), /denied request: at most 2, not 3$/);
});

test('parameters come from the object that the binding names', async () => {
  const paramKind = { apiVersion: 'v1', kind: 'ConfigMap' };
  const server = await withPolicy(
    { paramKind, validations: [{ expression: 'object.spec.replicas <= int(params.data.max)' }] },
    { paramRef: { name: 'limits', namespace: 'default', parameterNotFoundAction: 'Deny' } },
  );
  assert.match(
    await refusal(server, web('a', 1)),
    /no params found for policy binding with `Deny` parameterNotFoundAction$/,
  );
  await server.make(`${NS}/configmaps`, { metadata: { name: 'limits' }, data: { max: '2' } });
  assert.match(await refusal(server, web('a', 3)), /failed expression/);
  assert.equal(await refusal(server, web('a', 2)), 'in');
});

test('match conditions and selectors choose; the first that is false decides', async () => {
  const server = await withPolicy(
    {
      matchConditions: [
        { name: 'broken', expression: "object.metadata.labels.absent == 'x'" },
        { name: 'others', expression: "!has(object.metadata.labels) || !('skip' in object.metadata.labels)" },
      ],
      validations: [{ expression: 'false' }],
    },
    { matchResources: { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'default' } } } },
  );
  assert.equal(await refusal(server, web('a', 1, { skip: '' })), 'in');
  assert.match(
    await refusal(server, web('b', 1)),
    /expression 'object.metadata.labels.absent == 'x'' resulted in error: no such key: /,
  );
});

test('an expression that fails counts by the failure policy', async () => {
  const validations = [{ expression: 'object.spec.absent == 1' }];
  assert.match(
    await refusal(await withPolicy({ validations }), web('a', 1)),
    /expression 'object.spec.absent == 1' resulted in error: no such key: absent$/,
  );
  assert.equal(await refusal(await withPolicy({ validations, failurePolicy: 'Ignore' }), web('a', 1)), 'in');
});

test('a binding may only warn', async () => {
  const server = await withPolicy(
    { validations: [{ expression: 'false', message: 'hm' }] },
    { validationActions: ['Warn', 'Audit'] },
  );
  const { status, headers } = await server.ask('POST', DEPLOYMENTS, web('a', 1));
  assert.deepEqual(
    [status, headers['warning']],
    [201, "299 - \"Validation failed for ValidatingAdmissionPolicy 'p' with binding 'b': hm\""],
  );
});

test('the authorizer answers for who asks', async () => {
  const server = await withPolicy({
    validations: [
      {
        expression: "authorizer.group('').resource('secrets').namespace('default').check('list').allowed()",
        message: 'for keepers of secrets',
      },
      { expression: "authorizer.requestResource.check('delete').allowed()" },
    ],
  });
  assert.equal(await refusal(server, web('a', 1)), 'in');
  await server.make('/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
    metadata: { name: 'x' },
    roleRef: { kind: 'ClusterRole', name: 'system:aggregate-to-edit' },
    subjects: [{ kind: 'User', name: 'bob' }],
  });
  assert.equal((await server.ask('POST', DEPLOYMENTS, web('b', 1), { as: 'bob' })).status, 201);
  await server.make('/apis/rbac.authorization.k8s.io/v1/clusterroles', {
    metadata: { name: 'y' },
    rules: [{ verbs: ['create'], apiGroups: ['apps'], resources: ['deployments'] }],
  });
  await server.make('/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
    metadata: { name: 'y' },
    roleRef: { kind: 'ClusterRole', name: 'y' },
    subjects: [{ kind: 'User', name: 'carol' }],
  });
  const carol = await server.ask('POST', DEPLOYMENTS, web('c', 1), {
    as: '',
    certificate: { commonName: 'carol', organizations: [] },
  });
  assert.match(carol.body.message, /for keepers of secrets$/);
});

test('expressions that can never be evaluated are refused where they are written', async () => {
  const server = await startedServer();
  const { status, body } = await server.ask('POST', `${ADMISSION}/validatingadmissionpolicies`, {
    metadata: { name: 'p' },
    spec: { matchConstraints: onDeployments, validations: [{ expression: 'objekt.spec == 1' }, { expression: '1 +' }] },
  });
  assert.equal(status, 422);
  assert.match(
    body.message,
    /spec.validations\[0\].expression: Invalid value: "objekt.spec == 1": compilation failed: ERROR: <input>:1:1: undeclared reference to 'objekt' \(in container ''\)\n \| objekt.spec == 1\n \| \^/,
  );
  assert.match(
    body.message,
    /spec.validations\[1\].expression: Invalid value: "1 \+": compilation failed: ERROR: <input>:1:4: Syntax error/,
  );
});

test('expressions of other types than are wanted are refused where they are written, and so are names that are not there', async () => {
  const server = await startedServer();
  const complaints = async (spec: object): Promise<string> => {
    const { body } = await server.ask('POST', `${ADMISSION}/validatingadmissionpolicies`, {
      metadata: { name: 'p' },
      spec: { matchConstraints: onDeployments, ...spec },
    });
    return body.message;
  };
  const variables = [{ name: 'n', expression: 'object.spec.replicas > 1' }];
  const told = await complaints({
    variables,
    validations: [
      { expression: 'object.spec.replicas' },
      { expression: 'variables.n' },
      { expression: 'variables.m' },
      { expression: 'params.x == 1' },
      { expression: "request.name.size('x') == 1" },
      { expression: 'true', messageExpression: "authorizer.path('/').check('get').reason()" },
    ],
  });
  assert.match(
    told,
    /validations\[0\]\.expression: Invalid value: "object.spec.replicas": must evaluate to bool but got dyn/,
  );
  assert.doesNotMatch(told, /validations\[1\]/);
  assert.match(
    told,
    /validations\[2\].*compilation failed: ERROR: <input>:1:10: undefined field 'm'\n \| variables.m\n \| \.{9}\^/,
  );
  assert.match(told, /validations\[3\].*undeclared reference to 'params'/);
  assert.match(told, /validations\[4\].*found no matching overload for 'size' applied to 'string.\(string\)'/);
  assert.match(told, /validations\[5\]\.messageExpression.*undeclared reference to 'authorizer'/);
});

test('a policy that would never end costs the request and nothing more', async () => {
  const many = `[${Array.from({ length: 200 }, (_, i) => i).join(',')}]`;
  const server = await withPolicy({
    validations: [{ expression: `${many}.all(a, ${many}.all(b, ${many}.all(c, ${many}.all(d, true))))` }],
  });
  assert.match(await refusal(server, web('a', 1)), /cost limit exceeded/);
});

test('mutating policies change objects by patches and by configurations', async () => {
  const server = await startedServer();
  const policy = (name: string, mutation: object) => ({
    metadata: { name },
    spec: { matchConstraints: onDeployments, reinvocationPolicy: 'Never', mutations: [mutation] },
  });
  await server.make(
    `${ADMISSION}/mutatingadmissionpolicies`,
    policy('patch', {
      patchType: 'JSONPatch',
      jsonPatch: {
        expression:
          "[JSONPatch{op: 'add', path: '/metadata/annotations', value: {'by': request.userInfo.username}}, JSONPatch{op: 'add', path: '/metadata/annotations/' + jsonpatch.escapeKey('example.com/x'), value: 'y'}]",
      },
    }),
  );
  await server.make(
    `${ADMISSION}/mutatingadmissionpolicies`,
    policy('apply', {
      patchType: 'ApplyConfiguration',
      applyConfiguration: {
        expression:
          "Object{spec: Object.spec{replicas: object.spec.replicas + 1, template: Object.spec.template{spec: Object.spec.template.spec{containers: [Object.spec.template.spec.containers{name: 'side', image: 's'}]}}}}",
      },
    }),
  );
  for (const name of ['patch', 'apply'])
    await server.make(`${ADMISSION}/mutatingadmissionpolicybindings`, {
      metadata: { name },
      spec: { policyName: name },
    });
  const made = await server.make(DEPLOYMENTS, web('a', 1));
  assert.deepEqual([made.metadata.annotations, made.spec.replicas], [{ by: 'admin', 'example.com/x': 'y' }, 2]);
  assert.deepEqual(made.spec.template.spec.containers.map((c: any) => c.name).sort(), ['c', 'side']);
});

test('mutating policies change custom resources, and add nothing to them that nobody asked for', async () => {
  const { ask } = await asked();
  const schema = {
    type: 'object',
    properties: { spec: { type: 'object', properties: { size: { type: 'integer' } } }, status: { type: 'object' } },
  };
  await ask('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', {
    metadata: { name: 'foos.x.io' },
    spec: {
      group: 'x.io',
      scope: 'Namespaced',
      names: { plural: 'foos', kind: 'Foo' },
      versions: [
        { name: 'v1', served: true, storage: true, subresources: { status: {} }, schema: { openAPIV3Schema: schema } },
      ],
    },
  });
  const expression =
    "[JSONPatch{op: 'add', path: '/spec/size', value: 2}, JSONPatch{op: 'add', path: '/nobody', value: 2}]";
  const rule = { apiGroups: ['x.io'], apiVersions: ['*'], operations: ['CREATE'], resources: ['foos'] };
  await ask('POST', `${ADMISSION}/mutatingadmissionpolicies`, {
    metadata: { name: 'p' },
    spec: {
      matchConstraints: { resourceRules: [rule] },
      reinvocationPolicy: 'Never',
      mutations: [{ patchType: 'JSONPatch', jsonPatch: { expression } }],
    },
  });
  await ask('POST', `${ADMISSION}/mutatingadmissionpolicybindings`, {
    metadata: { name: 'p' },
    spec: { policyName: 'p' },
  });
  const made = await ask('POST', '/apis/x.io/v1/namespaces/d/foos', {
    apiVersion: 'x.io/v1',
    kind: 'Foo',
    metadata: { name: 'a' },
    spec: { size: 1 },
  });
  const { apiVersion, kind, metadata, ...rest } = made.body;
  assert.deepEqual([made.status, apiVersion, kind, rest], [201, 'x.io/v1', 'Foo', { spec: { size: 2 } }], made.text);
});

test('webhooks are asked only where their match conditions hold', async () => {
  let asked = 0;
  const server = await startedServer([], {
    webhooks: {
      async post(_address, body) {
        asked++;
        return {
          status: 200,
          body: JSON.stringify({
            kind: 'AdmissionReview',
            apiVersion: 'admission.k8s.io/v1',
            response: { uid: JSON.parse(body).request.uid, allowed: false },
          }),
        };
      },
    },
  });
  const webhook = (matchConditions: readonly object[]) => ({
    metadata: { name: 'w' },
    webhooks: [
      {
        name: 'w.example.com',
        clientConfig: { url: 'https://w.example.com' },
        rules: [{ operations: ['*'], apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'] }],
        sideEffects: 'None',
        admissionReviewVersions: ['v1'],
        matchConditions,
      },
    ],
  });
  await server.make(
    `${ADMISSION}/validatingwebhookconfigurations`,
    webhook([{ name: 'c', expression: "object.metadata.name != 'skip-me'" }]),
  );
  assert.equal((await server.ask('POST', `${NS}/configmaps`, { metadata: { name: 'skip-me' } })).status, 201);
  assert.equal((await server.ask('POST', `${NS}/configmaps`, { metadata: { name: 'ask-me' } })).status, 400);
  assert.equal(asked, 1);
  assert.equal(
    (
      await server.ask('POST', `${ADMISSION}/validatingwebhookconfigurations`, {
        ...webhook([{ name: 'c', expression: '...' }]),
        metadata: { name: 'x' },
      })
    ).status,
    422,
  );
});
