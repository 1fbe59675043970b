import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { releasedResources } from '@navarch/api';
import { MemoryStore } from '@navarch/store';
import { asked } from '../testing/ask.ts';
import { startedServer } from '../testing/started-server.ts';
import { parseFeatureGates } from './feature-gates.ts';
import { parseRuntimeConfig } from './runtime-config.ts';
import { runtimeConfigOf, servedKinds } from './served-kinds.ts';

const refusal = (...pairs: readonly string[]): string => {
  try {
    runtimeConfigOf(pairs);
  } catch (error) {
    return (error as Error).message;
  }
  return '';
};

test("runtimeConfigOf() refuses in upstream's words what upstream refuses", () => {
  assert.equal(refusal('api/all=false'), 'invalid runtime-config with only api/all=false');
  assert.equal(refusal('v1=true'), 'runtime-config invalid key v1');
  assert.equal(
    refusal('x.example/v1=true', 'a.example/v1=true', 'apps/v1=true'),
    'unknown api groups a.example/v1,x.example/v1',
  );
  assert.equal(refusal('apps/v7=true'), 'group version apps/v7 that has not been registered');
  assert.equal(refusal('api/beta=1'), 'invalid value api/beta=1');
  assert.equal(
    refusal('apps/v1=maybe'),
    'invalid value of apps/v1: maybe, err: strconv.ParseBool: parsing "maybe": invalid syntax',
  );
  assert.equal(
    refusal('apps/v1/Deployments=true'),
    'invalid key apps/v1/Deployments: group/version/resource and resource is always lowercase plural, not "Deployments"',
  );
});

test('runtimeConfigOf() refuses what was asked for by name and is not had; what was removed may be named', () => {
  const offer = { known: [{ group: 'x.k8s.io', version: 'v1alpha1', plural: 'things' }], had: [] };
  assert.throws(() => parseRuntimeConfig(['x.k8s.io/v1alpha1=true'], offer), {
    message: 'cannot serve x.k8s.io/v1alpha1: Navarch does not have it',
  });
  assert.throws(() => parseRuntimeConfig(['x.k8s.io/v1alpha1/things=true'], offer), {
    message: 'cannot serve x.k8s.io/v1alpha1/things: Navarch does not have it',
  });
  for (const pair of [
    'scheduling.k8s.io/v1beta1=false',
    'certificates.k8s.io/v1beta1',
    'policy/v1beta1=true',
    'api/all=true',
    'apps/v1=T',
  ])
    assert.equal(refusal(pair), '', pair);
});

const isOn = (pairs: readonly string[], group: string, version: string, plural: string): boolean =>
  runtimeConfigOf(pairs).isOn({ group, version, plural });

test('RuntimeConfig.isOn(): a resource counts before its version, that before its stage, and of stages the narrower', () => {
  const slices = ['resource.k8s.io', 'v1beta2', 'resourceslices'] as const;
  assert.equal(isOn([], ...slices), false);
  assert.equal(isOn([], 'resource.k8s.io', 'v1', 'resourceslices'), true);
  assert.equal(isOn(['api/all=true'], ...slices), true);
  assert.equal(isOn(['api/beta=false', 'api/all=true'], ...slices), false);
  assert.equal(isOn(['api/beta=false', 'resource.k8s.io/v1beta2=true'], ...slices), true);
  assert.equal(
    isOn(['resource.k8s.io/v1beta2/resourceslices=false', 'resource.k8s.io/v1beta2=true'], ...slices),
    false,
  );
  assert.equal(isOn(['api/alpha=true'], ...slices), false);
});

test('a stable version that is switched off is nowhere, and comes back with what is stored', async () => {
  const { ask } = await asked({ runtimeConfig: runtimeConfigOf(['batch/v1=false', 'apps/v1/daemonsets=false']) });
  assert.equal((await ask('GET', '/apis/batch')).status, 404);
  assert.equal((await ask('GET', '/apis/batch/v1/jobs')).status, 404);
  assert.ok(!(await ask('GET', '/openapi/v3')).text.includes('apis/batch/v1'));
  const { body } = await ask('GET', '/apis/apps/v1');
  const names = body.resources.map(({ name }: { readonly name: string }) => name);
  assert.deepEqual([names.includes('deployments'), names.includes('daemonsets')], [true, false]);
  assert.equal((await ask('GET', '/apis/apps/v1/daemonsets')).status, 404);
  assert.equal((await ask('GET', '/apis/apps/v1/deployments')).status, 200);
});

