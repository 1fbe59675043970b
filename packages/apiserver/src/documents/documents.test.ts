import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseFeatureGates } from '../features/feature-gates.ts';
import { asked, settled } from '../testing/ask.ts';

const AGGREGATED = (version: string): string =>
  `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`;

test('discovery is aggregated for who asks so, in the version asked for first, and lists otherwise', async () => {
  const { ask } = await asked();
  const [v2, beta, list] = [
    await ask('GET', '/apis', undefined, { accept: `${AGGREGATED('v2')},${AGGREGATED('v2beta1')},application/json` }),
    await ask('GET', '/api', undefined, { accept: AGGREGATED('v2beta1') }),
    await ask('GET', '/apis'),
  ];
  assert.deepEqual(
    [v2.headers['content-type'], v2.body.apiVersion, v2.headers['vary']],
    [AGGREGATED('v2'), 'apidiscovery.k8s.io/v2', 'Accept'],
  );
  assert.deepEqual(
    [beta.body.apiVersion, beta.body.items[0].versions[0].version],
    ['apidiscovery.k8s.io/v2beta1', 'v1'],
  );
  assert.equal(list.body.kind, 'APIGroupList');
  assert.deepEqual(
    v2.body.items.map((item: any) => item.metadata.name),
    list.body.groups.map((group: any) => group.name),
  );
  assert.deepEqual((await ask('GET', '/api')).body.serverAddressByClientCIDRs, [
    { clientCIDR: '0.0.0.0/0', serverAddress: '10.0.0.1:6443' },
  ]);
});

test('a document that the client has is not sent again', async () => {
  const { ask } = await asked();
  for (const [target, accept] of [
    ['/apis', AGGREGATED('v2')],
    ['/openapi/v3', 'application/json'],
    ['/openapi/v2', 'application/json'],
    ['/openapi/v3/apis/apps/v1', 'application/json'],
  ] as const) {
    const first = await ask('GET', target, undefined, { accept });
    const second = await ask('GET', target, undefined, {
      accept,
      'if-none-match': `"other", ${first.headers['etag'] ?? ''}`,
    });
    assert.deepEqual([first.status, second.status, second.bytes.length], [200, 304, 0], target);
  }
});

test('an OpenAPI document asked for by its hash is kept for ever; by another hash it is elsewhere', async () => {
  const { ask } = await asked();
  const url: string = (await ask('GET', '/openapi/v3')).body.paths['apis/apps/v1'].serverRelativeURL;
  const right = await ask('GET', url);
  assert.deepEqual([right.body.openapi, right.headers['cache-control']], ['3.0.0', 'public, immutable']);
  const wrong = await ask('GET', '/openapi/v3/apis/apps/v1?hash=0');
  assert.deepEqual([wrong.status, wrong.headers['location'], wrong.headers['etag']], [301, url, right.headers['etag']]);
  assert.deepEqual(
    [right.headers['last-modified'], right.headers['expires']],
    ['Thu, 01 Jan 2026 00:00:00 GMT', 'Fri, 01 Jan 2027 00:00:00 GMT'],
  );
});

test('health says ok, or which check failed; a check may be asked alone or left out', async () => {
  const { ask } = await asked();
  assert.equal((await ask('GET', '/livez')).text, 'ok');
  assert.match(
    (await ask('GET', '/readyz?verbose&exclude=etcd&exclude=none')).text,
    /^\[\+\]ping ok\n\[\+\]log ok\n\[\+\]etcd excluded: ok\n[^]*\[\+\]shutdown ok\nwarn: some health checks cannot be excluded: no matches for "none"\nreadyz check passed\n$/,
  );
  assert.equal((await ask('GET', '/livez/poststarthook/rbac/bootstrap-roles')).text, 'ok');
  assert.equal((await ask('GET', '/livez/none')).status, 404);
});

