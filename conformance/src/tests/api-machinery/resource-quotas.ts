import assert from 'node:assert/strict';
import {
  configMap,
  type PodSpec,
  pod,
  replicaSet,
  replicationController,
  resourceQuota,
  secret,
  service,
  type Service,
} from '@navarch/api';
import { canonicalQuantity, type Draft, hasReason } from '@navarch/machinery';
import { conformanceTest, type TestContext } from '../../conformance-test.ts';
import { type Json, rest } from '../../rest.ts';
import { PAUSE } from '../../testhost.ts';
import { until } from '../../until.ts';
import { watching } from '../../watches.ts';

const PREFIX = '[sig-api-machinery] ResourceQuota should';
const COUNTED_MS = 60_000;
/** How long a count must stay the same for nobody to be still making objects. */
const STEADY_MS = 5_000;
const RESYNC_MS = 10 * 60_000;
const DONGLE = 'example.com/dongle';

type Amounts = Readonly<Record<string, string>>;

const hard: Amounts = {
  pods: '5',
  services: '10',
  'services.nodeports': '1',
  'services.loadbalancers': '1',
  replicationcontrollers: '10',
  resourcequotas: '1',
  cpu: '1',
  memory: '500Mi',
  configmaps: '10',
  secrets: '10',
  persistentvolumeclaims: '10',
  'requests.storage': '10Gi',
  'ephemeral-storage': '50Gi',
  'gold.storageclass.storage.k8s.io/persistentvolumeclaims': '10',
  'gold.storageclass.storage.k8s.io/requests.storage': '10Gi',
  [`requests.${DONGLE}`]: '3',
  'count/replicasets.apps': '5',
};

const isSame = (a: string | undefined, b: string): boolean =>
  a !== undefined && canonicalQuantity(a) === canonicalQuantity(b);

/** The quota says that this much is used; of what is not named, anything. */
const uses = ({ api, namespace, ...context }: TestContext, name: string, used: Amounts): Promise<void> =>
  until(context, `${JSON.stringify(used)} in quota ${name}`, COUNTED_MS, async () => {
    const { status } = await api.of(resourceQuota).get(`${namespace}/${name}`);
    return Object.entries(used).every(([resource, amount]) => isSame(status?.used?.[resource], amount));
  });

const createQuota = (context: TestContext, name: string, spec: Json): Promise<unknown> =>
  context.api.of(resourceQuota).create({ metadata: { name, namespace: context.namespace }, spec });

/** How many there are once nobody makes any more. */
async function steadyCount(context: TestContext, count: () => Promise<number>): Promise<number> {
  let [found, since] = [await count(), context.clock.monotonic()];
  await until(context, 'a count that stays', COUNTED_MS, async () => {
    const now = await count();
    if (now !== found) [found, since] = [now, context.clock.monotonic()];
    return context.clock.monotonic() - since >= STEADY_MS;
  });
  return found;
}

/** A quota of everything, once it has counted itself. */
async function counting(context: TestContext, more: Amounts = {}): Promise<void> {
  const { api, namespace } = context;
  const before = await steadyCount(context, async () => (await api.of(resourceQuota).list({ namespace })).items.length);
  await createQuota(context, 'test-quota', { hard: { ...hard, ...more } });
  await uses(context, 'test-quota', { resourcequotas: String(before + 1) });
}

const podSpec = (requests: Amounts = {}, limits: Amounts = {}): Draft<PodSpec> => ({
  nodeSelector: { 'x-test.k8s.io/unsatisfiable': 'not-schedulable' },
  containers: [{ name: 'pause', image: PAUSE, resources: { requests, limits } }],
});

const createPod = ({ api, namespace }: TestContext, name: string, spec: Draft<PodSpec>): Promise<unknown> =>
  api.of(pod).create({ metadata: { name, namespace }, spec });
const deletePod = ({ api, namespace }: TestContext, name: string): Promise<void> =>
  api.of(pod).delete(`${namespace}/${name}`, { gracePeriodSeconds: 0 });

const refused = (work: Promise<unknown>): Promise<void> =>
  assert.rejects(work, (error) => hasReason(error, 'Forbidden'));

