import assert from 'node:assert/strict';
import { configMap, type ConfigMap } from '@navarch/api';
import { hasReason } from '@navarch/machinery';
import { conformanceTest, type TestContext } from '../../conformance-test.ts';
import { until } from '../../until.ts';
import { type Change, watching, type Watching } from '../../watches.ts';

const LABEL = 'watch-this-configmap';
const SEEN_MS = 30_000;
/** How long nothing must be seen for it to count as not sent. */
const SILENCE_MS = 10_000;
const ROUNDS = 100;

type Type = Change<ConfigMap>['type'];

/** One ConfigMap and what is done to it. */
function changing(context: TestContext, name: string, label: string) {
  const api = context.api.of(configMap);
  const key = `${context.namespace}/${name}`;
  return {
    create: () => api.create({ metadata: { name, namespace: context.namespace, labels: { [LABEL]: label } } }),
    mutate: (mutation: string) => api.update(key, (current) => ({ ...current, data: { ...current.data, mutation } })),
    label: (value: string) =>
      api.update(key, (current) => ({ ...current, metadata: { ...current.metadata, labels: { [LABEL]: value } } })),
    delete: () => api.delete(key),
  };
}

async function watched(context: TestContext, labels: readonly string[], after?: string): Promise<Watching<ConfigMap>> {
  const from = after ?? (await context.api.of(configMap).list({ namespace: context.namespace })).resourceVersion;
  return watching(context, configMap, {
    namespace: context.namespace,
    labelSelector: `${LABEL} in (${labels.join(', ')})`,
    after: from,
  });
}

/** The next changes of a watch are these and nothing else. */
async function expect(
  context: TestContext,
  watch: Watching<ConfigMap>,
  expected: readonly (readonly [Type, mutation?: string])[],
  seen: Map<Watching<ConfigMap>, number>,
): Promise<void> {
  const from = seen.get(watch) ?? 0;
  await until(
    context,
    `${expected.map(([type]) => type).join(', ')} in the watch`,
    SEEN_MS,
    async () => watch.changes.length >= from + expected.length,
  );
  const found = watch.changes
    .slice(from, from + expected.length)
    .map(({ type, object }) => [type, object.data?.['mutation']]);
  assert.deepEqual(
    found,
    expected.map(([type, mutation]) => [type, mutation]),
  );
  seen.set(watch, from + expected.length);
}

async function expectSilence(
  context: TestContext,
  watches: readonly Watching<ConfigMap>[],
  seen: ReadonlyMap<Watching<ConfigMap>, number>,
): Promise<void> {
  await context.clock.sleep(SILENCE_MS, context.signal);
  for (const watch of watches)
    assert.equal(watch.changes.length, seen.get(watch) ?? 0, `unexpected: ${JSON.stringify(watch.changes.at(-1))}`);
}

/** Creates, changes and deletes ConfigMaps without an end, so that there is something to see. */
async function produce(context: TestContext, signal: AbortSignal): Promise<void> {
  const api = context.api.of(configMap);
  let made = 0;
  const alive: string[] = [];
  for (let step = 0; !signal.aborted; step++) {
    try {
      if (alive.length === 0 || step % 3 === 0) {
        const name = `cm-${made++}`;
        await api.create({ metadata: { name, namespace: context.namespace } });
        alive.push(name);
      } else if (step % 3 === 1) {
        await api.update(`${context.namespace}/${alive[step % alive.length] ?? ''}`, (current) => ({
          ...current,
          data: { step: String(step) },
        }));
      } else {
        await api.delete(`${context.namespace}/${alive.splice(step % alive.length, 1)[0] ?? ''}`);
      }
    } catch (error) {
      if (!hasReason(error, 'NotFound') && !hasReason(error, 'AlreadyExists')) throw error;
    }
    await context.clock.sleep(5, signal).catch(() => undefined);
  }
}