test('earlier versions show the same objects as the stable one', async () => {
  const { ask } = await asked({ runtimeConfig: runtimeConfigOf(['api/all=true']) });
  const versions = (await ask('GET', '/apis/resource.k8s.io')).body.versions.map(
    ({ version }: { readonly version: string }) => version,
  );
  assert.deepEqual(versions, ['v1', 'v1beta2', 'v1beta1', 'v1alpha3']);
  const requests = [
    { name: 'one', deviceClassName: 'gpu', count: 2 },
    { name: 'any', firstAvailable: [{ name: 'a', deviceClassName: 'gpu' }] },
  ];
  const made = await ask('POST', '/apis/resource.k8s.io/v1beta1/namespaces/d/resourceclaims', {
    metadata: { name: 'c' },
    spec: { devices: { requests } },
  });
  assert.equal(made.status, 201, made.text);
  assert.deepEqual(
    [made.body.apiVersion, made.body.spec.devices.requests[0]],
    ['resource.k8s.io/v1beta1', { name: 'one', deviceClassName: 'gpu', allocationMode: 'ExactCount', count: 2 }],
  );
  const stable = (await ask('GET', '/apis/resource.k8s.io/v1/namespaces/d/resourceclaims/c')).body;
  assert.deepEqual(stable.spec.devices.requests[0], {
    name: 'one',
    exactly: { deviceClassName: 'gpu', allocationMode: 'ExactCount', count: 2 },
  });
  assert.equal(stable.spec.devices.requests[1].exactly, undefined);
  const shown = (await ask('GET', '/apis/resource.k8s.io/v1beta2/namespaces/d/resourceclaims/c')).body;
  assert.deepEqual(shown, { ...stable, apiVersion: 'resource.k8s.io/v1beta2' });
});

test('everything that the release has can be served', () => {
  const gates = [
    'CompositePodGroup',
    'CoordinatedLeaderElection',
    'DRAResourcePoolStatus',
    'EvictionRequestAPI',
    'GenericWorkload',
  ].map((name) => `${name}=true`);
  const { lacking, isServed } = servedKinds(runtimeConfigOf(['api/all=true']), parseFeatureGates(gates));
  assert.deepEqual(lacking, []);
  assert.deepEqual(
    releasedResources.filter((one) => !isServed(one)),
    [],
  );
});

test('what has no stable version yet needs its version and its feature', async () => {
  const runtimeConfig = runtimeConfigOf(['scheduling.k8s.io/v1alpha3=true']);
  assert.equal((await (await asked({ runtimeConfig })).ask('GET', '/apis/scheduling.k8s.io/v1alpha3')).status, 404);
  const { ask } = await asked({ runtimeConfig, features: parseFeatureGates(['GenericWorkload=true']) });
  const groups = '/apis/scheduling.k8s.io/v1alpha3/namespaces/d/podgroups';
  const refused = await ask('POST', groups, {
    metadata: { name: 'g' },
    spec: { schedulingPolicy: {}, parentCompositePodGroupName: 'p' },
  });
  assert.equal(
    refused.body.message,
    'PodGroup.scheduling.k8s.io "g" is invalid: spec.schedulingPolicy: Invalid value: "": must specify one of: `basic`, `gang`',
  );
  assert.equal(
    (
      await ask('POST', groups, {
        metadata: { name: 'h' },
        spec: { schedulingPolicy: { basic: {} }, parentCompositePodGroupName: 'p' },
      })
    ).body.spec.parentCompositePodGroupName,
    undefined,
  );
  const made = await ask('POST', groups, {
    metadata: { name: 'g' },
    spec: { schedulingPolicy: { gang: { minCount: 2 } } },
  });
  assert.deepEqual(
    [made.status, made.body.apiVersion, made.body.spec.disruptionMode],
    [201, 'scheduling.k8s.io/v1alpha3', { single: {} }],
  );
  // What it is stored as is not served.
  assert.equal((await ask('GET', '/apis/scheduling.k8s.io/v1beta1')).status, 404);
});