/** One kind of object is counted while it is there. */
const life = (
  title: string,
  resource: string,
  work: (context: TestContext) => { create(): Promise<unknown>; remove(): Promise<void> },
  count?: (context: TestContext) => Promise<number>,
) =>
  conformanceTest(`${PREFIX} create a ResourceQuota and capture the life of a ${title}.`, async (context) => {
    const { create, remove } = work(context);
    const before = count ? await steadyCount(context, () => count(context)) : 0;
    await counting(context, count ? { [resource]: String(before + 1) } : {});
    await uses(context, 'test-quota', { [resource]: String(before) });
    await create();
    await uses(context, 'test-quota', { [resource]: String(before + 1) });
    await remove();
    await uses(context, 'test-quota', { [resource]: String(before) });
  });

const template = (name: string): Json => ({
  metadata: { labels: { name } },
  spec: { terminationGracePeriodSeconds: 0, containers: [{ name, image: PAUSE }] },
});

const lives = [
  life(
    'configMap',
    'configmaps',
    ({ api, namespace }) => ({
      create: () => api.of(configMap).create({ metadata: { name: 'test-configmap', namespace }, data: { a: 'b' } }),
      remove: () => api.of(configMap).delete(`${namespace}/test-configmap`),
    }),
    async ({ api, namespace }) => (await api.of(configMap).list({ namespace })).items.length,
  ),

  life(
    'secret',
    'secrets',
    ({ api, namespace }) => ({
      create: () =>
        api.of(secret).create({
          metadata: { name: 'test-secret', namespace },
          data: { 'data-1': 'dmFsdWUtMQo=', 'data-2': 'dmFsdWUtMgo=' } as never,
        }),
      remove: () => api.of(secret).delete(`${namespace}/test-secret`),
    }),
    async ({ api, namespace }) => (await api.of(secret).list({ namespace })).items.length,
  ),

  life('replication controller', 'replicationcontrollers', ({ api, namespace }) => ({
    create: () =>
      api.of(replicationController).create({
        metadata: { name: 'test-rc', namespace },
        spec: { replicas: 0, selector: { name: 'test-rc' }, template: template('test-rc') },
      }),
    // Detach its pods: an orphan is counted no more either.
    remove: () => api.of(replicationController).delete(`${namespace}/test-rc`, { propagationPolicy: 'Orphan' }),
  })),

  life('replica set', 'count/replicasets.apps', ({ api, namespace }) => ({
    create: () =>
      api.of(replicaSet).create({
        metadata: { name: 'test-rs', namespace },
        spec: { replicas: 0, selector: { matchLabels: { name: 'test-rs' } }, template: template('test-rs') },
      }),
    remove: () => api.of(replicaSet).delete(`${namespace}/test-rs`),
  })),
];

const services = conformanceTest(
  `${PREFIX} create a ResourceQuota and capture the life of a service.`,
  async (context) => {
    const { api, namespace } = context;
    await counting(context);
    const create = (name: string, spec: Draft<Service['spec']>): Promise<unknown> =>
      api
        .of(service)
        .create({ metadata: { name, namespace }, spec: { ...spec, ports: [{ port: 80, targetPort: 80 }] } });
    await create('test-service', { type: 'ClusterIP' });
    await create('test-service-np', { type: 'NodePort' });
    await refused(create('test-service-lb', { type: 'LoadBalancer', allocateLoadBalancerNodePorts: true }));
    await uses(context, 'test-quota', { resourcequotas: '1', services: '2', 'services.nodeports': '1' });
    for (const name of ['test-service', 'test-service-np']) await api.of(service).delete(`${namespace}/${name}`);
    await uses(context, 'test-quota', { services: '0', 'services.nodeports': '0' });
  },
);

