import assert from 'node:assert/strict';
import { isReady, namespace as namespaces, pod, podDisruptionBudget, replicaSet } from '@navarch/api';
import { formatTime, hasReason, type ObjectOf, StatusError } from '@navarch/machinery';
import { conformanceTest, type TestContext } from '../../conformance-test.ts';
import { createPod } from '../../pods.ts';
import { getJson } from '../../requests.ts';
import { testhost } from '../../testhost.ts';
import { until } from '../../until.ts';
import { keyOf, pathOf, POD_START_MS, podsOf, template, untilObject, untilRunning } from './workloads.ts';

type Budget = ObjectOf<typeof podDisruptionBudget>;

const NAME = 'foo';
const labels = { foo: 'bar' };

/** Waits until the controller has seen it: only then does it say anything. */
async function create(
  context: TestContext,
  minAvailable: number | string,
  {
    name = NAME,
    own = labels,
    namespace = context.namespace,
  }: { readonly name?: string; readonly own?: Readonly<Record<string, string>>; readonly namespace?: string } = {},
): Promise<Budget> {
  const budgets = context.api.of(podDisruptionBudget);
  await budgets.create({
    metadata: { name, namespace, labels: own },
    spec: { selector: { matchLabels: own }, minAvailable },
  });
  await until(
    context,
    `the budget ${name} being processed`,
    POD_START_MS,
    async () => (await budgets.get(`${namespace}/${name}`)).status.observedGeneration === 1,
  );
  return budgets.get(`${namespace}/${name}`);
}

const untilProcessed = (context: TestContext): Promise<Budget> =>
  untilObject(context, podDisruptionBudget, NAME, {
    what: 'being processed',
    isSo: ({ metadata, status }) => (status.observedGeneration ?? 0) >= (metadata.generation ?? 0),
  });

async function createPods(context: TestContext, count: number): Promise<void> {
  for (let i = 0; i < count; i++)
    await createPod(
      context,
      `pod-${i}`,
      { restartPolicy: 'Always', terminationGracePeriodSeconds: 0, containers: [testhost()] },
      { labels },
    );
}

/** So many pods are ready, and the budget knows it. */
async function untilHealthy(context: TestContext, count: number): Promise<void> {
  await until(
    context,
    `${count} running pods`,
    POD_START_MS,
    async () =>
      (await podsOf(context, labels)).filter(
        (p) => p.status.phase === 'Running' && isReady(p) && !p.metadata.deletionTimestamp,
      ).length >= count,
  );
  await untilObject(context, podDisruptionBudget, NAME, {
    what: `with ${count} healthy pods`,
    isSo: ({ status }) => status.currentHealthy === count,
  });
}

const evict = (context: TestContext, name: string): Promise<unknown> =>
  context.api.of(pod).post(keyOf(context, name), 'eviction', {
    apiVersion: 'policy/v1',
    kind: 'Eviction',
    metadata: { name, namespace: context.namespace },
  });

const isBudgetExceeded = (error: unknown): boolean =>
  hasReason(error, 'TooManyRequests') &&
  error instanceof StatusError &&
  (error.status.details?.causes ?? []).some(({ reason }) => (reason as string) === 'DisruptionBudget');

const setMinAvailable = (context: TestContext, minAvailable: number | string): Promise<Budget> =>
  context.api
    .of(podDisruptionBudget)
    .update(keyOf(context, NAME), (held) => ({ ...held, spec: { ...held.spec, minAvailable } }));
const patchMinAvailable = (context: TestContext, minAvailable: number | string): Promise<Budget> =>
  context.api.of(podDisruptionBudget).patch(keyOf(context, NAME), { type: 'merge', body: { spec: { minAvailable } } });

