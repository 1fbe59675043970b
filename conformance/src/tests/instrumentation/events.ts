import assert from 'node:assert/strict';
import { event, type Event, eventV1 } from '@navarch/api';
import { type ApiObject, type Draft, hasReason, type Kind } from '@navarch/machinery';
import { conformanceTest, type TestContext } from '../../conformance-test.ts';
import { until } from '../../until.ts';

/** An event of either API group, as far as these tests look. */
interface AnyEvent extends ApiObject {
  readonly series?: { readonly count?: number; readonly lastObservedTime?: string };
  readonly message?: string;
}

const SERIES_TIME = '2017-09-19T13:49:16.000000Z';
const NAMES = ['test-event-1', 'test-event-2', 'test-event-3'];

const coreDraft = (context: TestContext, name: string, labels: Readonly<Record<string, string>>): Draft<Event> => ({
  metadata: { name, namespace: context.namespace, labels },
  message: 'This is a test event',
  reason: 'Test',
  type: 'Normal',
  count: 1,
  involvedObject: { namespace: context.namespace },
});

const newDraft = (context: TestContext, name: string, labels: Readonly<Record<string, string>>): object => ({
  metadata: { name, namespace: context.namespace, labels },
  regarding: { namespace: context.namespace },
  note: 'This is event-test',
  reason: 'Test',
  action: 'Do',
  type: 'Normal',
  reportingController: `test-controller-${context.unique}`,
  reportingInstance: 'test-node',
  eventTime: '2017-09-19T13:49:16.000000Z',
});

/** Three events of a set go at once. */
async function deletesCollection(
  context: TestContext,
  kind: Kind<any>,
  draftOf: (name: string, labels: Readonly<Record<string, string>>) => object,
): Promise<void> {
  const api = context.api.of(kind as Kind<AnyEvent>);
  const set = { namespace: context.namespace, labelSelector: 'testevent-set=true' };
  for (const name of NAMES) await api.create(draftOf(name, { 'testevent-set': 'true' }) as never);
  assert.deepEqual((await api.list(set)).items.map(({ metadata }) => metadata.name).toSorted(), NAMES);
  await api.deleteCollection(set);
  await until(context, 'the end of the events', 60_000, async () => (await api.list(set)).items.length === 0);
}

export const eventTests = [
  conformanceTest('[sig-instrumentation] Events should manage the lifecycle of an event', async (context) => {
    const events = context.api.of(event);
    const key = `${context.namespace}/event-test`;
    const labelSelector = 'testevent-constant=true';
    const made = await events.create(coreDraft(context, 'event-test', { 'testevent-constant': 'true' }));
    const found = (items: readonly Event[]): boolean =>
      items.some(({ metadata }) => metadata.name === 'event-test' && metadata.namespace === context.namespace);
    assert.ok(found((await events.list({ labelSelector })).items));
    await events.patch(key, { type: 'strategic', body: { message: 'This is a test event - patched' } });
    const patched = await events.get(key);
    assert.equal(patched.message, 'This is a test event - patched');
    assert.equal(patched.metadata.uid, made.metadata.uid);
    await events.replace({ ...patched, series: { count: 100, lastObservedTime: SERIES_TIME } });
    assert.deepEqual((await events.get(key)).series, { count: 100, lastObservedTime: SERIES_TIME });
    await events.delete(key);
    assert.ok(!found((await events.list({ labelSelector })).items));
  }),

  conformanceTest('[sig-instrumentation] Events should delete a collection of events', (context) =>
    deletesCollection(context, event, (name, labels) => coreDraft(context, name, labels)),
  ),

  conformanceTest(
    '[sig-instrumentation] Events API should ensure that an event can be fetched, patched, deleted, and listed',
    async (context) => {
      const events = context.api.of(eventV1 as Kind<any> as Kind<AnyEvent>);
      const key = `${context.namespace}/event-test`;
      const made = await events.create(newDraft(context, 'event-test', { 'testevent-constant': 'true' }) as never);
      const isIn = (items: readonly ApiObject[]): boolean =>
        items.some(({ metadata }) => metadata.name === 'event-test' && metadata.namespace === context.namespace);
      assert.ok(isIn((await events.list()).items));
      assert.ok(isIn((await events.list({ namespace: context.namespace })).items));
      const reporter = `test-controller-${context.unique}`;
      assert.ok(
        isIn(
          (await context.api.of(event).list({ namespace: context.namespace, fieldSelector: `source=${reporter}` }))
            .items,
        ),
        'core events by source',
      );
      assert.ok(
        isIn(
          (await events.list({ namespace: context.namespace, fieldSelector: `reportingController=${reporter}` })).items,
        ),
        'events by reportingController',
      );
      assert.deepEqual(await events.get(key), made);

      await events.patch(key, { type: 'strategic', body: { series: { count: 2, lastObservedTime: SERIES_TIME } } });
      const patched = await events.get(key);
      assert.deepEqual(
        withoutVersion(patched),
        withoutVersion({ ...made, series: { count: 2, lastObservedTime: SERIES_TIME } }),
      );
      const updated = await events.replace({ ...patched, series: { count: 100, lastObservedTime: SERIES_TIME } });
      assert.deepEqual(withoutVersion(await events.get(key)), withoutVersion(updated));
      assert.equal(updated.series?.count, 100);

      await events.delete(key);
      await assert.rejects(events.get(key), (error) => hasReason(error, 'NotFound'));
      assert.ok(!isIn((await events.list()).items));
      assert.ok(!isIn((await events.list({ namespace: context.namespace })).items));
    },
  ),

  conformanceTest('[sig-instrumentation] Events API should delete a collection of events', (context) =>
    deletesCollection(context, eventV1, (name, labels) => newDraft(context, name, labels)),
  ),
];

/** What upstream leaves out when it compares: who wrote last, and when. */
function withoutVersion(object: AnyEvent): object {
  const {
    resourceVersion: _,
    managedFields: __,
    ...metadata
  } = object.metadata as ApiObject['metadata'] & { readonly managedFields?: unknown };
  return { ...object, metadata };
}
