import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asked } from '../testing/ask.ts';
import { startedServer, user } from '../testing/started-server.ts';
import { parseFeatureGates } from './feature-gates.ts';

/** What is said about gates that are refused. */
const refusal = (...pairs: readonly string[]): string => {
  try {
    parseFeatureGates(pairs);
  } catch (error) {
    return (error as Error).message;
  }
  return '';
};

test("parseFeatureGates() refuses in upstream's words what upstream refuses", () => {
  assert.equal(refusal('NoSuchThing=true'), 'unrecognized feature gate: NoSuchThing');
  assert.equal(refusal('WatchList'), 'missing bool value for WatchList');
  assert.equal(
    refusal('WatchList=maybe'),
    'invalid value of WatchList=maybe, err: strconv.ParseBool: parsing "maybe": invalid syntax',
  );
  assert.equal(
    refusal('JobManagedBy=false'),
    'cannot set feature gate JobManagedBy to false, feature is locked to true',
  );
  assert.equal(
    refusal('GitRepoVolumeDriver=true'),
    'cannot set feature gate GitRepoVolumeDriver to true, feature is locked to false',
  );
  assert.equal(refusal('other:WatchList=true'), 'component not registered: other');
});

test('parseFeatureGates() takes a feature as it is, and refuses the change of one that this server cannot switch', () => {
  for (const pair of ['JobManagedBy=true', 'kube:EventedPLEG=0', 'HPAScaleToZero=T', 'AllAlpha=false', 'WatchList=1'])
    assert.equal(refusal(pair), '', pair);
  assert.equal(refusal('EventedPLEG=true'), 'cannot set feature gate EventedPLEG to true: Navarch cannot switch it on');
  assert.equal(
    refusal('HPAScaleToZero=false'),
    'cannot set feature gate HPAScaleToZero to false: Navarch cannot switch it off',
  );
  assert.match(
    refusal('AllAlpha=true'),
    /^cannot set feature gate AllAlpha to true: Navarch cannot switch on APIServerWebhookAuthenticationToken, /,
  );
  assert.doesNotMatch(refusal('AllAlpha=true'), /CBORServingAndStorage/);
});

test('parseFeatureGates(): of two for one name the later counts', () => {
  assert.ok(
    parseFeatureGates(['CBORServingAndStorage=false', 'kube:CBORServingAndStorage=true']).isOn('CBORServingAndStorage'),
  );
  assert.ok(!parseFeatureGates(['WatchList=true', 'WatchList=false']).isOn('WatchList'));
  assert.equal(refusal('JobManagedBy=false', 'JobManagedBy=true'), '');
});

test('FeatureGates.outgoing() names what is set in vain, sooner or later', () => {
  assert.deepEqual(
    parseFeatureGates(['JobManagedBy=true', 'KMSv1=false', 'WatchList=true', 'EventedPLEG=false']).outgoing(),
    [
      { featureGate: 'JobManagedBy', value: true },
      { featureGate: 'KMSv1', value: false },
    ],
  );
});

test('kubernetes_feature_enabled tells which features are on, and their stages', async () => {
  const { ask } = await asked({
    features: parseFeatureGates(['CBORServingAndStorage=true', 'WatchList=false', 'AggregatedDiscoveryEndpoint=false']),
  });
  const lines = (await ask('GET', '/metrics')).text
    .split('\n')
    .filter((line) => line.startsWith('kubernetes_feature_enabled{'));
  const told = (name: string, stage: string, value: number): void =>
    assert.ok(lines.includes(`kubernetes_feature_enabled{name="${name}",stage="${stage}"} ${value}`), name);
  told('CBORServingAndStorage', 'ALPHA', 1);
  told('WatchList', 'BETA', 0);
  told('JobManagedBy', '', 1);
  told('KMSv1', 'DEPRECATED', 0);
  told('AllAlpha', 'ALPHA', 0);
  // The release does not know it any more.
  assert.ok(!lines.some((line) => line.includes('AggregatedDiscoveryEndpoint')));
});

test('without WatchList a watch cannot begin with what is there', async () => {
  const target =
    '/api/v1/namespaces?watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&timeoutSeconds=1';
  const on = await (await asked()).watch(target);
  await on.close();
  const { status, body } = await (await asked({ features: parseFeatureGates(['WatchList=false']) })).ask('GET', target);
  assert.equal(status, 422);
  assert.equal(
    body.message,
    'ListOptions.meta.k8s.io "" is invalid: sendInitialEvents: Forbidden: sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled',
  );
});

test('discovery tells in which version things are stored, as far as StorageVersionHash is on', async () => {
  const hashes = async (pairs: readonly string[], target: string): Promise<Readonly<Record<string, string>>> => {
    const { ask } = await asked({ features: parseFeatureGates(pairs) });
    return Object.fromEntries(
      (await ask('GET', target)).body.resources.map(
        (resource: { readonly name: string; readonly storageVersionHash?: string }) => [
          resource.name,
          resource.storageVersionHash,
        ],
      ),
    );
  };
  const core = await hashes([], '/api/v1');
  // As every cluster says.
  assert.deepEqual(
    [core['pods'], core['events'], core['pods/status'], core['bindings']],
    ['xPOwRZ+Yhw8=', 'r2yiGXH7wu8=', undefined, undefined],
  );
  assert.equal((await hashes([], '/apis/events.k8s.io/v1'))['events'], core['events']);
  assert.equal((await hashes(['StorageVersionHash=false'], '/api/v1'))['pods'], undefined);
});

