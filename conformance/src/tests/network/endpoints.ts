import assert from 'node:assert/strict';
import {
  type EndpointSlice,
  endpoints,
  type Endpoints,
  endpointSlice,
  type Pod,
  type Service,
  service,
} from '@navarch/api';
import { hasReason } from '@navarch/machinery';
import { conformanceTest, type TestContext } from '../../conformance-test.ts';
import { createPod, untilPod } from '../../pods.ts';
import { testhost } from '../../testhost.ts';
import { until } from '../../until.ts';
import { watching } from '../../watches.ts';
import { createService } from './reach.ts';

const WAIT_MS = 30_000;
/** The garbage collector may take a while to see that an owner has gone. */
const COLLECT_MS = 90_000;

export const slicesOf = async (
  context: TestContext,
  name: string,
  namespace = context.namespace,
): Promise<readonly EndpointSlice[]> =>
  (await context.api.of(endpointSlice).list({ namespace, labelSelector: `kubernetes.io/service-name=${name}` })).items;

async function endpointsOf(context: TestContext, name: string): Promise<Endpoints | undefined> {
  try {
    return await context.api.of(endpoints).get(`${context.namespace}/${name}`);
  } catch (error) {
    if (hasReason(error, 'NotFound')) return undefined;
    throw error;
  }
}

const selectsNothing = (context: TestContext): Promise<Service> =>
  createService(context, 'example-empty-selector', {
    selector: { 'does-not-match-anything': 'endpoints-and-endpoint-slices-should-still-be-created' },
    ports: [{ name: 'example', port: 80, protocol: 'TCP' }],
  });

const removeService = (context: TestContext, name: string): Promise<void> =>
  context.api.of(service).delete(`${context.namespace}/${name}`);

interface Matching {
  readonly pods: readonly [Pod, Pod];
  readonly services: readonly [intPort: Service, namedPort: Service, noMatch: Service];
}

/** Two pods whose port of one name has two numbers, and services to one of them by number, to both by name, to none. */
async function matchingPods(context: TestContext): Promise<Matching> {
  const container = (...ports: { readonly name: string; readonly containerPort: number }[]) => ({
    containers: [{ ...testhost(), ports }],
    terminationGracePeriodSeconds: 0,
  });
  await createPod(context, 'pod1', container({ name: 'example-name', containerPort: 3000 }), {
    labels: { pod1: 'on', shared12: 'on' },
  });
  await createPod(
    context,
    'pod2',
    container({ name: 'example-name', containerPort: 3001 }, { name: 'other-port', containerPort: 3002 }),
    { labels: { pod2: 'on', shared12: 'on' } },
  );
  const to = (name: string, label: string, port: { readonly name: string; readonly targetPort: number | string }) =>
    createService(context, name, {
      selector: { [label]: 'on' },
      publishNotReadyAddresses: true,
      ports: [{ ...port, port: 80, protocol: 'TCP' }],
    });
  const services = [
    await to('example-int-port', 'pod1', { name: 'example', targetPort: 3000 }),
    await to('example-named-port', 'shared12', { name: 'http', targetPort: 'example-name' }),
    await to('example-no-match', 'pod3', { name: 'example-no-match', targetPort: 8080 }),
  ] as const;
  const hasAddress = (name: string) =>
    untilPod(context, name, 'having an address', 180_000, ({ status }) => (status.podIPs ?? []).length > 0);
  return { pods: [await hasAddress('pod1'), await hasAddress('pod2')], services };
}

const portOf = (pod: Pod): number => pod.spec.containers[0]?.ports?.[0]?.containerPort ?? 0;

