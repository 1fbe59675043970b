import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Answer, START, type StartedServer, startedServer } from '../testing/started-server.ts';

const AUTHORIZATION = '/apis/authorization.k8s.io/v1';
const AUTHENTICATION = '/apis/authentication.k8s.io/v1';
const NS = '/api/v1/namespaces/default';

const asker =
  ({ ask }: StartedServer, path: string) =>
  (body: object): Promise<Answer> =>
    ask('POST', path, body, { headers: { 'user-agent': 'tester/1' } });
const resourceAttributes = { verb: 'get', resource: 'pods' };

for (const [claim, spec, message] of [
  [
    'nothing',
    {},
    'spec.resourceAttributes: Invalid value: null: exactly one of nonResourceAttributes or resourceAttributes must be specified',
  ],
  [
    'both',
    { resourceAttributes, nonResourceAttributes: { path: '/', verb: 'get' } },
    'spec.nonResourceAttributes: Invalid value: {"path":"/","verb":"get"}: cannot be specified in combination with resourceAttributes',
  ],
  [
    'a selector of neither form',
    { resourceAttributes: { ...resourceAttributes, fieldSelector: {} } },
    'spec.resourceAttributes.fieldSelector.requirements: Required value: when spec.resourceAttributes.fieldSelector is specified, requirements or rawSelector is required',
  ],
  [
    'a selector of both forms',
    {
      resourceAttributes: {
        ...resourceAttributes,
        labelSelector: { rawSelector: 'a', requirements: [{ key: 'a', operator: 'Exists' }] },
      },
    },
    'spec.resourceAttributes.labelSelector.rawSelector: Invalid value: "a": may not specified at the same time as requirements',
  ],
  [
    'a requirement without values',
    { resourceAttributes: { ...resourceAttributes, fieldSelector: { requirements: [{ key: 'a', operator: 'In' }] } } },
    "spec.resourceAttributes.fieldSelector.requirements[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
  ],
] as const) {
  test(`a review that asks about ${claim} is refused`, async () => {
    const post = asker(await startedServer(), `${AUTHORIZATION}/selfsubjectaccessreviews`);
    const { status, body } = await post({ spec });
    assert.deepEqual([status, body.message], [422, `.authorization.k8s.io "" is invalid: ${message}`]);
  });
}

test('a review is of nobody and nowhere: its metadata is refused', async () => {
  const server = await startedServer();
  const post = asker(server, `${AUTHORIZATION}/subjectaccessreviews`);
  const { body } = await post({ metadata: { name: 'x' }, spec: { user: 'u', resourceAttributes } });
  assert.match(
    body.message,
    /^\.authorization\.k8s\.io "" is invalid: metadata: Invalid value: \{"name":"x",.*\}: must be empty$/,
  );
  const local = asker(server, `${AUTHORIZATION}/namespaces/default/localsubjectaccessreviews`);
  const elsewhere = await local({ metadata: { namespace: 'other' }, spec: { user: 'u', resourceAttributes } });
  assert.deepEqual(
    [elsewhere.status, elsewhere.body.message],
    [400, 'the namespace of the provided object does not match the namespace sent on the request'],
  );
});

test('a review comes back with who sent which of its fields', async () => {
  const server = await startedServer();
  const review = await asker(
    server,
    `${AUTHORIZATION}/subjectaccessreviews`,
  )({ spec: { user: 'u', resourceAttributes } });
  const entry = (fieldsV1: object, apiVersion: string, subresource?: string) => ({
    manager: 'tester',
    operation: 'Update',
    apiVersion,
    time: '2026-01-01T00:00:00Z',
    fieldsType: 'FieldsV1',
    fieldsV1,
    ...(subresource ? { subresource } : {}),
  });
  const asked = { 'f:spec': { 'f:resourceAttributes': { '.': {}, 'f:resource': {}, 'f:verb': {} }, 'f:user': {} } };
  assert.deepEqual(review.body.metadata, { managedFields: [entry(asked, 'authorization.k8s.io/v1')] });
  const token = await asker(server, `${AUTHENTICATION}/tokenreviews`)({ spec: { token: 'x' } });
  assert.deepEqual(token.body.metadata, {
    managedFields: [entry({ 'f:spec': { 'f:token': {} } }, 'authentication.k8s.io/v1')],
  });
  await server.make(`${NS}/serviceaccounts`, { metadata: { name: 'builder' } });
  const { body } = await asker(server, `${NS}/serviceaccounts/builder/token`)({});
  assert.deepEqual(body.metadata.managedFields, [
    entry({ 'f:spec': { 'f:expirationSeconds': {} } }, 'authentication.k8s.io/v1', 'token'),
  ]);
});

test('what a review says that nobody knows is told, or refused where it is asked', async () => {
  const server = await startedServer();
  const path = `${AUTHORIZATION}/selfsubjectaccessreviews`;
  const body = { spec: { resourceAttributes, colour: 'red' } };
  const told = await server.ask('POST', `${path}?fieldValidation=Warn`, body);
  assert.deepEqual([told.status, told.headers['warning']], [201, '299 - "unknown field \\"spec.colour\\""']);
  const refused = await server.ask('POST', `${path}?fieldValidation=Strict`, body);
  assert.deepEqual(
    [refused.status, refused.body.message],
    [
      400,
      'SelfSubjectAccessReview in version "v1" cannot be handled as a SelfSubjectAccessReview: strict decoding error: unknown field "spec.colour"',
    ],
  );
});