const pods = conformanceTest(`${PREFIX} create a ResourceQuota and capture the life of a pod.`, async (context) => {
  const { api, namespace } = context;
  await counting(context);
  const requests = { cpu: '500m', memory: '252Mi', 'ephemeral-storage': '30Gi', [DONGLE]: '2' };
  await createPod(context, 'test-pod', podSpec(requests, { [DONGLE]: '2' }));
  const used = {
    resourcequotas: '1',
    pods: '1',
    cpu: '500m',
    memory: '252Mi',
    'ephemeral-storage': '30Gi',
    [`requests.${DONGLE}`]: '2',
  };
  await uses(context, 'test-quota', used);
  await refused(createPod(context, 'fail-pod', podSpec({ cpu: '600m', memory: '100Mi' })));
  await refused(
    createPod(
      context,
      'fail-pod-for-extended-resource',
      podSpec({ cpu: '500m', memory: '100Mi', 'ephemeral-storage': '30Gi', [DONGLE]: '2' }, { [DONGLE]: '2' }),
    ),
  );
  const path = `/api/v1/namespaces/${namespace}/pods/test-pod`;
  const current = await rest(context).get(path);
  delete current.metadata.resourceVersion;
  current.spec.containers[0].resources.requests = { cpu: '100m', memory: '100Mi', 'ephemeral-storage': '10Gi' };
  await assert.rejects(rest(context).replace(path, current), (error) => hasReason(error, 'Invalid'));
  await uses(context, 'test-quota', used);
  await api.of(pod).delete(`${namespace}/test-pod`, { gracePeriodSeconds: 0 });
  await uses(context, 'test-quota', {
    resourcequotas: '1',
    pods: '0',
    cpu: '0',
    memory: '0',
    'ephemeral-storage': '0',
    [`requests.${DONGLE}`]: '0',
  });
});

/** Two quotas with scopes that exclude each other count each pod once, in the right one. */
async function scoped(
  context: TestContext,
  quotas: readonly (readonly [name: string, scope: string])[],
  hardOf: (scope: string) => Amounts,
  cases: readonly (readonly [spec: Draft<PodSpec>, counts: readonly Amounts[]])[],
): Promise<void> {
  const names = quotas.map(([name]) => name);
  for (const [name, scope] of quotas) {
    await createQuota(context, name, { hard: hardOf(scope), scopes: [scope] });
    await uses(context, name, { pods: '0' });
  }
  for (const [index, [spec, counts]] of cases.entries()) {
    await createPod(context, `test-pod-${index}`, spec);
    for (const [i, name] of names.entries()) await uses(context, name, counts[i] ?? {});
    await deletePod(context, `test-pod-${index}`);
    for (const name of names) await uses(context, name, { pods: '0' });
  }
}

const requests = { cpu: '500m', memory: '200Mi' };
const limits = { cpu: '1', memory: '400Mi' };
const computed = { 'requests.cpu': '500m', 'requests.memory': '200Mi', 'limits.cpu': '1', 'limits.memory': '400Mi' };
const nothing = { pods: '0', 'requests.cpu': '0', 'requests.memory': '0', 'limits.cpu': '0', 'limits.memory': '0' };
const everything = {
  pods: '5',
  'requests.cpu': '1',
  'requests.memory': '500Mi',
  'limits.cpu': '2',
  'limits.memory': '1Gi',
};

const scopes = [
  conformanceTest(`${PREFIX} verify ResourceQuota with terminating scopes.`, (context) =>
    scoped(
      context,
      [
        ['quota-terminating', 'Terminating'],
        ['quota-not-terminating', 'NotTerminating'],
      ],
      () => everything,
      [
        [podSpec(requests, limits), [nothing, { pods: '1', ...computed }]],
        [{ ...podSpec(requests, limits), activeDeadlineSeconds: 3600 }, [{ pods: '1', ...computed }, nothing]],
      ],
    ),
  ),

  conformanceTest(`${PREFIX} verify ResourceQuota with best effort scope.`, (context) =>
    scoped(
      context,
      [
        ['quota-besteffort', 'BestEffort'],
        ['quota-not-besteffort', 'NotBestEffort'],
      ],
      () => ({ pods: '5' }),
      [
        [podSpec(), [{ pods: '1' }, { pods: '0' }]],
        [podSpec(requests, limits), [{ pods: '0' }, { pods: '1' }]],
      ],
    ),
  ),
];