/** Pod name, address and port of everything that the slices lead to, in order of the names. */
const targetsOf = (slices: readonly EndpointSlice[]): readonly string[] =>
  slices
    .flatMap(({ endpoints: ends, ports, addressType }) => {
      assert.equal(addressType, 'IPv4');
      return (ends ?? []).map(({ addresses, targetRef, conditions, nodeName }) => {
        assert.deepEqual([addresses.length, targetRef?.kind, conditions.ready, ports?.length], [1, 'Pod', true, 1]);
        assert.ok(nodeName);
        return `${targetRef?.name} ${targetRef?.uid} ${addresses[0]} ${ports?.[0]?.name} ${ports?.[0]?.port} ${ports?.[0]?.protocol}`;
      });
    })
    .toSorted();

const wantedTargets = (pods: readonly Pod[], portName: string, port: (pod: Pod) => number): readonly string[] =>
  pods.map((p) => `${p.metadata.name} ${p.metadata.uid} ${p.status.podIP} ${portName} ${port(p)} TCP`).toSorted();

async function untilSlices(
  context: TestContext,
  { metadata, spec }: Service,
  count: number,
  pods: readonly Pod[],
  port: (pod: Pod) => number = portOf,
): Promise<readonly EndpointSlice[]> {
  let slices: readonly EndpointSlice[] = [];
  await until(context, `${count} slices of ${metadata.name} with ${pods.length} endpoints`, 180_000, async () => {
    slices = await slicesOf(context, metadata.name);
    return slices.length === count && slices.flatMap(({ endpoints: ends }) => ends ?? []).length === pods.length;
  });
  for (const slice of slices) {
    const [owner] = slice.metadata.ownerReferences ?? [];
    assert.deepEqual(
      [owner?.kind, owner?.name, owner?.uid, owner?.controller],
      ['Service', metadata.name, metadata.uid, true],
    );
    assert.equal(slice.metadata.labels?.['endpointslice.kubernetes.io/managed-by'], 'endpointslice-controller.k8s.io');
  }
  assert.deepEqual(targetsOf(slices), wantedTargets(pods, spec.ports?.[0]?.name ?? '', port));
  return slices;
}

async function untilSubsets(
  context: TestContext,
  { metadata, spec }: Service,
  count: number,
  pods: readonly Pod[],
  port: (pod: Pod) => number = portOf,
): Promise<void> {
  let found: Endpoints | undefined;
  await until(context, `${count} subsets of ${metadata.name}`, 180_000, async () => {
    found = await endpointsOf(context, metadata.name);
    return (
      found !== undefined &&
      (found.subsets ?? []).length === count &&
      (found.subsets ?? []).flatMap(({ addresses }) => addresses ?? []).length === pods.length
    );
  });
  const targets = (found?.subsets ?? []).flatMap(({ addresses, ports, notReadyAddresses }) => {
    assert.deepEqual(notReadyAddresses ?? [], []);
    assert.equal(ports?.length, 1);
    return (addresses ?? []).map(
      ({ ip, targetRef }) =>
        `${targetRef?.name} ${targetRef?.uid} ${ip} ${ports?.[0]?.name} ${ports?.[0]?.port} ${ports?.[0]?.protocol}`,
    );
  });
  assert.deepEqual(targets.toSorted(), wantedTargets(pods, spec.ports?.[0]?.name ?? '', port));
}

const kubernetesEndpoints = async (context: TestContext): Promise<void> => {
  await context.api.of(service).get('default/kubernetes');
  const { subsets = [] } = await context.api.of(endpoints).get('default/kubernetes');
  assert.ok(subsets.length > 0, 'no subset');
  const slices = await slicesOf(context, 'kubernetes', 'default');
  assert.ok(slices.length > 0, 'no slice');
  const text = (
    address: string | undefined,
    port: { readonly name?: string; readonly port?: number; readonly protocol?: string },
  ) => `${address} ${port.name} ${port.port} ${port.protocol}`;
  const fromSubsets = subsets.flatMap(({ addresses, ports }) =>
    (addresses ?? []).flatMap(({ ip }) => (ports ?? []).map((port) => text(ip, port))),
  );
  const fromSlices = slices.flatMap(({ endpoints: ends, ports }) =>
    (ends ?? []).flatMap(({ addresses }) => addresses.flatMap((ip) => (ports ?? []).map((port) => text(ip, port)))),
  );
  assert.deepEqual(fromSlices.toSorted(), fromSubsets.toSorted());
};