test('the root names its paths; what is no path is not found', async () => {
  const { ask } = await asked();
  const { paths } = (await ask('GET', '/')).body;
  for (const path of ['/api/v1', '/apis/apps/v1', '/livez/ping', '/openapi/v3', '/version'])
    assert.ok(paths.includes(path), path);
  for (const path of ['/api/v9', '/apis/apps/v9', '/apis/apps/v9/deployments'])
    assert.deepEqual(
      [path, (await ask('GET', path)).body?.message],
      [path, 'the server could not find the requested resource'],
    );
  assert.deepEqual((await ask('GET', '/index.html')).body, (await ask('GET', '/')).body);
  for (const path of ['/logs', '/debug/pprof', '/apis/nobody', '/apis/nobody/v1/somethings'])
    assert.deepEqual([path, (await ask('GET', path)).text], [path, '404 page not found\n']);
  assert.equal((await ask('POST', '/version')).status, 405);
});

test('keys are served with the types and the time to keep them that verifiers expect', async () => {
  const { ask } = await asked();
  const keys = await ask('GET', '/openid/v1/jwks');
  assert.deepEqual(
    [keys.headers['content-type'], keys.headers['cache-control'], keys.body.keys],
    ['application/jwk-set+json', 'public, max-age=3600', []],
  );
  // Where the server itself is: not everybody reaches the issuer.
  assert.deepEqual((await ask('GET', '/.well-known/openid-configuration')).body, {
    issuer: 'https://issuer',
    jwks_uri: 'https://10.0.0.1:6443/openid/v1/jwks',
    response_types_supported: ['id_token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: [],
  });
});

test("OpenAPI v2 is JSON, or gnostic's protobuf for who asks so, under a type that can be parsed", async () => {
  const { ask } = await asked();
  const json = await ask('GET', '/openapi/v2');
  assert.deepEqual(json.body.definitions['io.k8s.api.core.v1.ServicePort'].properties.targetPort, {
    description: "The pods' port, a number or a name of a container's port. As port where nothing is said.",
    $ref: '#/definitions/io.k8s.apimachinery.pkg.util.intstr.IntOrString',
  });
  assert.deepEqual(json.body.definitions['io.k8s.api.apps.v1.DeploymentList']['x-kubernetes-group-version-kind'], [
    { group: 'apps', kind: 'DeploymentList', version: 'v1' },
  ]);
  const older = await ask('GET', '/openapi/v2', undefined, {
    accept: 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf',
  });
  assert.equal(older.headers['content-type'], 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf');
  // Field 1 is the version of OpenAPI; whether the rest is right, oracles/client asks the official reader.
  assert.deepEqual([...older.bytes.subarray(0, 5)], [0x0a, 3, ...Buffer.from('2.0')]);
  assert.equal((await ask('GET', '/openapi/v2', undefined, { accept: 'text/html' })).status, 406);
});

test('every reference of an OpenAPI document leads somewhere', async () => {
  const { ask } = await asked();
  for (const target of ['/openapi/v2', '/openapi/v3/api/v1', '/openapi/v3/apis/apiextensions.k8s.io/v1']) {
    const { body, text } = await ask('GET', target);
    const known = new Set(Object.keys(body.definitions ?? body.components.schemas));
    const missing = [...text.matchAll(/"\$ref":"#\/(?:definitions|components\/schemas)\/([^"]+)"/g)]
      .map((match) => match[1] ?? '')
      .filter((name) => !known.has(name));
    assert.deepEqual([target, missing], [target, []]);
  }
});

test('documents say what every object has and what its metadata is, of custom resources too', async () => {
  const { ask } = await asked();
  const schema = {
    type: 'object',
    description: 'Waldo',
    properties: { spec: { type: 'object', description: 'What is wanted' } },
  };
  await ask('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', {
    metadata: { name: 'waldos.e.com' },
    spec: {
      group: 'e.com',
      scope: 'Namespaced',
      names: { plural: 'waldos', singular: 'waldo', kind: 'Waldo', listKind: 'WaldoList' },
      versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema } }],
    },
  });
  await settled();
  for (const [target, name] of [
    ['/openapi/v3/apis/e.com/v1', 'com.e.v1.Waldo'],
    ['/openapi/v3/apis/apps/v1', 'io.k8s.api.apps.v1.Deployment'],
  ] as const) {
    const { schemas } = (await ask('GET', target)).body.components;
    const { apiVersion, metadata } = schemas[name].properties;
    assert.match(apiVersion.description, /^APIVersion defines/);
    assert.equal(metadata.description, "Standard object's metadata.");
    const meta = schemas['io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta'].properties;
    assert.deepEqual(
      Object.keys(meta).filter((field) => !meta[field].description),
      [],
    );
    assert.match(meta.creationTimestamp.description, /^CreationTimestamp is a timestamp/);
  }
});

