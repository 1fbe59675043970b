import assert from 'node:assert/strict';
import { node, type Pod, pod } from '@navarch/api';
import { conformanceTest, type TestContext } from '../../conformance-test.ts';
import { createPod, untilRunning } from '../../pods.ts';
import { PAUSE } from '../../testhost.ts';
import { until } from '../../until.ts';
import { watching } from '../../watches.ts';

const taint = { key: 'kubernetes.io/e2e-evict-taint-key', value: 'evictTaintVal', effect: 'NoExecute' as const };
/** What a deletion may take beyond what it is asked to. */
const MORE_S = 5;
const GRACE_S = 60;

/** A pod that bears the taint for so long, and no longer. */
const bearing = (context: TestContext, name: string, seconds: number, hostname?: string): Promise<Pod> =>
  createPod(
    context,
    name,
    {
      terminationGracePeriodSeconds: 0,
      containers: [{ name: 'pause', image: PAUSE }],
      tolerations: [{ key: taint.key, value: taint.value, effect: taint.effect, tolerationSeconds: seconds }],
      ...(hostname ? { nodeSelector: { 'kubernetes.io/hostname': hostname } } : {}),
    },
    { labels: { group: 'taint-eviction' } },
  );

async function addTaint({ api, cleanup }: TestContext, name: string): Promise<() => Promise<unknown>> {
  const remove = (): Promise<unknown> =>
    api.of(node).update(name, (current) => ({
      ...current,
      spec: { ...current.spec, taints: (current.spec.taints ?? []).filter(({ key }) => key !== taint.key) },
    }));
  cleanup(remove);
  await api.of(node).update(name, (current) => ({
    ...current,
    spec: { ...current.spec, taints: [...(current.spec.taints ?? []), taint] },
  }));
  const { spec } = await api.of(node).get(name);
  assert.ok(spec.taints?.some(({ key, effect }) => key === taint.key && effect === taint.effect));
  return remove;
}

/** Names of the test's pods whose deletion was asked for or done. */
async function deletions(context: TestContext): Promise<() => readonly string[]> {
  const mine = { namespace: context.namespace, labelSelector: 'group=taint-eviction' };
  const watch = watching(context, pod, { ...mine, after: (await context.api.of(pod).list(mine)).resourceVersion });
  return () => [
    ...new Set(
      watch.changes
        .filter(({ type, object }) => type === 'DELETED' || object.metadata.deletionTimestamp)
        .map(({ object }) => object.metadata.name),
    ),
  ];
}

export const taintEvictionTests = [
  conformanceTest('[sig-node] NoExecuteTaintManager Single Pod removing taint cancels eviction', async (context) => {
    await bearing(context, 'taint-eviction-4', 2 * MORE_S);
    const deleted = await deletions(context);
    const { spec } = await untilRunning(context, 'taint-eviction-4');
    const removeTaint = await addTaint(context, spec.nodeName ?? '');
    await context.clock.sleep(MORE_S * 1000, context.signal);
    assert.deepEqual(deleted(), [], 'evicted before its time');
    await removeTaint();
    await context.clock.sleep((GRACE_S + 3 * MORE_S) * 1000, context.signal);
    assert.deepEqual(deleted(), [], 'evicted though the taint was taken away');
  }),

  conformanceTest(
    '[sig-node] NoExecuteTaintManager Multiple Pods evicts pods with minTolerationSeconds',
    async (context) => {
      await bearing(context, 'taint-eviction-b1', MORE_S);
      const deleted = await deletions(context);
      const { spec } = await untilRunning(context, 'taint-eviction-b1');
      const { metadata } = await context.api.of(node).get(spec.nodeName ?? '');
      // Both on one node: what of them is told apart is how long they bear it.
      await bearing(context, 'taint-eviction-b2', 5 * MORE_S, metadata.labels?.['kubernetes.io/hostname']);
      await untilRunning(context, 'taint-eviction-b2');
      await addTaint(context, metadata.name);
      const tainted = context.clock.monotonic();
      await until(context, 'the eviction of the first pod', (MORE_S + GRACE_S) * 1000, async () =>
        deleted().includes('taint-eviction-b1'),
      );
      assert.ok(
        context.clock.monotonic() - tainted >= (MORE_S - 1) * 1000,
        'the first pod was evicted before its time',
      );
      assert.deepEqual(deleted(), ['taint-eviction-b1']);
      await until(
        context,
        'the eviction of the second pod',
        (5 * MORE_S + GRACE_S) * 1000,
        async () => deleted().length === 2,
      );
      assert.ok(
        context.clock.monotonic() - tainted >= (5 * MORE_S - 1) * 1000,
        'the second pod was evicted before its time',
      );
    },
  ),
];