export const disruptionTests = [
  conformanceTest(
    '[sig-apps] DisruptionController Listing PodDisruptionBudgets for all namespaces should list and delete a collection of PodDisruptionBudgets',
    async (context) => {
      const { api, namespace, unique } = context;
      const special = { foo_pdb: unique };
      const labelSelector = `foo_pdb=${unique}`;
      const other = `${namespace}-other`;
      await api.of(namespaces).create({ metadata: { name: other } });
      context.cleanup(() => api.of(namespaces).delete(other));
      await create(context, 2, { own: special });
      await create(context, '1%', { own: special, name: 'foo2' });
      await create(context, 2, { own: special, name: 'foo3', namespace: other });
      const list = async (...where: string[]): Promise<readonly string[]> =>
        (
          await api
            .of(podDisruptionBudget)
            .list({ labelSelector, ...(where[0] === undefined ? {} : { namespace: where[0] }) })
        ).items
          .map(({ metadata }) => `${metadata.namespace}/${metadata.name}`)
          .sort();
      assert.deepEqual(await list(), [`${namespace}/foo`, `${namespace}/foo2`, `${other}/foo3`].sort());
      assert.deepEqual(await list(namespace), [`${namespace}/foo`, `${namespace}/foo2`]);
      await api.of(podDisruptionBudget).deleteCollection({ namespace, labelSelector });
      await until(context, 'the end of the two', POD_START_MS, async () => (await list(namespace)).length === 0);
      assert.deepEqual(await list(), [`${other}/foo3`]);
    },
  ),

  conformanceTest('[sig-apps] DisruptionController should create a PodDisruptionBudget', async (context) => {
    assert.equal((await create(context, '1%')).spec.minAvailable, '1%');
    assert.equal((await setMinAvailable(context, '2%')).spec.minAvailable, '2%');
    await untilProcessed(context);
    assert.equal((await patchMinAvailable(context, '3%')).spec.minAvailable, '3%');
    await untilProcessed(context);
    await context.api.of(podDisruptionBudget).delete(keyOf(context, NAME));
    await until(
      context,
      'its end',
      POD_START_MS,
      async () => (await context.api.of(podDisruptionBudget).list({ namespace: context.namespace })).items.length === 0,
    );
  }),

  conformanceTest(
    '[sig-apps] DisruptionController should observe PodDisruptionBudget status updated',
    async (context) => {
      await create(context, 1);
      await createPods(context, 3);
      await untilHealthy(context, 3);
      const { status } = await untilObject(context, podDisruptionBudget, NAME, {
        what: 'allowing disruptions',
        isSo: ({ status }) => status.disruptionsAllowed > 0,
      });
      assert.deepEqual([status.disruptionsAllowed, status.expectedPods, status.desiredHealthy], [2, 3, 1]);
    },
  ),

  conformanceTest('[sig-apps] DisruptionController should update/patch PodDisruptionBudget status', async (context) => {
    const { api, clock } = context;
    await create(context, 1);
    await createPods(context, 3);
    await untilHealthy(context, 3);
    const first = (await podsOf(context, labels))[0]?.metadata.name ?? '';
    const disruptedPods = { [first]: formatTime(clock.now()) };
    const updated = await api
      .of(podDisruptionBudget)
      .update(keyOf(context, NAME), (held) => ({ ...held, status: { ...held.status, disruptedPods } }), {
        subresource: 'status',
      });
    assert.deepEqual(Object.keys(updated.status.disruptedPods ?? {}), [first]);
    const patched = await api
      .of(podDisruptionBudget)
      .patch(
        keyOf(context, NAME),
        { type: 'merge', body: { status: { disruptedPods: null } } },
        { subresource: 'status' },
      );
    assert.deepEqual(patched.status.disruptedPods ?? {}, {});
    assert.equal(
      (await getJson<Budget>(context, pathOf(context, podDisruptionBudget, NAME, 'status'))).metadata.name,
      NAME,
    );
  }),

  conformanceTest(
    '[sig-apps] DisruptionController should block an eviction until the PDB is updated to allow it',
    async (context) => {
      const { api, namespace } = context;
      await create(context, 3);
      await api.of(replicaSet).create({
        metadata: { name: 'rs', namespace },
        spec: { replicas: 3, selector: { matchLabels: labels }, template: template(labels, testhost()) },
      });
      await untilHealthy(context, 3);
      const victim = (await podsOf(context, labels))[0]?.metadata.name ?? '';
      await assert.rejects(evict(context, victim), isBudgetExceeded);

      await setMinAvailable(context, 2);
      await untilHealthy(context, 3);
      await until(context, 'an eviction that is allowed', POD_START_MS, () => isEvicted(context, victim));

      await patchMinAvailable(context, 3);
      await untilProcessed(context);
      await untilRunning(context, labels, 3);
      await untilHealthy(context, 3);
      const next =
        (await podsOf(context, labels)).find((p) => !p.metadata.deletionTimestamp && isReady(p))?.metadata.name ?? '';
      await assert.rejects(evict(context, next), isBudgetExceeded);

      await api.of(podDisruptionBudget).delete(keyOf(context, NAME));
      await until(
        context,
        'the end of the budget',
        POD_START_MS,
        async () => (await api.of(podDisruptionBudget).list({ namespace })).items.length === 0,
      );
      assert.ok(await isEvicted(context, next));
    },
  ),
];

/** False while the budget says no. */
async function isEvicted(context: TestContext, name: string): Promise<boolean> {
  try {
    await evict(context, name);
    return true;
  } catch (error) {
    if (isBudgetExceeded(error)) return false;
    throw error;
  }
}