async function endpointLifecycle(context: TestContext): Promise<void> {
  const name = 'testservice';
  const api = context.api.of(endpoints);
  const key = `${context.namespace}/${name}`;
  const where = { namespace: context.namespace, labelSelector: 'test-endpoint-static=true' };
  const subset = (ip: string, port: number) => ({
    addresses: [{ ip }],
    ports: [{ name: 'http', port, protocol: 'TCP' as const }],
  });
  const { resourceVersion } = await api.list(where);
  const watch = watching(context, endpoints, { ...where, after: resourceVersion });
  await api.create({
    metadata: { name, namespace: context.namespace, labels: { 'test-endpoint-static': 'true' } },
    subsets: [subset('10.0.0.24', 80)],
  });
  await watch.next('the new endpoint', 60_000, ({ type, object }) => type === 'ADDED' && object.metadata.name === name);

  const all = await api.list({ labelSelector: 'test-endpoint-static=true' });
  assert.ok(all.items.some(({ metadata }) => metadata.namespace === context.namespace && metadata.name === name));
  await api.update(key, (current) => ({
    ...current,
    metadata: { ...current.metadata, labels: { ...current.metadata.labels, 'test-service': 'updated' } },
  }));
  await watch.next(
    'the updated label',
    60_000,
    ({ type, object }) => type === 'MODIFIED' && object.metadata.labels?.['test-service'] === 'updated',
  );
  assert.equal((await api.get(key)).metadata.labels?.['test-service'], 'updated');

  await api.patch(key, {
    type: 'strategic',
    body: { metadata: { labels: { 'test-service': 'patched' } }, subsets: [subset('10.0.0.25', 8080)] },
  });
  await watch.next(
    'the patched endpoint',
    60_000,
    ({ type, object }) => type === 'MODIFIED' && object.metadata.labels?.['test-service'] === 'patched',
  );
  const { subsets = [], metadata } = await api.get(key);
  assert.equal(metadata.labels?.['test-service'], 'patched');
  assert.deepEqual(
    [subsets[0]?.ports?.[0]?.name, subsets[0]?.ports?.[0]?.port, subsets[0]?.addresses?.[0]?.ip],
    ['http', 8080, '10.0.0.25'],
  );
  await api.deleteCollection(where);
  await watch.next('the end of the endpoint', 60_000, ({ type }) => type === 'DELETED');
  assert.equal(await endpointsOf(context, name), undefined);
}

/** A service that leads where an Endpoints object of ours says: slices follow it. */
async function mirroring(context: TestContext): Promise<void> {
  const name = 'example-custom-endpoints';
  await createService(context, name, { ports: [{ name: 'example', port: 80, protocol: 'TCP' }] });
  const api = context.api.of(endpoints);
  await api.create({
    metadata: { name, namespace: context.namespace },
    subsets: [{ ports: [{ port: 80 }], addresses: [{ ip: '10.1.2.3' }] }],
  });
  const untilMirrored = async (ip: string, port: number): Promise<void> => {
    let slices: readonly EndpointSlice[] = [];
    await until(context, `one slice with ${ip}:${port}`, WAIT_MS, async () => {
      slices = await slicesOf(context, name);
      context.log(JSON.stringify(slices));
      return (
        slices.length === 1 && slices[0]?.ports?.[0]?.port === port && slices[0].endpoints?.[0]?.addresses[0] === ip
      );
    });
    assert.deepEqual(
      [slices[0]?.ports?.length, slices[0]?.endpoints?.length, slices[0]?.endpoints?.[0]?.addresses.length],
      [1, 1, 1],
    );
    assert.equal(
      slices[0]?.metadata.labels?.['endpointslice.kubernetes.io/managed-by'],
      'endpointslicemirroring-controller.k8s.io',
    );
  };
  await untilMirrored('10.1.2.3', 80);
  await api.update(`${context.namespace}/${name}`, (current) => ({
    ...current,
    subsets: [{ ports: [{ port: 81, protocol: 'TCP' }], addresses: [{ ip: '10.2.3.4' }] }],
  }));
  await untilMirrored('10.2.3.4', 81);
  await api.delete(`${context.namespace}/${name}`);
  await until(
    context,
    'the end of the mirrored slice',
    WAIT_MS,
    async () => (await slicesOf(context, name)).length === 0,
  );
}

