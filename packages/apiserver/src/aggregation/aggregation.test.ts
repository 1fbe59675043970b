import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { parseFeatureGates } from '../features/feature-gates.ts';
import type { ServeOptions } from '../serve.ts';
import { startedServer, user } from '../testing/started-server.ts';
import type { ExtensionServer, ExtensionServers, RemoteHeaders } from './extension-servers.ts';

interface Call {
  readonly server: ExtensionServer;
  readonly path: string;
  readonly headers: RemoteHeaders;
}

const LIST = {
  kind: 'APIResourceList',
  groupVersion: 'wardle.example.com/v1alpha1',
  resources: [
    { name: 'flunders', singularName: 'flunder', namespaced: true, kind: 'Flunder', verbs: ['get', 'list'] },
    { name: 'flunders/status', singularName: '', namespaced: true, kind: 'Flunder', verbs: ['get'] },
  ],
};
const V2 = {
  paths: { '/apis/wardle.example.com/v1alpha1/flunders': {}, '/version/': {} },
  definitions: { 'wardle.Flunder': { type: 'object' } },
};
const V3 = { openapi: '3.0.0', components: { schemas: {} } };
const DOCUMENTS: Readonly<Record<string, unknown>> = {
  '/apis/wardle.example.com/v1alpha1': LIST,
  '/openapi/v2': V2,
  '/openapi/v3/apis/wardle.example.com/v1alpha1': V3,
};

/** Turns of the process in which everything that is to be done at once gets done. */
const TURNS = 300;
async function settled(): Promise<void> {
  for (let i = 0; i < TURNS; i++) await setImmediate();
}

const SERVICES = '/api/v1/namespaces/default/services';
const SLICES = '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices';
const API_SERVICES = '/apis/apiregistration.k8s.io/v1/apiservices';
const NAME = 'v1alpha1.wardle.example.com';

/** A server whose extension server answers with a status, or not at all. */
async function started(status = 200, more: Partial<ServeOptions> = {}) {
  const calls: Call[] = [];
  const servers: ExtensionServers = {
    async get(server, path, headers) {
      calls.push({ server, path, headers });
      if (status === 0) throw new Error('connect ECONNREFUSED');
      const body = DOCUMENTS[path];
      return { status: body ? status : 404, headers: {}, body: JSON.stringify(body ?? {}) };
    },
  };
  const all = await startedServer([user('bob', 'builders'), { ...user('uma', 'system:masters'), uid: '7' }], {
    extensions: servers,
    ...more,
  });
  const end = new AbortController();
  const running = all.housekeep(end.signal).catch((error: unknown) => {
    if (!end.signal.aborted) throw error;
  });
  return {
    ...all,
    calls,
    [Symbol.asyncDispose]: async () => {
      end.abort();
      await running;
    },
  };
}

type Started = Awaited<ReturnType<typeof started>>;

async function register({ make }: Started, spec: object = {}): Promise<void> {
  const service = { namespace: 'default', name: 'sample-api', port: 7443 };
  await make(API_SERVICES, {
    metadata: { name: NAME },
    spec: {
      group: 'wardle.example.com',
      version: 'v1alpha1',
      service,
      groupPriorityMinimum: 2000,
      versionPriority: 200,
      insecureSkipTLSVerify: true,
      ...spec,
    },
  });
}

async function serve({ make }: Started, port = 7443, addresses: readonly string[] = ['10.244.0.9']): Promise<void> {
  await make(SERVICES, { metadata: { name: 'sample-api' }, spec: { ports: [{ port, targetPort: 443 }] } });
  await make(SLICES, {
    metadata: { name: 'sample-api-1', labels: { 'kubernetes.io/service-name': 'sample-api' } },
    addressType: 'IPv4',
    ports: [{ name: '', port: 443 }],
    endpoints: addresses.map((address) => ({ addresses: [address], conditions: { ready: true } })),
  });
}

/** The condition, once all that is to be done at once has been done. */
async function condition({ ask }: Started): Promise<readonly unknown[]> {
  await settled();
  const { status } = (await ask('GET', `${API_SERVICES}/${NAME}`)).body;
  const found = status.conditions?.find(({ type }: { readonly type: string }) => type === 'Available');
  return found ? [found.status, found.reason, found.message] : [];
}