for (const [claim, selectors, error] of [
  ['that cannot be read', { fieldSelector: { rawSelector: 'a' } }, 'fieldSelector ignored due to parse error'],
  [
    'of which some requirements are not understood',
    {
      fieldSelector: {
        requirements: [
          { key: 'a', operator: 'In', values: ['b'] },
          { key: 'a', operator: 'Exists' },
        ],
      },
    },
    'fieldSelector partially ignored due to parse error',
  ],
  [
    'with an operator of a later release',
    { labelSelector: { requirements: [{ key: 'a', operator: 'Above', values: ['1'] }] } },
    'labelSelector ignored due to parse error',
  ],
] as const) {
  test(`a selector ${claim} narrows nothing, and the answer says so`, async () => {
    const post = asker(await startedServer(), `${AUTHORIZATION}/selfsubjectaccessreviews`);
    const { body } = await post({ spec: { resourceAttributes: { ...resourceAttributes, ...selectors } } });
    assert.deepEqual(body.status, { allowed: true, evaluationError: `spec.resourceAttributes.${error}` });
  });
}

test('SelfSubjectReview says when it was answered', async () => {
  const { body } = await asker(await startedServer(), `${AUTHENTICATION}/selfsubjectreviews`)({});
  assert.deepEqual(body.metadata, { creationTimestamp: new Date(START).toISOString().replace('.000', '') });
});

test('TokenReview says why a token is not good', async () => {
  const server = await startedServer();
  const review = async (spec: object): Promise<any> =>
    (await asker(server, `${AUTHENTICATION}/tokenreviews`)({ spec })).body.status;
  assert.deepEqual(await review({ token: 'x' }), { user: {}, error: 'invalid bearer token' });
  await server.make(`${NS}/serviceaccounts`, { metadata: { name: 'builder' } });
  await server.make(`${NS}/secrets`, { metadata: { name: 's' } });
  const boundObjectRef = { kind: 'Secret', apiVersion: 'v1', name: 's' };
  const made = await server.ask('POST', `${NS}/serviceaccounts/builder/token`, { spec: { boundObjectRef } });
  const { token } = made.body.status;
  const errorOf = async (spec: object = {}): Promise<string> => (await review({ token, ...spec })).error;
  assert.equal(
    await errorOf({ audiences: ['vault'] }),
    '[invalid bearer token, token audiences ["https://issuer"] is invalid for the target audiences ["vault"]]',
  );
  await server.ask('DELETE', `${NS}/secrets/s`);
  assert.equal(await errorOf(), '[invalid bearer token, service account token has been invalidated]');
  const { metadata } = await server.make(`${NS}/secrets`, { metadata: { name: 's' } });
  assert.match(
    await errorOf(),
    new RegExp(
      `^\\[invalid bearer token, secret UID \\(${metadata.uid}\\) does not match service account secret ref claim`,
    ),
  );
  await server.ask('DELETE', `${NS}/serviceaccounts/builder`);
  assert.equal(await errorOf(), '[invalid bearer token, serviceaccounts "builder" not found]');
  server.pass(3_600_000);
  assert.equal(await errorOf(), '[invalid bearer token, service account token has expired]');
});

test('TokenRequest is for the account of its path, by its name and uid', async () => {
  const server = await startedServer();
  const { metadata } = await server.make(`${NS}/serviceaccounts`, { metadata: { name: 'builder' } });
  const post = asker(server, `${NS}/serviceaccounts/builder/token`);
  assert.equal((await post({})).body.metadata.uid, metadata.uid);
  const other = await post({ metadata: { name: 'x' } });
  assert.deepEqual(
    [other.status, other.body.message],
    [
      422,
      'TokenRequest.authentication.k8s.io "builder" is invalid: metadata.name: Invalid value: "x": must match the service account name if specified',
    ],
  );
  const before = await post({ metadata: { uid: 'u' } });
  assert.deepEqual(
    [before.status, before.body.message],
    [
      409,
      `Operation cannot be fulfilled on TokenRequest.authentication.k8s.io "builder": the UID in the token request (u) does not match the UID of the service account (${metadata.uid})`,
    ],
  );
});

test('TokenRequest says to what it binds no token', async () => {
  const server = await startedServer();
  await server.make(`${NS}/serviceaccounts`, { metadata: { name: 'builder' } });
  await server.make(`${NS}/secrets`, { metadata: { name: 's' } });
  const refusalOf = async (boundObjectRef: object): Promise<string> =>
    (await asker(server, `${NS}/serviceaccounts/builder/token`)({ spec: { boundObjectRef } })).body.message;
  const type = 'cannot bind token to object of type';
  assert.equal(await refusalOf({ kind: 'Thing', apiVersion: 'v1', name: 'x' }), `${type} /v1, Kind=Thing`);
  assert.equal(
    await refusalOf({ kind: 'MutatingWebhookConfiguration', apiVersion: 'admissionregistration.k8s.io/v1', name: 'x' }),
    `${type} admissionregistration.k8s.io/v1, Kind=MutatingWebhookConfiguration (feature gate APIServerWebhookAuthenticationToken is disabled)`,
  );
  assert.equal(
    await refusalOf({ kind: 'Secret', apiVersion: 'v1', name: 's', uid: 'u' }),
    'Operation cannot be fulfilled on Secret "s": the UID in the bound object reference (u) does not match the UID in record. The object might have been deleted and then recreated',
  );
});
