import assert from 'node:assert/strict';
import { isIP } from 'node:net';
import { pod } from '@navarch/api';
import { conformanceTest } from '../../conformance-test.ts';
import { createPod, getPod, isGone, shell, startPod } from '../../pods.ts';
import { until } from '../../until.ts';

const sleeper = { terminationGracePeriodSeconds: 1, containers: [shell('sleep 3600')] };

export const podTests = [
  conformanceTest('[sig-node] Pods should get a host IP', async (context) => {
    const { status } = await startPod(context, 'with-host', sleeper);
    assert.notEqual(isIP(status.hostIP ?? ''), 0, `hostIP is ${status.hostIP}`);
  }),

  conformanceTest('[sig-node] Pods should be updated', async (context) => {
    await startPod(context, 'changing', sleeper, { labels: { time: 'before' } });
    await context.api.of(pod).update(`${context.namespace}/changing`, (current) =>
      ({ ...current, metadata: { ...current.metadata, labels: { time: 'after' } } }));
    const { items } = await context.api.of(pod).list({ namespace: context.namespace, labelSelector: 'time=after' });
    assert.deepEqual(items.map((p) => p.metadata.name), ['changing']);
  }),

  conformanceTest('[sig-node] Pods should be submitted and removed', async (context) => {
    const pods = context.api.of(pod);
    const before = await pods.list({ namespace: context.namespace, labelSelector: 'role=brief' });
    assert.deepEqual(before.items, []);
    const types: string[] = [];
    const watching = (async () => {
      const where = { namespace: context.namespace, labelSelector: 'role=brief', after: before.resourceVersion };
      for await (const events of pods.watch(where, context.signal)) {
        types.push(...events.map((event) => event.type).filter((type) => type !== 'BOOKMARK'));
        if (types.includes('DELETED')) return;
      }
    })();
    watching.catch(() => undefined); // Awaited below, unless the test has failed by then.
    await startPod(context, 'brief', sleeper, { labels: { role: 'brief' } });
    await pods.delete(`${context.namespace}/brief`);
    await until(context, 'the end of the pod', 60_000, () => isGone(context, 'brief'));
    await watching;
    assert.equal(types[0], 'ADDED');
    assert.equal(types.at(-1), 'DELETED');
  }),

  conformanceTest('[sig-node] Pods should delete a collection of pods', async (context) => {
    const names = ['one', 'two', 'three'];
    for (const name of names) await createPod(context, name, sleeper, { labels: { role: 'many' } });
    await context.api.of(pod).deleteCollection({ namespace: context.namespace, labelSelector: 'role=many' });
    await until(context, 'the end of all three pods', 90_000, async () =>
      (await context.api.of(pod).list({ namespace: context.namespace, labelSelector: 'role=many' })).items.length === 0);
  }),

  conformanceTest('[sig-node] Pods should allow activeDeadlineSeconds to be updated', async (context) => {
    await startPod(context, 'hurried', sleeper);
    await context.api.of(pod).update(`${context.namespace}/hurried`, (current) =>
      ({ ...current, spec: { ...current.spec, activeDeadlineSeconds: 5 } }));
    await until(context, 'the pod failing with DeadlineExceeded', 60_000, async () => {
      const { status } = await getPod(context, 'hurried');
      return status.phase === 'Failed' && status.reason === 'DeadlineExceeded';
    });
  }),
];