test('discovery is in lists only where AggregatedDiscoveryEndpoint is off', async () => {
  const { ask } = await asked({ features: parseFeatureGates(['AggregatedDiscoveryEndpoint=false']) });
  const { body, headers } = await ask('GET', '/apis', undefined, { accept: `${AGGREGATED('v2')},application/json` });
  assert.deepEqual([body.kind, headers['content-type']], ['APIGroupList', 'application/json']);
});

test('OpenAPI v3 has paths of what is only asked, and names for what is a text or a number', async () => {
  const { ask } = await asked();
  const {
    body: {
      paths,
      components: { schemas },
    },
  } = await ask('GET', '/openapi/v3/api/v1');
  assert.deepEqual(Object.keys(paths['/api/v1/namespaces/{namespace}/bindings']), ['post', 'parameters']);
  assert.deepEqual(Object.keys(paths['/api/v1/componentstatuses/{name}']), ['get', 'parameters']);
  assert.deepEqual(Object.keys(paths['/api/v1/namespaces/{namespace}/pods/{name}']), [
    'get',
    'put',
    'delete',
    'patch',
    'parameters',
  ]);
  const { body: reviews } = await ask('GET', '/openapi/v3/apis/authentication.k8s.io/v1');
  assert.deepEqual(Object.keys(reviews.paths['/apis/authentication.k8s.io/v1/tokenreviews']), ['post', 'parameters']);
  // kubectl explain shows the name of a type that is neither: <IntOrString>.
  assert.deepEqual(schemas['io.k8s.apimachinery.pkg.util.intstr.IntOrString'], {
    description: 'A number, or a text such as a percentage or a name.',
    format: 'int-or-string',
    oneOf: [{ type: 'integer' }, { type: 'string' }],
  });
  assert.equal(schemas['io.k8s.apimachinery.pkg.api.resource.Quantity'].type, undefined);
});

test('componentstatuses tell of the store', async () => {
  const { ask } = await asked();
  const { body } = await ask('GET', '/api/v1/componentstatuses');
  assert.deepEqual(
    body.items.map(({ metadata, conditions }: { readonly metadata: any; readonly conditions: readonly any[] }) => [
      metadata.name,
      conditions[0].status,
    ]),
    [
      ['controller-manager', 'False'],
      ['etcd-0', 'True'],
      ['scheduler', 'False'],
    ],
  );
  assert.equal((await ask('GET', '/api/v1/componentstatuses/none')).status, 404);
});

const STATUSZ = 'v=v1beta1;g=config.k8s.io;as=Statusz';