export const endpointTests = [
  conformanceTest(
    '[sig-network] API Server should have Endpoints and EndpointSlices pointing to API Server',
    kubernetesEndpoints,
  ),
  conformanceTest('[sig-network] Endpoints should test the lifecycle of an Endpoint', endpointLifecycle),
  conformanceTest(
    '[sig-network] EndpointSliceMirroring should mirror a custom Endpoints resource through create update and delete',
    mirroring,
  ),

  conformanceTest(
    '[sig-network] EndpointSlice should create and delete EndpointSlices for a Service with a selector that matches no pods',
    async (context) => {
      const made = await selectsNothing(context);
      await until(context, 'a slice', WAIT_MS, async () => (await slicesOf(context, made.metadata.name)).length > 0);
      const [slice] = await slicesOf(context, made.metadata.name);
      assert.equal(
        slice?.metadata.labels?.['endpointslice.kubernetes.io/managed-by'],
        'endpointslice-controller.k8s.io',
      );
      assert.deepEqual(slice?.endpoints ?? [], []);
      await removeService(context, made.metadata.name);
      await until(
        context,
        'the end of the slice',
        COLLECT_MS,
        async () => (await slicesOf(context, made.metadata.name)).length === 0,
      );
    },
  ),

  conformanceTest(
    '[sig-network] EndpointsController should create and delete Endpoints for a Service with a selector that matches no pods',
    async (context) => {
      const made = await selectsNothing(context);
      await until(
        context,
        'an Endpoints object',
        WAIT_MS,
        async () => (await endpointsOf(context, made.metadata.name)) !== undefined,
      );
      assert.deepEqual((await endpointsOf(context, made.metadata.name))?.subsets ?? [], []);
      await removeService(context, made.metadata.name);
      await until(
        context,
        'the end of the Endpoints object',
        WAIT_MS,
        async () => (await endpointsOf(context, made.metadata.name)) === undefined,
      );
    },
  ),

  conformanceTest(
    '[sig-network] EndpointSlice should create Endpoints and EndpointSlices for Pods matching a Service',
    async (context) => {
      const {
        pods,
        services: [intPort, namedPort, noMatch],
      } = await matchingPods(context);
      await untilSlices(context, intPort, 1, [pods[0]], () => 3000);
      await untilSlices(context, namedPort, 2, pods);
      await untilSlices(context, noMatch, 1, []);
      const before = await slicesOf(context, namedPort.metadata.name);
      for (const { metadata } of before)
        await context.api.of(endpointSlice).delete(`${context.namespace}/${metadata.name}`);
      const after = await untilSlices(context, namedPort, 2, pods);
      assert.ok(
        after.every(({ metadata }) => before.every((old) => old.metadata.uid !== metadata.uid)),
        'the slices are new ones',
      );
    },
  ),

  conformanceTest(
    '[sig-network] EndpointsController should create Endpoints for Pods matching a Service',
    async (context) => {
      const {
        pods,
        services: [intPort, namedPort, noMatch],
      } = await matchingPods(context);
      await untilSubsets(context, intPort, 1, [pods[0]], () => 3000);
      await untilSubsets(context, namedPort, 2, pods);
      await untilSubsets(context, noMatch, 0, []);
    },
  ),
];