test("an APIService says why its server cannot be reached, in upstream's words", async () => {
  await using server = await started();
  await register(server);
  assert.deepEqual(await condition(server), [
    'False',
    'ServiceNotFound',
    'service/sample-api in "default" is not present',
  ]);
  await server.make(SERVICES, { metadata: { name: 'sample-api' }, spec: { ports: [{ port: 80 }] } });
  assert.deepEqual(await condition(server), [
    'False',
    'ServicePortError',
    'service/sample-api in "default" is not listening on port 7443',
  ]);
  await server.ask('PATCH', `${SERVICES}/sample-api`, [{ op: 'replace', path: '/spec/ports/0/port', value: 7443 }], {
    headers: { 'content-type': 'application/json-patch+json' },
  });
  assert.deepEqual(await condition(server), [
    'False',
    'EndpointsNotFound',
    'cannot find endpointslices for service/sample-api in "default"',
  ]);
  await server.make(SLICES, {
    metadata: { name: 'a', labels: { 'kubernetes.io/service-name': 'sample-api' } },
    addressType: 'IPv4',
    ports: [{ name: '', port: 443 }],
    endpoints: [],
  });
  assert.deepEqual(await condition(server), [
    'False',
    'MissingEndpoints',
    'endpointslices for service/sample-api in "default" have no addresses with port name ""',
  ]);
});

test('an APIService whose server answers badly, or not, says what came of asking', async () => {
  for (const [status, words] of [
    [500, 'bad status from https://10.244.0.9:443/apis/wardle.example.com/v1alpha1: 500'],
    [0, 'connect ECONNREFUSED'],
  ] as const) {
    await using server = await started(status);
    await serve(server);
    await register(server);
    const [is, reason, message] = await condition(server);
    assert.deepEqual([is, reason], ['False', 'FailedDiscoveryCheck']);
    assert.ok(
      (message as string).startsWith(
        'failing or missing response from https://10.244.0.9:443/apis/wardle.example.com/v1alpha1: ',
      ) && (message as string).includes(words),
      message as string,
    );
    const refused = await server.ask('GET', '/apis/wardle.example.com/v1alpha1/flunders');
    assert.deepEqual([refused.status, refused.text], [503, 'service unavailable\n']);
  }
});

test('requests for a registered version go to its server, as whoever asked, once it is available', async () => {
  await using server = await started();
  await serve(server);
  await register(server, {
    insecureSkipTLSVerify: false,
    caBundle: btoa('-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n'),
  });
  assert.deepEqual(await condition(server), ['True', 'Passed', 'all checks passed']);
  const { target } = await server.ask('GET', '/apis/wardle.example.com/v1alpha1/namespaces/default/flunders?limit=5');
  assert.deepEqual(
    [target?.scheme, target?.host, target?.port, target?.path],
    ['https', '10.244.0.9', 443, '/apis/wardle.example.com/v1alpha1/namespaces/default/flunders?limit=5'],
  );
  assert.deepEqual(target?.extension?.headers, {
    'x-remote-user': 'admin',
    'x-remote-group': ['system:masters', 'system:authenticated'],
  });
  assert.deepEqual(target?.extension?.server, {
    host: '10.244.0.9',
    port: 443,
    serverName: 'sample-api.default.svc',
    isUnverified: false,
    authority: '-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n',
  });
  const discovery = server.calls.find(({ path }) => path === '/apis/wardle.example.com/v1alpha1');
  assert.deepEqual(discovery?.headers, {
    'x-remote-user': 'system:kube-aggregator',
    'x-remote-group': ['system:masters'],
  });
  assert.equal(
    (await server.ask('GET', '/apis/wardle.example.com/v1alpha1')).target?.path,
    '/apis/wardle.example.com/v1alpha1',
  );
});

test('extension servers are told the uid of who asks, as far as RemoteRequestHeaderUID is on', async () => {
  const uid = async (more: Partial<ServeOptions>): Promise<unknown> => {
    await using server = await started(200, more);
    await serve(server);
    await register(server);
    await settled();
    const { target } = await server.ask('GET', '/apis/wardle.example.com/v1alpha1/flunders', undefined, { as: 'uma' });
    assert.equal(target?.extension?.headers['x-remote-user'], 'uma');
    return target?.extension?.headers['x-remote-uid'];
  };
  assert.equal(await uid({}), '7');
  assert.equal(await uid({ features: parseFeatureGates(['RemoteRequestHeaderUID=false']) }), undefined);
});

test('requests for extension servers are authorized before they go there', async () => {
  await using server = await started();
  await serve(server);
  await register(server);
  await condition(server);
  const refused = await server.ask('GET', '/apis/wardle.example.com/v1alpha1/namespaces/default/flunders', undefined, {
    as: 'bob',
  });
  assert.equal(refused.status, 403);
});

