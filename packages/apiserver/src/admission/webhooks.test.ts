import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startedServer, type StartedServer } from '../testing/started-server.ts';
import type { WebhookAddress } from './webhooks/port.ts';

const NS = '/api/v1/namespaces/default';
const ADMISSION = '/apis/admissionregistration.k8s.io/v1';
const configMaps = `${NS}/configmaps`;
const onConfigMaps = { operations: ['*'], apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'] };
const base64 = (value: unknown): string => btoa(JSON.stringify(value));

interface Seen {
  readonly address: WebhookAddress;
  readonly request: any;
  readonly timeoutMs: number;
}

/** Answers as the path says; whatever was asked is remembered. */
async function withWebhooks(
  answers: Readonly<Record<string, (request: any) => object>>,
): Promise<StartedServer & { readonly seen: Seen[] }> {
  const seen: Seen[] = [];
  const server = await startedServer([], {
    webhooks: {
      async post(address, body, timeoutMs) {
        const { request } = JSON.parse(body);
        seen.push({ address, request, timeoutMs });
        const answer = answers[address.path.replace(/\?.*/, '')];
        if (!answer) throw new Error('connect: connection refused');
        return {
          status: 200,
          body: JSON.stringify({
            kind: 'AdmissionReview',
            apiVersion: 'admission.k8s.io/v1',
            response: { uid: request.uid, ...answer(request) },
          }),
        };
      },
    },
  });
  return { ...server, seen };
}

const webhook = (path: string, more: object = {}) => ({
  name: `${path.slice(1)}.example.com`,
  clientConfig: {
    url: `https://hook.example.com:8443/${path}`,
    caBundle: btoa('-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n'),
  },
  rules: [onConfigMaps],
  sideEffects: 'None',
  admissionReviewVersions: ['v1'],
  ...more,
});
const configure = (server: StartedServer, kind: 'validating' | 'mutating', ...webhooks: readonly object[]) =>
  server.make(`${ADMISSION}/${kind}webhookconfigurations`, { metadata: { name: kind }, webhooks });
const adds = (name: string) => () => ({
  allowed: true,
  patchType: 'JSONPatch',
  patch: base64([{ op: 'add', path: `/data/${name}`, value: 'yes' }]),
});
const config = (name = 'a', metadata: object = {}) => ({ metadata: { name, ...metadata }, data: { own: 'yes' } });

test('a validating webhook is told the request and refuses in its own words', async () => {
  const server = await withWebhooks({
    '/no': () => ({
      allowed: false,
      status: { code: 422, message: 'not today', reason: 'Invalid' },
      warnings: ['think again'],
    }),
  });
  await configure(server, 'validating', webhook('/no', { timeoutSeconds: 3 }));
  const { status, body, headers } = await server.ask('POST', configMaps, config());
  assert.deepEqual(
    [status, body.message, body.reason, headers['warning']],
    [422, 'admission webhook "no.example.com" denied the request: not today', 'Invalid', '299 - "think again"'],
  );
  const [{ address, request, timeoutMs } = assert.fail()] = server.seen;
  assert.deepEqual(
    [address.host, address.port, address.path, address.serverName, timeoutMs],
    ['hook.example.com', 8443, '/no?timeout=3s', 'hook.example.com', 3000],
  );
  assert.deepEqual(
    [
      request.operation,
      request.kind,
      request.resource,
      request.namespace,
      request.name,
      request.userInfo.username,
      request.dryRun,
      request.oldObject,
    ],
    [
      'CREATE',
      { group: '', version: 'v1', kind: 'ConfigMap' },
      { group: '', version: 'v1', resource: 'configmaps' },
      'default',
      'a',
      'admin',
      false,
      null,
    ],
  );
  assert.equal(request.object.data.own, 'yes');
  assert.equal((await server.ask('GET', `${configMaps}/a`)).status, 404);
});

test('a refusal without a word is a BadRequest', async () => {
  const server = await withWebhooks({ '/no': () => ({ allowed: false }) });
  await configure(server, 'validating', webhook('/no'));
  const { status, body } = await server.ask('POST', configMaps, config());
  assert.deepEqual(
    [status, body.message],
    [400, 'admission webhook "no.example.com" denied the request without explanation'],
  );
});

test('mutating webhooks change the object in turn; one that wants to is asked again', async () => {
  const server = await withWebhooks({
    '/one': (request) => adds(request.object.data.two ? 'again' : 'one')(),
    '/two': adds('two'),
  });
  await configure(server, 'mutating', webhook('/one', { reinvocationPolicy: 'IfNeeded' }), webhook('/two'));
  assert.deepEqual((await server.make(configMaps, config())).data, {
    again: 'yes',
    one: 'yes',
    own: 'yes',
    two: 'yes',
  });
  assert.deepEqual(
    server.seen.map(({ address }) => address.path),
    ['/one?timeout=10s', '/two?timeout=10s', '/one?timeout=10s'],
  );
});

test('a webhook cannot change who the object is or what the request may not write', async () => {
  const patch = [
    { op: 'replace', path: '/metadata/uid', value: 'x' },
    { op: 'add', path: '/metadata/deletionTimestamp', value: '2020-01-01T00:00:00Z' },
    { op: 'add', path: '/status', value: { phase: 'Running' } },
  ];
  const server = await withWebhooks({
    '/bad': () => ({ allowed: true, patchType: 'JSONPatch', patch: base64(patch) }),
  });
  await configure(server, 'mutating', webhook('/bad', { rules: [{ ...onConfigMaps, resources: ['pods'] }] }));
  await server.make(`${NS}/serviceaccounts`, { metadata: { name: 'default' } });
  const made = await server.make(`${NS}/pods`, {
    metadata: { name: 'p' },
    spec: { containers: [{ name: 'c', image: 'i' }] },
  });
  assert.notEqual(made.metadata.uid, 'x');
  assert.deepEqual([made.metadata.deletionTimestamp, made.status.phase], [undefined, 'Pending']);
});

test('a webhook that does not answer counts by its failure policy', async () => {
  const server = await withWebhooks({});
  await configure(server, 'validating', webhook('/gone', { failurePolicy: 'Ignore' }));
  assert.equal((await server.ask('POST', configMaps, config())).status, 201);
  await configure(server, 'mutating', webhook('/gone'));
  const { status, body } = await server.ask('POST', configMaps, config('b'));
  assert.deepEqual(
    [status, body.message],
    [
      500,
      'Internal error occurred: failed calling webhook "gone.example.com": failed to call webhook: connect: connection refused',
    ],
  );
});

test('an answer to another question is no answer', async () => {
  const server = await withWebhooks({ '/odd': () => ({ uid: 'other', allowed: true }) });
  await configure(server, 'validating', webhook('/odd'));
  assert.match((await server.ask('POST', configMaps, config())).body.message, /expected response.uid=/);
});

test('a dry run is for webhooks that leave nothing behind', async () => {
  const server = await withWebhooks({ '/some': () => ({ allowed: true }), '/none': () => ({ allowed: true }) });
  await configure(server, 'validating', webhook('/none'));
  assert.equal((await server.ask('POST', `${configMaps}?dryRun=All`, config())).status, 201);
  assert.equal(server.seen[0]?.request.dryRun, true);
  await configure(server, 'mutating', webhook('/some', { sideEffects: 'NoneOnDryRun' }));
  assert.equal((await server.ask('POST', `${configMaps}?dryRun=All`, config())).status, 201);
});

test('selectors of namespaces and objects choose what a webhook is asked about', async () => {
  const server = await withWebhooks({ '/no': () => ({ allowed: false }) });
  await configure(
    server,
    'validating',
    webhook('/no', {
      namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'default' } },
      objectSelector: { matchExpressions: [{ key: 'skip', operator: 'DoesNotExist' }] },
    }),
  );
  assert.equal((await server.ask('POST', '/api/v1/namespaces/kube-public/configmaps', config())).status, 201);
  assert.equal((await server.ask('POST', configMaps, config('a', { labels: { skip: '' } }))).status, 201);
  assert.equal((await server.ask('POST', configMaps, config('b'))).status, 400);
});