export const watcherTests = [
  conformanceTest(
    '[sig-api-machinery] Watchers should observe add, update, and delete watch notifications on configmaps',
    async (context) => {
      const [a, b, either] = [
        await watched(context, ['multiple-watchers-A']),
        await watched(context, ['multiple-watchers-B']),
        await watched(context, ['multiple-watchers-A', 'multiple-watchers-B']),
      ];
      const seen = new Map<Watching<ConfigMap>, number>();
      const both = async (own: Watching<ConfigMap>, change: readonly [Type, string?]): Promise<void> => {
        for (const watch of [own, either]) await expect(context, watch, [change], seen);
      };
      const first = changing(context, 'e2e-watch-test-configmap-a', 'multiple-watchers-A');
      await first.create();
      await both(a, ['ADDED']);
      for (const mutation of ['1', '2']) {
        await first.mutate(mutation);
        await both(a, ['MODIFIED', mutation]);
      }
      await expectSilence(context, [b], seen);
      await first.delete();
      await both(a, ['DELETED', '2']);
      await expectSilence(context, [b], seen);
      const second = changing(context, 'e2e-watch-test-configmap-b', 'multiple-watchers-B');
      await second.create();
      await both(b, ['ADDED']);
      await expectSilence(context, [a], seen);
      await second.delete();
      await both(b, ['DELETED']);
      await expectSilence(context, [a, b, either], seen);
    },
  ),

  conformanceTest(
    '[sig-api-machinery] Watchers should be able to start watching from a specific resource version',
    async (context) => {
      const one = changing(context, 'e2e-watch-test-resource-version', 'from-resource-version');
      await one.create();
      const { metadata } = await one.mutate('1');
      await one.mutate('2');
      await one.delete();
      const watch = await watched(context, ['from-resource-version'], metadata.resourceVersion);
      await expect(
        context,
        watch,
        [
          ['MODIFIED', '2'],
          ['DELETED', '2'],
        ],
        new Map(),
      );
    },
  ),

  conformanceTest(
    '[sig-api-machinery] Watchers should be able to restart watching from the last resource version observed by the previous watch',
    async (context) => {
      const one = changing(context, 'e2e-watch-test-watch-closed', 'watch-closed-and-restarted');
      const before = await watched(context, ['watch-closed-and-restarted']);
      await one.create();
      await one.mutate('1');
      await expect(context, before, [['ADDED'], ['MODIFIED', '1']], new Map());
      await one.mutate('2');
      const after = await watched(
        context,
        ['watch-closed-and-restarted'],
        before.changes[1]?.object.metadata.resourceVersion,
      );
      await one.delete();
      await expect(
        context,
        after,
        [
          ['MODIFIED', '2'],
          ['DELETED', '2'],
        ],
        new Map(),
      );
    },
  ),

  conformanceTest(
    '[sig-api-machinery] Watchers should observe an object deletion if it stops meeting the requirements of the selector',
    async (context) => {
      const one = changing(context, 'e2e-watch-test-label-changed', 'label-changed-and-restored');
      const watch = await watched(context, ['label-changed-and-restored']);
      const seen = new Map<Watching<ConfigMap>, number>();
      await one.create();
      await one.mutate('1');
      await one.label('wrong-value');
      await expect(context, watch, [['ADDED'], ['MODIFIED', '1'], ['DELETED', '1']], seen);
      await one.mutate('2');
      await expectSilence(context, [watch], seen);
      await one.label('label-changed-and-restored');
      await one.mutate('3');
      await one.delete();
      await expect(
        context,
        watch,
        [
          ['ADDED', '2'],
          ['MODIFIED', '3'],
          ['DELETED', '3'],
        ],
        seen,
      );
    },
  ),

  conformanceTest(
    '[sig-api-machinery] Watchers should receive events on concurrent watches in same order',
    async (context) => {
      const { namespace, api, signal } = context;
      let after = (await api.of(configMap).list({ namespace })).resourceVersion;
      const stop = new AbortController();
      const producing = produce(context, AbortSignal.any([stop.signal, signal]));
      const watches: Watching<ConfigMap>[] = [];
      const next = async (watch: Watching<ConfigMap>): Promise<string> =>
        (await watch.next('an event', SEEN_MS, () => true)).metadata.resourceVersion ?? '';
      try {
        for (let round = 0; round < ROUNDS; round++) {
          watches.push(watching(context, configMap, { namespace, after }));
          const [first, ...others] = watches;
          after = await next(first as Watching<ConfigMap>);
          for (const watch of others) assert.equal(await next(watch), after, 'every watch tells of the same change');
        }
      } finally {
        stop.abort();
        await producing;
      }
    },
  ),
];