test('a slice of v1beta1 has its devices in `basic`, over the wire of protobuf too', async () => {
  const { ask } = await asked({ runtimeConfig: runtimeConfigOf(['resource.k8s.io/v1beta1=true']) });
  const devices = [
    { name: 'gpu-0', basic: { attributes: { model: { string: 'x' } }, capacity: { memory: { value: '1Gi' } } } },
  ];
  const spec = {
    driver: 'gpu.example.com',
    pool: { name: 'p', generation: 1, resourceSliceCount: 1 },
    nodeName: 'n',
    devices,
  };
  const made = await ask('POST', '/apis/resource.k8s.io/v1beta1/resourceslices', { metadata: { name: 's' }, spec });
  assert.equal(made.status, 201, made.text);
  assert.equal(
    made.headers['warning'],
    '299 - "resource.k8s.io/v1beta1 ResourceSlice is deprecated in v1.35+, unavailable in v1.38+"',
  );
  const counted = (await ask('GET', '/metrics')).text
    .split('\n')
    .filter((line) => line.startsWith('apiserver_requested_deprecated_apis{'));
  assert.deepEqual(counted, [
    'apiserver_requested_deprecated_apis{group="resource.k8s.io",removed_release="1.38",resource="resourceslices",subresource="",version="v1beta1"} 1',
  ]);
  assert.deepEqual(made.body.spec, spec);
  const stable = (await ask('GET', '/apis/resource.k8s.io/v1/resourceslices/s')).body.spec;
  assert.deepEqual(stable.devices, [{ name: 'gpu-0', ...devices[0]?.basic }]);
  const { body } = await ask('GET', '/apis/resource.k8s.io/v1beta1/resourceslices/s', undefined, {
    accept: 'application/vnd.kubernetes.protobuf',
  });
  assert.deepEqual(body.spec.devices, devices);
});

test('a policy of v1alpha1 works, and an invalid one is refused by its own name', async () => {
  const { ask } = await asked({ runtimeConfig: runtimeConfigOf(['admissionregistration.k8s.io/v1alpha1=true']) });
  const { status, body } = await ask('POST', '/apis/admissionregistration.k8s.io/v1alpha1/mutatingadmissionpolicies', {
    metadata: { name: 'p' },
    spec: { failurePolicy: 'Sometimes' },
  });
  assert.equal(status, 422);
  assert.match(body.message, /^MutatingAdmissionPolicy\.admissionregistration\.k8s\.io "p" is invalid: /);
  assert.equal((await ask('GET', '/apis/admissionregistration.k8s.io/v1beta1')).status, 404);
});

test('who asks for an earlier version is warned of its end, and told what to ask for instead', async () => {
  const { ask } = await asked({ runtimeConfig: runtimeConfigOf(['api/all=true']) });
  const warning = async (path: string): Promise<string | undefined> =>
    (await ask('GET', `/apis/${path}`)).headers['warning'];
  assert.equal(
    await warning('certificates.k8s.io/v1beta1/clustertrustbundles'),
    '299 - "certificates.k8s.io/v1beta1 ClusterTrustBundle is deprecated in v1.37+, unavailable in v1.40+; use certificates.k8s.io/v1 ClusterTrustBundle"',
  );
  // From 1.39 on.
  assert.equal(await warning('resource.k8s.io/v1beta2/devicetaintrules'), undefined);
  assert.equal(await warning('certificates.k8s.io/v1/clustertrustbundles'), undefined);
});

test('a version that is no longer served takes its APIService with it, at the next start', async () => {
  const store = new MemoryStore();
  const extensions = {
    read: async () => {
      throw new Error('nobody there');
    },
  } as never;
  const services = async (pairs: readonly string[]): Promise<readonly string[]> => {
    const server = await startedServer([], { store, extensions, runtimeConfig: runtimeConfigOf(pairs) });
    const end = new AbortController();
    const housekeeping = server.housekeep(end.signal).catch(() => undefined);
    // Time stands still: whatever can be done is done within a few turns.
    for (let turn = 0; turn < 100; turn++) await nextTurn();
    assert.equal((await server.ask('GET', '/readyz/autoregister-completion')).status, 200);
    const { body } = await server.ask('GET', '/apis/apiregistration.k8s.io/v1/apiservices');
    end.abort();
    await housekeeping;
    return body.items
      .map(({ metadata }: { readonly metadata: { readonly name: string } }) => metadata.name)
      .filter((name: string) => name.endsWith('.resource.k8s.io'));
  };
  assert.deepEqual(await services(['api/beta=true']), [
    'v1.resource.k8s.io',
    'v1beta1.resource.k8s.io',
    'v1beta2.resource.k8s.io',
  ]);
  assert.deepEqual(await services([]), ['v1.resource.k8s.io']);
});
