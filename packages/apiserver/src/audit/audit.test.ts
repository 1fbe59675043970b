import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startedServer, user } from '../testing/started-server.ts';
import type { AuditEvent } from './event.ts';
import { AuditPolicy } from './policy.ts';

const policyOf = (rules: readonly object[], rest: object = {}): AuditPolicy =>
  new AuditPolicy({ apiVersion: 'audit.k8s.io/v1', kind: 'Policy', ...rest, rules });

async function audited(rules: readonly object[], rest: object = {}) {
  const events: AuditEvent[] = [];
  const server = await startedServer([user('bob')], {
    audit: { policy: policyOf(rules, rest), sink: { write: (event) => void events.push(event) } },
  });
  return { ...server, events };
}

const configMaps = '/api/v1/namespaces/default/configmaps';
const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' }, data: { k: 'v' } };

test('a write is told of when it comes in and when it is answered, with its bodies where the level asks', async () => {
  const { ask, events } = await audited(
    [{ level: 'RequestResponse', resources: [{ group: '', resources: ['configmaps'] }] }],
    { omitManagedFields: true },
  );
  const made = await ask('POST', `${configMaps}?pretty=false`, body, {
    headers: { 'user-agent': 'kubectl/v1', 'audit-id': 'x', 'x-forwarded-for': '10.1.1.1, no' },
  });
  assert.equal(made.headers['audit-id'], 'x');
  const common = {
    kind: 'Event',
    apiVersion: 'audit.k8s.io/v1',
    level: 'RequestResponse',
    auditID: 'x',
    requestURI: `${configMaps}?pretty=false`,
    verb: 'create',
    user: { username: 'admin', groups: ['system:masters', 'system:authenticated'] },
    sourceIPs: ['10.1.1.1'],
    userAgent: 'kubectl/v1',
    requestReceivedTimestamp: '2026-01-01T00:00:00.000000Z',
    stageTimestamp: '2026-01-01T00:00:00.000000Z',
  };
  const { managedFields: _, ...metadata } = made.body.metadata;
  assert.deepEqual(events, [
    {
      ...common,
      stage: 'RequestReceived',
      objectRef: { resource: 'configmaps', namespace: 'default', apiVersion: 'v1' },
    },
    {
      ...common,
      stage: 'ResponseComplete',
      objectRef: { resource: 'configmaps', namespace: 'default', name: 'a', apiVersion: 'v1' },
      responseStatus: { metadata: {}, code: 201 },
      requestObject: body,
      responseObject: { ...made.body, metadata },
      annotations: { 'authorization.k8s.io/decision': 'allow', 'authorization.k8s.io/reason': '' },
    },
  ]);
});

test('of what is created the name is told whatever the level', async () => {
  const { ask, events } = await audited([{ level: 'Metadata', omitStages: ['RequestReceived'] }]);
  await ask('POST', configMaps, body);
  assert.deepEqual(
    events.map(({ objectRef, requestObject }) => [objectRef?.name, requestObject]),
    [['a', undefined]],
  );
});

test('a refusal carries its Status, whoever it is that asks', async () => {
  const { ask, events } = await audited([{ level: 'Metadata', omitStages: ['RequestReceived'] }]);
  await ask('GET', `${configMaps}/none`, undefined, { as: 'bob' });
  await ask('GET', `${configMaps}/none`);
  await ask('GET', configMaps, undefined, { headers: { authorization: 'Bearer nobody' } });
  await ask('GET', configMaps, undefined, { headers: { 'impersonate-user': 'bob' } });
  assert.deepEqual(
    events.map(({ stage, user: { username }, impersonatedUser, responseStatus, annotations = {}, requestObject }) => [
      stage,
      username,
      impersonatedUser?.username,
      responseStatus?.code,
      responseStatus?.reason,
      annotations['authorization.k8s.io/decision'],
      requestObject,
    ]),
    [
      ['ResponseComplete', 'bob', undefined, 403, 'Forbidden', 'forbid', undefined],
      ['ResponseComplete', 'admin', undefined, 404, 'NotFound', 'allow', undefined],
      ['ResponseStarted', undefined, undefined, 401, 'Unauthorized', undefined, undefined],
      ['ResponseComplete', 'admin', 'bob', 403, 'Forbidden', 'forbid', undefined],
    ],
  );
});

for (const [claim, rules, expected] of [
  [
    'the first rule counts',
    [{ level: 'None', verbs: ['get'] }, { level: 'Metadata' }],
    ['list configmaps', 'create configmaps'],
  ],
  [
    'resources, their groups and names',
    [{ level: 'Metadata', resources: [{ group: '', resources: ['configmaps'], resourceNames: ['a'] }] }],
    ['get configmaps'],
  ],
  [
    'a resource is not its parts',
    [{ level: 'Metadata', resources: [{ group: '', resources: ['namespaces/*'] }] }],
    ['get namespaces/status'],
  ],
  [
    'parts of everything',
    [{ level: 'Metadata', resources: [{ group: '', resources: ['*/status'] }] }],
    ['get namespaces/status'],
  ],
  ['namespaces', [{ level: 'Metadata', namespaces: ['other'] }], []],
  ['paths', [{ level: 'Metadata', nonResourceURLs: ['/ver*'] }], ['get /version']],
  [
    'users and groups',
    [
      { level: 'Metadata', users: ['bob'] },
      { level: 'Metadata', userGroups: ['system:masters'], verbs: ['create'] },
    ],
    ['create configmaps'],
  ],
] as const) {
  test(`AuditPolicy: ${claim}`, async () => {
    const { ask, events } = await audited(rules, { omitStages: ['RequestReceived'] });
    await ask('GET', configMaps);
    await ask('POST', configMaps, body);
    await ask('GET', `${configMaps}/a`);
    await ask('GET', '/api/v1/namespaces/default/status');
    await ask('GET', '/version');
    const shown = events.map(
      ({ verb, objectRef, requestURI }) =>
        `${verb} ${objectRef ? [objectRef.resource, objectRef.subresource].filter(Boolean).join('/') : requestURI}`,
    );
    assert.deepEqual(shown, expected);
  });
}

for (const [claim, document, message] of [
  ['another kind', { apiVersion: 'audit.k8s.io/v1', kind: 'Event' }, /no kind "Policy"/],
  [
    'no rules',
    { apiVersion: 'audit.k8s.io/v1', kind: 'Policy', rules: [] },
    /^Error: loaded illegal policy with 0 rules$/,
  ],
  [
    'a level nobody knows',
    { apiVersion: 'audit.k8s.io/v1', kind: 'Policy', rules: [{ level: 'All' }] },
    /rules\[0\]\.level: Unsupported value: "All": supported values: "None", "Metadata", "Request", "RequestResponse"/,
  ],
  [
    'resources and paths in one rule',
    {
      apiVersion: 'audit.k8s.io/v1',
      kind: 'Policy',
      rules: [{ level: 'None', namespaces: ['x'], nonResourceURLs: ['/a'] }],
    },
    /rules cannot apply to both regular resources and non-resource URLs/,
  ],
  [
    'a pattern with a star within',
    { apiVersion: 'audit.k8s.io/v1', kind: 'Policy', rules: [{ level: 'None', nonResourceURLs: ['/a*b'] }] },
    /must be the final character of the rule/,
  ],
] as const) {
  test(`AuditPolicy refuses ${claim}`, () => assert.throws(() => new AuditPolicy(document), message));
}