test('MutatingAdmissionPolicy off: policies are kept and do nothing', async () => {
  const of = (kind: string, name: string, spec: object) => ({
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind,
    metadata: { name },
    spec,
  });
  const labelled = async (pairs: readonly string[]): Promise<unknown> => {
    const { ask } = await asked({ features: parseFeatureGates(pairs) });
    const path = '/apis/admissionregistration.k8s.io/v1/mutatingadmissionpolic';
    const rules = [{ operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'] }];
    const mutations = [
      {
        patchType: 'ApplyConfiguration',
        applyConfiguration: { expression: 'Object{metadata: Object.metadata{labels: {"by": "policy"}}}' },
      },
    ];
    const made = await ask(
      'POST',
      `${path}ies`,
      of('MutatingAdmissionPolicy', 'p', {
        matchConstraints: { resourceRules: rules },
        mutations,
        reinvocationPolicy: 'Never',
        failurePolicy: 'Fail',
      }),
    );
    assert.equal(made.status, 201, made.text);
    assert.equal(
      (await ask('POST', `${path}ybindings`, of('MutatingAdmissionPolicyBinding', 'b', { policyName: 'p' }))).status,
      201,
    );
    return (await ask('POST', '/api/v1/namespaces/d/configmaps', { metadata: { name: 'x' } })).body.metadata.labels;
  };
  assert.deepEqual(await labelled([]), { by: 'policy' });
  assert.equal(await labelled(['MutatingAdmissionPolicy=false']), undefined);
});

test('a resource that a feature brings goes with it', async () => {
  const { ask } = await asked({ features: parseFeatureGates(['ClusterTrustBundle=false']) });
  const { body } = await ask('GET', '/apis/certificates.k8s.io/v1');
  assert.deepEqual(
    body.resources.map(({ name }: { readonly name: string }) => name).filter((name: string) => !name.includes('/')),
    ['certificatesigningrequests', 'podcertificaterequests'],
  );
  assert.equal((await ask('GET', '/apis/certificates.k8s.io/v1/clustertrustbundles')).status, 404);
});

test('OpenAPI tells the values that a field may have, in their order, as far as OpenAPIEnums is on', async () => {
  const policies = async (pairs: readonly string[]): Promise<readonly unknown[]> => {
    const { ask } = await asked({ features: parseFeatureGates(pairs) });
    const name = 'io.k8s.api.core.v1.Container';
    const [v3, v2] = [
      (await ask('GET', '/openapi/v3/api/v1')).body.components.schemas[name],
      (await ask('GET', '/openapi/v2')).body.definitions[name],
    ];
    return [v3, v2].map(({ properties }) => properties.imagePullPolicy.enum);
  };
  const values = ['Always', 'IfNotPresent', 'Never'];
  assert.deepEqual(await policies([]), [values, values]);
  assert.deepEqual(await policies(['OpenAPIEnums=false']), [undefined, undefined]);
});

test('AuthorizePodWebsocketUpgradeCreatePermission off: a WebSocket into a pod needs no more than reading it', async () => {
  const bob = user('bob', 'builders');
  const status = async (pairs: readonly string[]): Promise<number> => {
    const { make, ask } = await startedServer([bob], { features: parseFeatureGates(pairs) });
    const rbac = '/apis/rbac.authorization.k8s.io/v1/namespaces/default';
    await make(`${rbac}/roles`, {
      metadata: { name: 'r' },
      rules: [{ apiGroups: [''], resources: ['pods/exec'], verbs: ['get'] }],
    });
    await make(`${rbac}/rolebindings`, {
      metadata: { name: 'b' },
      roleRef: { kind: 'Role', name: 'r' },
      subjects: [{ kind: 'User', name: 'bob' }],
    });
    return (
      await ask('GET', '/api/v1/namespaces/default/pods/p/exec?command=ls', undefined, {
        as: 'bob',
        headers: { upgrade: 'websocket' },
      })
    ).status;
  };
  assert.equal(await status([]), 403);
  // There is no such pod.
  assert.equal(await status(['AuthorizePodWebsocketUpgradeCreatePermission=false']), 404);
});

test('RemoteRequestHeaderUID off: extension API servers are not told of uids', async () => {
  const config = { clientAuthority: 'CA', requestHeaderAuthority: 'FRONT', allowedNames: [] };
  const headers = async (pairs: readonly string[]): Promise<string> => {
    const { ask } = await startedServer([], { authenticationConfig: config, features: parseFeatureGates(pairs) });
    return (await ask('GET', '/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication')).body.data[
      'requestheader-uid-headers'
    ];
  };
  assert.deepEqual([await headers([]), await headers(['RemoteRequestHeaderUID=false'])], ['["X-Remote-Uid"]', '[]']);
});
