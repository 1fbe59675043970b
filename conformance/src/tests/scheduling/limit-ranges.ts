import assert from 'node:assert/strict';
import { limitRange, type LimitRange, namespace, type Pod } from '@navarch/api';
import { canonicalQuantity, hasReason } from '@navarch/machinery';
import { conformanceTest, type TestContext } from '../../conformance-test.ts';
import { createPod, getPod } from '../../pods.ts';
import { PAUSE } from '../../testhost.ts';
import { until } from '../../until.ts';
import { watching } from '../../watches.ts';
import type { Amounts } from './nodes.ts';

/** What is not said is left out. */
const amounts = (cpu: string, memory: string, storage: string): Amounts =>
  Object.fromEntries(
    Object.entries({ cpu, memory, 'ephemeral-storage': storage }).filter(([, amount]) => amount !== ''),
  );

const [min, max] = [amounts('50m', '100Mi', '100Gi'), amounts('500m', '500Mi', '500Gi')];
const [defaultLimit, defaultRequest] = [amounts('500m', '500Mi', '500Gi'), amounts('100m', '200Mi', '200Gi')];
const limits = [{ type: 'Container' as const, min, max, default: defaultLimit, defaultRequest }];

const valueOf = (text: string | undefined): string | undefined => canonicalQuantity(text ?? '');

/** Equal as quantities: 1000m is 1. */
function sameAmounts(actual: Amounts | undefined, wanted: Amounts, what: string): void {
  assert.deepEqual(Object.keys(actual ?? {}).toSorted(), Object.keys(wanted).toSorted(), what);
  for (const [name, amount] of Object.entries(wanted))
    assert.equal(valueOf(actual?.[name]), valueOf(amount), `${name} of ${what}`);
}

const create = (context: TestContext, name: string, requests: Amounts, limitsOf: Amounts): Promise<Pod> =>
  createPod(context, name, {
    terminationGracePeriodSeconds: 0,
    containers: [{ name: 'pause', image: PAUSE, resources: { requests, limits: limitsOf } }],
  });

/** By the range, or because a default of the range contradicts what the pod asks for. */
const isRefused = (error: unknown): boolean => hasReason(error, 'Forbidden') || hasReason(error, 'Invalid');

async function hasAmounts(context: TestContext, name: string, requests: Amounts, limitsOf: Amounts): Promise<void> {
  for (const { resources } of (await getPod(context, name)).spec.containers) {
    sameAmounts(resources?.requests, requests, `requests of ${name}`);
    sameAmounts(resources?.limits, limitsOf, `limits of ${name}`);
  }
}

const cpuMinOf = ({ spec }: LimitRange): string | undefined => spec?.limits[0]?.min?.['cpu'];

async function defaults(context: TestContext): Promise<void> {
  const api = context.api.of(limitRange);
  const key = `${context.namespace}/limit-range`;
  const { resourceVersion } = await api.list({ namespace: context.namespace });
  const watch = watching(context, limitRange, { namespace: context.namespace, after: resourceVersion });
  await api.create({
    metadata: { name: 'limit-range', namespace: context.namespace, labels: { time: context.unique } },
    spec: { limits },
  });
  await watch.next(
    'the new LimitRange',
    60_000,
    ({ type, object }) => type === 'ADDED' && object.metadata.name === 'limit-range',
  );
  const [found] = (await api.get(key)).spec?.limits ?? [];
  sameAmounts(found?.default, defaultLimit, 'the default limits');
  sameAmounts(found?.defaultRequest, defaultRequest, 'the default requests');

  await create(context, 'pod-no-resources', {}, {});
  await hasAmounts(context, 'pod-no-resources', defaultRequest, defaultLimit);
  // A limit that is given is the request too: the default request is for containers without that limit.
  await create(context, 'pod-partial-resources', amounts('', '150Mi', '150Gi'), amounts('300m', '', ''));
  await hasAmounts(
    context,
    'pod-partial-resources',
    amounts('300m', '150Mi', '150Gi'),
    amounts('300m', '500Mi', '500Gi'),
  );
  await assert.rejects(create(context, 'pod-too-small', amounts('10m', '50Mi', '50Gi'), {}), isRefused);
  await assert.rejects(create(context, 'pod-too-large', amounts('600m', '600Mi', '600Gi'), {}), isRefused);

  await api.update(key, (current) => ({
    ...current,
    spec: { limits: [{ ...current.spec?.limits[0], type: 'Container', min: amounts('9m', '49Mi', '49Gi') }] },
  }));
  await until(context, 'the changed LimitRange', 10_000, async () => cpuMinOf(await api.get(key)) === '9m');
  await create(context, 'pod-small', amounts('10m', '50Mi', '50Gi'), {});
  await assert.rejects(create(context, 'pod-still-too-large', amounts('600m', '600Mi', '600Gi'), {}), isRefused);

  await api.delete(key);
  await watch.next('the end of the LimitRange', 30_000, ({ type }) => type === 'DELETED');
  await create(context, 'pod-large', amounts('600m', '600Mi', '600Gi'), {});
}

async function collection(context: TestContext): Promise<void> {
  const api = context.api.of(limitRange);
  const other = `${context.namespace}-other`;
  context.cleanup(() => context.kubectl(['delete', 'namespace', other, '--wait=false']));
  await context.api.of(namespace).create({ metadata: { name: other } });
  const name = `e2e-limitrange-${context.unique}`;
  const labels = { 'e2e-test': context.unique };
  for (const inNamespace of [context.namespace, other])
    await api.create({ metadata: { name, namespace: inNamespace, labels }, spec: { limits } });
  const labelSelector = `e2e-test=${context.unique}`;
  assert.equal((await api.list({ namespace: context.namespace, labelSelector })).items.length, 1);
  assert.equal((await api.list({ labelSelector })).items.length, 2, 'in all namespaces');

  const patched = await api.patch(`${context.namespace}/${name}`, {
    type: 'strategic',
    body: {
      metadata: { labels: { [name]: 'patched' } },
      spec: { limits: [{ ...limits[0], min: amounts('9m', '49Mi', '49Gi') }] },
    },
  });
  assert.equal(patched.metadata.labels?.[name], 'patched');
  assert.equal(cpuMinOf(patched), '9m');
  await api.deleteCollection({ namespace: context.namespace, labelSelector: `${name}=patched` });
  await until(
    context,
    'the end of the patched LimitRange',
    30_000,
    async () => (await api.list({ namespace: context.namespace, labelSelector })).items.length === 0,
  );
  const left = (await api.list({ labelSelector })).items;
  assert.deepEqual(
    left.map(({ metadata }) => metadata.namespace),
    [other],
  );
}

export const limitRangeTests = [
  conformanceTest(
    '[sig-scheduling] LimitRange should create a LimitRange with defaults and ensure pod has those defaults applied.',
    defaults,
  ),
  conformanceTest('[sig-scheduling] LimitRange should list, patch and delete a LimitRange by collection', collection),
];