test('/statusz tells people how long the server runs, and machines that ask for exactly that', async () => {
  const { ask, clock } = await asked();
  await clock.advance(3_725_000);
  const { text, headers } = await ask('GET', '/statusz', undefined, { accept: '*/*' });
  assert.equal(headers['content-type'], 'text/plain; charset=utf-8');
  assert.match(
    text,
    /^\nkube-apiserver statusz\nWarning: .*\n\nStarted: [A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d UTC \d{4}\nUp: 1 hr 02 min 05 sec\nGo version: none\nBinary version: 1\.37\.\d+\nEmulation version: 1\.37\nPaths: \/flagz \/healthz \/livez \/metrics \/readyz \/statusz \/version\n$/,
  );
  const { body } = await ask('GET', '/statusz', undefined, { accept: `application/json;${STATUSZ}` });
  assert.deepEqual(
    [body.kind, body.apiVersion, body.metadata.name, body.uptimeSeconds],
    ['Statusz', 'config.k8s.io/v1beta1', 'kube-apiserver', 3725],
  );
  assert.match(
    (await ask('GET', '/statusz', undefined, { accept: `application/yaml;${STATUSZ}` })).text,
    /^uptimeSeconds: 3725$/m,
  );
  const old = await ask('GET', '/statusz', undefined, {
    accept: 'application/json;v=v1alpha1;g=config.k8s.io;as=Statusz',
  });
  assert.equal(
    old.headers['warning'],
    '299 - "This version of the statusz endpoint is deprecated. Please use a newer version."',
  );
  for (const accept of [
    'application/json',
    'application/json;v=v2;g=config.k8s.io;as=Statusz',
    'application/json;v=v1beta1;g=config.k8s.io;as=Flagz',
  ]) {
    const refused = await ask('GET', '/statusz', undefined, { accept });
    assert.equal(refused.status, 406, accept);
    assert.equal(
      refused.body.message,
      'only the following media types are accepted: application/json, application/yaml, text/plain',
    );
  }
});

test('/flagz tells what the server was started with; both pages can be switched off', async () => {
  const { ask } = await asked({ flags: { 'secure-port': '6443', 'bind-address': '::' } });
  assert.match(
    (await ask('GET', '/flagz', undefined, { accept: 'text/plain' })).text,
    /^\nkube-apiserver flagz\nWarning: .*\n\nbind-address=::\nsecure-port=6443\n$/,
  );
  const { body } = await ask('GET', '/flagz', undefined, {
    accept: 'application/json;v=v1beta1;g=config.k8s.io;as=Flagz',
  });
  assert.deepEqual(body, {
    kind: 'Flagz',
    apiVersion: 'config.k8s.io/v1beta1',
    metadata: { name: 'kube-apiserver' },
    flags: { 'secure-port': '6443', 'bind-address': '::' },
  });
  const off = await asked({ features: parseFeatureGates(['ComponentFlagz=false', 'ComponentStatusz=false']) });
  for (const path of ['/flagz', '/statusz']) assert.equal((await off.ask('GET', path)).status, 404);
  assert.ok(!(await off.ask('GET', '/')).body.paths.includes('/flagz'));
});

test('/metrics/slis tells how each check went, by endpoint', async () => {
  const { ask } = await asked();
  await ask('GET', '/readyz?exclude=etcd');
  await ask('GET', '/livez/etcd');
  const { text } = await ask('GET', '/metrics/slis');
  assert.ok(
    text.split('\n').includes('kubernetes_healthchecks_total{name="informer-sync",status="success",type="readyz"} 1'),
  );
  assert.ok(text.split('\n').includes('kubernetes_healthcheck{name="ping",type="readyz"} 1'));
  assert.doesNotMatch(text, /name="etcd"/);
  assert.equal((await ask('GET', '/metrics/more')).status, 404);
});

test('DELETE of /metrics and of /metrics/slis counts anew', async () => {
  const { ask } = await asked();
  await ask('GET', '/readyz');
  await ask('GET', '/api/v1/nodes');
  const ofNodes = async (): Promise<readonly string[]> =>
    (await ask('GET', '/metrics')).text
      .split('\n')
      .filter((line) => line.startsWith('apiserver_request_total{') && line.includes('resource="nodes"'));
  assert.equal((await ofNodes()).length, 1);
  const reset = await ask('DELETE', '/metrics');
  assert.deepEqual([reset.status, reset.text], [200, 'metrics reset\n']);
  assert.deepEqual(await ofNodes(), []);
  const readyz = 'kubernetes_healthchecks_total{name="ping",status="success",type="readyz"} ';
  assert.ok((await ask('GET', '/metrics/slis')).text.includes(`${readyz}1\n`));
  assert.equal((await ask('DELETE', '/metrics/slis')).text, 'metrics reset\n');
  assert.ok((await ask('GET', '/metrics/slis')).text.includes(`${readyz}0\n`));
  assert.equal((await ask('DELETE', '/metrics/more')).status, 404);
});

test('groups come by their priority and then by name, whatever order they were declared in; the core does not say its version', async () => {
  const { ask } = await asked();
  const { groups } = (await ask('GET', '/apis')).body;
  const names: readonly string[] = groups.map((group: { readonly name: string }) => group.name);
  assert.deepEqual(names.slice(0, 7), [
    'apiregistration.k8s.io',
    'apps',
    'events.k8s.io',
    'authentication.k8s.io',
    'authorization.k8s.io',
    'autoscaling',
    'batch',
  ]);
  assert.ok(names.indexOf('admissionregistration.k8s.io') === names.indexOf('apiextensions.k8s.io') - 1);
  const { items } = (await ask('GET', '/apis', undefined, { accept: AGGREGATED('v2') })).body;
  assert.deepEqual(
    items.map((item: { readonly metadata: { readonly name: string } }) => item.metadata.name),
    names,
  );
  for (const path of ['/api', '/api/v1']) assert.equal((await ask('GET', path)).body.apiVersion, undefined);
  assert.equal((await ask('GET', '/apis/apps/v1')).body.apiVersion, 'v1');
});

test('OpenAPI names every way to ask as generated clients call it, and writes shared parameters once', async () => {
  const { ask } = await asked();
  const { paths, parameters, security } = (await ask('GET', '/openapi/v2')).body;
  const ids = (path: string): readonly string[] =>
    Object.values(paths[path] as Record<string, { readonly operationId?: string }>).flatMap(
      ({ operationId }) => operationId ?? [],
    );
  assert.deepEqual(ids('/api/v1/namespaces/{namespace}/pods'), [
    'listCoreV1NamespacedPod',
    'createCoreV1NamespacedPod',
    'deleteCoreV1CollectionNamespacedPod',
  ]);
  assert.deepEqual(ids('/apis/rbac.authorization.k8s.io/v1/watch/roles'), [
    'watchRbacAuthorizationV1RoleListForAllNamespaces',
  ]);
  assert.deepEqual(ids('/api/v1/namespaces/{namespace}/pods/{name}/exec'), [
    'connectCoreV1GetNamespacedPodExec',
    'connectCoreV1PostNamespacedPodExec',
  ]);
  assert.equal(ids('/api/v1/nodes/{name}/proxy/{path}').length, 7);
  const [shared = {}] = paths['/api/v1/namespaces/{namespace}/pods/{name}/log'].parameters as {
    readonly $ref?: string;
  }[];
  assert.equal(parameters[(shared.$ref ?? '').slice('#/parameters/'.length)].name, 'container');
  assert.deepEqual(security, [{ BearerToken: [] }]);
});

test('a deletion is answered with what was deleted where upstream does, and with a Status elsewhere', async () => {
  const { ask } = await asked();
  await ask('POST', '/apis/storage.k8s.io/v1/storageclasses', { metadata: { name: 'fast' }, provisioner: 'x.io/p' });
  await ask('POST', '/api/v1/namespaces/d/configmaps', { metadata: { name: 'a' } });
  assert.equal((await ask('DELETE', '/apis/storage.k8s.io/v1/storageclasses/fast')).body.kind, 'StorageClass');
  assert.equal((await ask('DELETE', '/api/v1/namespaces/d/configmaps/a')).body.kind, 'Status');
  const { paths } = (await ask('GET', '/openapi/v2')).body;
  assert.match(
    paths['/apis/storage.k8s.io/v1/storageclasses/{name}'].delete.responses['200'].schema.$ref,
    /StorageClass$/,
  );
});

test('a custom resource that comes changes its own documents, and leaves those of others as they were', async () => {
  const { ask } = await asked();
  const index = async (): Promise<Readonly<Record<string, { readonly serverRelativeURL: string }>>> =>
    (await ask('GET', '/openapi/v3')).body.paths;
  const before = await index();
  const names = { plural: 'waldos', singular: 'waldo', kind: 'Waldo', listKind: 'WaldoList' };
  const schema = { openAPIV3Schema: { type: 'object' } };
  await ask('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', {
    metadata: { name: 'waldos.e.com' },
    spec: {
      group: 'e.com',
      scope: 'Namespaced',
      names,
      versions: [{ name: 'v1', served: true, storage: true, schema }],
    },
  });
  await settled();
  const after = await index();
  assert.deepEqual(
    Object.keys(after).filter((name) => !(name in before)),
    ['apis/e.com/v1'],
  );
  assert.deepEqual(
    Object.keys(before).filter((name) => before[name]?.serverRelativeURL !== after[name]?.serverRelativeURL),
    [],
  );
  assert.ok('/apis/e.com/v1/namespaces/{namespace}/waldos/{name}' in (await ask('GET', '/openapi/v2')).body.paths);
});