test('rules name operations, subresources and scope', async () => {
  const server = await withWebhooks({ '/no': () => ({ allowed: false }) });
  await server.make(`${NS}/serviceaccounts`, { metadata: { name: 'default' } });
  await server.make(`${NS}/pods`, { metadata: { name: 'p' }, spec: { containers: [{ name: 'c', image: 'i' }] } });
  await server.make('/api/v1/nodes', { metadata: { name: 'n' } });
  await configure(
    server,
    'validating',
    webhook('/no', {
      rules: [
        { operations: ['DELETE'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'] },
        { operations: ['CREATE'], apiGroups: ['*'], apiVersions: ['*'], resources: ['pods/*'] },
        { operations: ['CREATE'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*'], scope: 'Cluster' },
      ],
    }),
  );
  assert.equal((await server.ask('DELETE', `${NS}/pods/p`)).status, 400);
  assert.deepEqual([server.seen[0]?.request.object, server.seen[0]?.request.oldObject.metadata.name], [null, 'p']);
  assert.equal(
    (
      await server.ask('POST', `${NS}/pods/p/binding`, {
        apiVersion: 'v1',
        kind: 'Binding',
        metadata: { name: 'p' },
        target: { name: 'n' },
      })
    ).status,
    400,
  );
  assert.deepEqual([server.seen[1]?.request.subResource, server.seen[1]?.request.kind.kind], ['binding', 'Binding']);
  assert.equal((await server.ask('POST', configMaps, config())).status, 201);
  assert.equal((await server.ask('POST', '/api/v1/namespaces', { metadata: { name: 'x' } })).status, 400);
});

test('matchPolicy Equivalent guards the other versions of a resource in the version asked for', async () => {
  const autoscaler = {
    metadata: { name: 'h' },
    spec: {
      maxReplicas: 3,
      scaleTargetRef: { kind: 'Deployment', name: 'd', apiVersion: 'apps/v1' },
      targetCPUUtilizationPercentage: 50,
    },
  };
  for (const [matchPolicy, status] of [
    ['Equivalent', 400],
    ['Exact', 201],
  ] as const) {
    const server = await withWebhooks({ '/no': () => ({ allowed: false }) });
    await configure(
      server,
      'validating',
      webhook('/no', {
        matchPolicy,
        rules: [
          {
            operations: ['*'],
            apiGroups: ['autoscaling'],
            apiVersions: ['v1'],
            resources: ['horizontalpodautoscalers'],
          },
        ],
      }),
    );
    assert.equal(
      (await server.ask('POST', '/apis/autoscaling/v1/namespaces/default/horizontalpodautoscalers', autoscaler)).status,
      status,
    );
    if (status === 400) assert.equal(server.seen[0]?.request.object.spec.targetCPUUtilizationPercentage, 50);
  }
});

test('a service is asked at its endpoints, by its name', async () => {
  const server = await withWebhooks({ '/hook': () => ({ allowed: true }) });
  await server.make(`${NS}/services`, {
    metadata: { name: 'hooks' },
    spec: { ports: [{ port: 443, targetPort: 8443 }] },
  });
  const { url: _, ...clientConfig } = { url: '', service: { namespace: 'default', name: 'hooks', path: '/hook' } };
  await configure(server, 'validating', webhook('/hook', { clientConfig }));
  assert.match(
    (await server.ask('POST', configMaps, config())).body.message,
    /failed to call webhook: Post "https:\/\/hooks\.[a-z-]+\.svc:443\/[a-z/]*\?timeout=10s": no endpoints available for service "hooks"/,
  );
  await server.make('/apis/discovery.k8s.io/v1/namespaces/default/endpointslices', {
    metadata: { name: 'hooks-1', labels: { 'kubernetes.io/service-name': 'hooks' } },
    addressType: 'IPv4',
    ports: [{ port: 8443 }],
    endpoints: [{ addresses: ['10.244.0.9'], conditions: { ready: true } }],
  });
  assert.equal((await server.ask('POST', configMaps, config())).status, 201);
  const { host, port, serverName } = server.seen[0]?.address ?? assert.fail();
  assert.deepEqual([host, port, serverName], ['10.244.0.9', 8443, 'hooks.default.svc']);
});

test('webhooks are not asked about webhooks, so that a broken one can be mended', async () => {
  const server = await withWebhooks({});
  await configure(
    server,
    'validating',
    webhook('/gone', { rules: [{ operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*'] }] }),
  );
  assert.equal((await server.ask('POST', configMaps, config())).status, 500);
  assert.equal((await server.ask('DELETE', `${ADMISSION}/validatingwebhookconfigurations/validating`)).status, 200);
  assert.equal((await server.ask('POST', configMaps, config())).status, 201);
});

test('a webhook is asked before anybody gets a shell', async () => {
  const server = await withWebhooks({ '/no': () => ({ allowed: false, status: { message: 'no shells' } }) });
  await configure(
    server,
    'validating',
    webhook('/no', {
      rules: [{ operations: ['CONNECT'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods/exec'] }],
    }),
  );
  const { body } = await server.ask('POST', `${NS}/pods/p/exec?command=sh&command=-i&stdin=true&container=c`);
  assert.equal(body.message, 'admission webhook "no.example.com" denied the request: no shells');
  const { request } = server.seen[0] ?? assert.fail();
  assert.deepEqual(
    [request.operation, request.subResource, request.object],
    [
      'CONNECT',
      'exec',
      { kind: 'PodExecOptions', apiVersion: 'v1', stdin: true, container: 'c', command: ['sh', '-i'] },
    ],
  );
});

test('what is asked and never stored goes by webhooks, and not by policies: nobody is locked out by an expression', async () => {
  const server = await withWebhooks({
    '/narrow': ({ object }) => ({
      allowed: object.spec.resourceAttributes.verb !== 'delete',
      status: { message: 'nobody asks that' },
      patchType: 'JSONPatch',
      patch: base64([{ op: 'replace', path: '/spec/user', value: 'system:anonymous' }]),
    }),
  });
  const onReviews = {
    operations: ['*'],
    apiGroups: ['authorization.k8s.io'],
    apiVersions: ['*'],
    resources: ['subjectaccessreviews'],
  };
  await configure(server, 'mutating', webhook('/narrow', { rules: [onReviews] }));
  await server.make(`${ADMISSION}/validatingadmissionpolicies`, {
    metadata: { name: 'never' },
    spec: {
      matchConstraints: { resourceRules: [{ ...onReviews, apiGroups: ['*'], resources: ['*'] }] },
      validations: [{ expression: 'false' }],
    },
  });
  await server.make(`${ADMISSION}/validatingadmissionpolicybindings`, {
    metadata: { name: 'never' },
    spec: { policyName: 'never', validationActions: ['Deny'] },
  });
  const may = async (verb: string): Promise<readonly unknown[]> => {
    const { status, body } = await server.ask('POST', '/apis/authorization.k8s.io/v1/subjectaccessreviews', {
      spec: { user: 'admin', groups: ['system:masters'], resourceAttributes: { verb, resource: 'pods' } },
    });
    return [status, body.message ?? body.spec.user];
  };
  assert.deepEqual(await may('get'), [201, 'system:anonymous']);
  assert.deepEqual(await may('delete'), [
    400,
    'admission webhook "narrow.example.com" denied the request: nobody asks that',
  ]);
  assert.deepEqual(
    server.seen.map(({ request }) => [request.kind.kind, request.operation, request.name]),
    [
      ['SubjectAccessReview', 'CREATE', undefined],
      ['SubjectAccessReview', 'CREATE', undefined],
    ],
  );
});