test('discovery and OpenAPI tell of extension servers, by their priority, until their APIService is gone', async () => {
  await using server = await started();
  const accept = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
  const groups = async (): Promise<readonly any[]> =>
    (await server.ask('GET', '/apis', undefined, { headers: { accept } })).body.items;
  const find = async (): Promise<any> =>
    (await groups()).find(({ metadata }) => metadata.name === 'wardle.example.com');
  await register(server);
  await condition(server);
  assert.deepEqual((await find()).versions, [{ version: 'v1alpha1', resources: [], freshness: 'Stale' }]);
  await serve(server);
  await condition(server);
  const [version] = (await find()).versions;
  assert.deepEqual(
    [
      version.freshness,
      version.resources[0].resource,
      version.resources[0].scope,
      version.resources[0].subresources[0].subresource,
    ],
    ['Current', 'flunders', 'Namespaced', 'status'],
  );
  assert.equal((await groups()).at(-1).metadata.name, 'wardle.example.com');
  assert.equal(
    (await server.ask('GET', '/apis/wardle.example.com')).body.preferredVersion.groupVersion,
    'wardle.example.com/v1alpha1',
  );
  const v2 = (await server.ask('GET', '/openapi/v2')).body;
  assert.ok(
    '/apis/wardle.example.com/v1alpha1/flunders' in v2.paths &&
      'wardle.Flunder' in v2.definitions &&
      v2.paths['/version/'].get.operationId === 'getCodeVersion',
  );
  const root = (await server.ask('GET', '/openapi/v3')).body.paths['apis/wardle.example.com/v1alpha1']
    .serverRelativeURL;
  assert.deepEqual((await server.ask('GET', root)).body, V3);
  await server.ask('DELETE', `${API_SERVICES}/${NAME}`);
  await settled();
  assert.equal(await find(), undefined);
  assert.equal((await server.ask('GET', '/apis/wardle.example.com/v1alpha1')).status, 404);
});

test('extension servers are told whom to believe, and what people added to it stays', async () => {
  const authenticationConfig = {
    clientAuthority: 'CA',
    requestHeaderAuthority: 'FRONT',
    allowedNames: ['front-proxy-client'],
  };
  const { ask } = await startedServer([], { authenticationConfig });
  const { data } = (await ask('GET', '/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication'))
    .body;
  assert.deepEqual(data, {
    'client-ca-file': 'CA',
    'requestheader-allowed-names': '["front-proxy-client"]',
    'requestheader-client-ca-file': 'FRONT',
    'requestheader-extra-headers-prefix': '["X-Remote-Extra-"]',
    'requestheader-group-headers': '["X-Remote-Group"]',
    'requestheader-uid-headers': '["X-Remote-Uid"]',
    'requestheader-username-headers': '["X-Remote-User"]',
  });
});

test('what the server serves itself has APIServices too, of custom resources for as long as they are served', async () => {
  await using server = await started();
  const { ask, make } = server;
  const get = async (name: string): Promise<any> => {
    await settled();
    return (await ask('GET', `${API_SERVICES}/${name}`)).body;
  };
  const apps = await get('v1.apps');
  assert.deepEqual(
    [apps.metadata.labels, apps.spec],
    [
      { 'kube-aggregator.kubernetes.io/automanaged': 'onstart' },
      { group: 'apps', version: 'v1', groupPriorityMinimum: 17_800, versionPriority: 15 },
    ],
  );
  assert.deepEqual([apps.status.conditions[0].status, apps.status.conditions[0].reason], ['True', 'Local']);
  assert.equal((await get('v1.authorization.k8s.io')).spec.groupPriorityMinimum, 17_600);
  assert.deepEqual((await get('v1.')).spec, { version: 'v1', groupPriorityMinimum: 18_000, versionPriority: 1 });
  const definition = {
    metadata: { name: 'foos.e.com' },
    spec: {
      group: 'e.com',
      scope: 'Namespaced',
      names: { plural: 'foos', singular: 'foo', kind: 'Foo', listKind: 'FooList' },
      versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
    },
  };
  await make('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', definition);
  assert.deepEqual((await get('v1.e.com')).metadata.labels, { 'kube-aggregator.kubernetes.io/automanaged': 'true' });
  await ask('DELETE', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/foos.e.com');
  assert.equal((await get('v1.e.com')).code, 404);
  assert.equal((await get('v1.apps')).metadata.uid, apps.metadata.uid);
});