const operations = [
  conformanceTest(`${PREFIX} create a ResourceQuota and ensure its status is promptly calculated.`, (context) =>
    counting(context),
  ),

  conformanceTest(`${PREFIX} be able to update and delete ResourceQuota.`, async (context) => {
    const quotas = context.api.of(resourceQuota);
    const key = `${context.namespace}/test-quota`;
    await createQuota(context, 'test-quota', { hard: { cpu: '1', memory: '500Mi' } });
    const created = await quotas.get(key);
    assert.ok(isSame(created.spec?.hard?.['cpu'], '1') && isSame(created.spec?.hard?.['memory'], '500Mi'));
    await quotas.update(key, (current) => ({ ...current, spec: { hard: { cpu: '2', memory: '1Gi' } } }));
    const updated = await quotas.get(key);
    assert.ok(isSame(updated.spec?.hard?.['cpu'], '2') && isSame(updated.spec?.hard?.['memory'], '1Gi'));
    await quotas.delete(key);
    await assert.rejects(quotas.get(key), (error) => hasReason(error, 'NotFound'));
  }),

  conformanceTest(`${PREFIX} manage the lifecycle of a ResourceQuota`, async (context) => {
    const quotas = context.api.of(resourceQuota);
    const { namespace } = context;
    const name = `e2e-quota-${context.unique}`;
    const labelSelector = `${name}=patched`;
    await quotas.create({
      metadata: { name, namespace, labels: { [name]: 'created' } },
      spec: { hard: { cpu: '1', memory: '500Mi' } },
    });
    const got = await quotas.get(`${namespace}/${name}`);
    assert.ok(isSame(got.spec?.hard?.['cpu'], '1') && isSame(got.spec?.hard?.['memory'], '500Mi'));
    assert.equal((await quotas.list({ labelSelector: `${name}=created` })).items.length, 1);
    const patched = await quotas.patch(`${namespace}/${name}`, {
      type: 'strategic',
      body: { metadata: { labels: { [name]: 'patched' } }, spec: { hard: { memory: '750Mi' } } },
    });
    assert.equal(patched.metadata.labels?.[name], 'patched');
    assert.ok(isSame(patched.spec?.hard?.['memory'], '750Mi'));
    await quotas.deleteCollection({ namespace, labelSelector });
    await until(
      context,
      'the end of the quota',
      COUNTED_MS,
      async () => (await quotas.list({ labelSelector })).items.length === 0,
    );
  }),

  conformanceTest(
    `${PREFIX} apply changes to a resourcequota status`,
    async (context) => {
      const { namespace, api } = context;
      const { get, patch, replace } = rest(context);
      const name = `e2e-rq-status-${context.unique}`;
      const [label, labelSelector] = [{ 'e2e-rq-label': context.unique }, `e2e-rq-label=${context.unique}`];
      const { resourceVersion } = await api.of(resourceQuota).list({ namespace, labelSelector });
      await api
        .of(resourceQuota)
        .create({ metadata: { name, namespace, labels: label }, spec: { hard: { cpu: '500m', memory: '500Mi' } } });
      const path = `/api/v1/namespaces/${namespace}/resourcequotas/${name}`;
      await until(context, 'the first status', COUNTED_MS, async () =>
        isSame((await get(path)).status.hard?.cpu, '500m'),
      );
      const watch = watching(context, resourceQuota, { namespace, labelSelector, after: resourceVersion });
      const seen = (cpu: string, memory: string) =>
        watch.next(
          `a status of ${cpu}, ${memory}`,
          COUNTED_MS,
          ({ object }) => isSame(object.status?.hard?.['cpu'], cpu) && isSame(object.status?.hard?.['memory'], memory),
        );

      await until(context, 'the update of the status', COUNTED_MS, async () => {
        const current = await get(path);
        try {
          await replace(`${path}/status`, {
            ...current,
            status: { ...current.status, hard: { cpu: '2', memory: '3Gi' } },
          });
          return true;
        } catch (error) {
          if (hasReason(error, 'Conflict')) return false;
          throw error;
        }
      });
      await seen('2', '3Gi');
      const patched = await patch(`${path}/status`, 'merge', {
        metadata: { annotations: { patched: 'true' } },
        status: { hard: { cpu: '1', memory: '1Gi' } },
      });
      assert.ok(isSame(patched.status.hard.cpu, '1'));
      await seen('1', '1Gi');
      assert.equal((await get(`${path}/status`)).metadata.name, name);
      // The controller sets right what somebody else wrote, when it counts anew: every five minutes in upstream.
      await until(context, 'the status following the specification again', RESYNC_MS, async () => {
        const { status, spec } = await get(path);
        return isSame(status.hard.cpu, spec.hard.cpu) && isSame(status.hard.memory, spec.hard.memory);
      });
    },
    2 * RESYNC_MS,
  ),
];

export const resourceQuotaTests = [...operations, ...lives, services, pods, ...scopes];
