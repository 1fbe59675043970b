import assert from 'node:assert/strict';
import { test } from 'node:test';
import { event, type Event } from '@navarch/api';
import { seededRandom, silent, TaskGroup } from '@navarch/base';
import { failure, forbidden } from '@navarch/machinery';
import { settle, SimClock } from '@navarch/sim';
import { MemoryApi } from '../testing/memory-api.ts';
import { EventRecorder } from './recorder.ts';

async function withRecorder(
  work: (recorder: EventRecorder, api: MemoryApi, clock: SimClock) => Promise<void>,
): Promise<void> {
  const [api, clock] = [new MemoryApi(event), new SimClock()];
  const recorder = new EventRecorder(
    { events: api.of(), clock, random: seededRandom(1), log: silent },
    'tester',
    'host-1',
  );
  await using group = new TaskGroup(new AbortController().signal);
  group.spawn((signal) => recorder.run(signal));
  await settle();
  await work(recorder, api, clock);
}
const about = { apiVersion: 'v1', kind: 'Pod', namespace: 'n', name: 'p', uid: 'u' };
const all = (api: MemoryApi): readonly Event[] => [...api.objects.values()] as Event[];
const say = (recorder: EventRecorder, message: string, reason = 'Because'): void =>
  recorder.record(about, { type: 'Normal', reason, message });

test('EventRecorder gives its events names that no other recorder gives, at whatever moment', async () => {
  const [api, clock, random] = [new MemoryApi(event), new SimClock(), seededRandom(1)];
  // Simulated moments need not be whole milliseconds.
  await clock.advance(0.25);
  await using group = new TaskGroup(new AbortController().signal);
  for (const component of ['one', 'two']) {
    const recorder = new EventRecorder({ events: api.of(), clock, random, log: silent }, component);
    group.spawn((signal) => recorder.run(signal));
    say(recorder, 'hello');
  }
  await settle();
  assert.deepEqual(
    all(api).map(({ source }) => source?.component),
    ['one', 'two'],
  );
});

test('EventRecorder writes what happened to what, and by whom', async () => {
  await withRecorder(async (recorder, api) => {
    say(recorder, 'hello');
    await settle();
    const [{ metadata, ...rest } = {} as Event] = all(api);
    assert.match(metadata.name, /^p\.[0-9a-f]+$/);
    assert.equal(metadata.namespace, 'n');
    assert.deepEqual(rest, {
      apiVersion: 'v1',
      kind: 'Event',
      involvedObject: about,
      reason: 'Because',
      message: 'hello',
      type: 'Normal',
      count: 1,
      firstTimestamp: '2026-01-01T00:00:00Z',
      lastTimestamp: '2026-01-01T00:00:00Z',
      source: { component: 'tester', host: 'host-1' },
      reportingComponent: 'tester',
      reportingInstance: 'host-1',
    } as never);
  });
});

test('EventRecorder counts repetitions, also after the first has expired', async () => {
  await withRecorder(async (recorder, api, clock) => {
    for (let i = 0; i < 3; i++) {
      say(recorder, 'again');
      await clock.advance(1000);
    }
    assert.deepEqual(
      all(api).map((e) => [e.count, e.firstTimestamp, e.lastTimestamp]),
      [[3, '2026-01-01T00:00:00Z', '2026-01-01T00:00:02Z']],
    );
    api.objects.clear();
    say(recorder, 'again');
    await clock.advance(1000);
    assert.deepEqual(
      all(api).map((e) => e.count),
      [4],
    );
  });
});

test('EventRecorder combines many different messages for one reason', async () => {
  await withRecorder(async (recorder, api, clock) => {
    for (let i = 0; i < 15; i++) {
      say(recorder, `number ${i}`);
      await clock.advance(10);
    }
    const shown = all(api).map((e) => [e.message, e.count]);
    assert.equal(shown.length, 10);
    assert.deepEqual(shown.at(-1), ['(combined from similar events): number 14', 6]);
  });
});

test('EventRecorder lets one object speak 25 times at once, then every five minutes', async () => {
  await withRecorder(async (recorder, api, clock) => {
    for (let i = 0; i < 40; i++) say(recorder, 'flood', `Reason${i}`);
    await clock.advance(1000);
    assert.equal(all(api).length, 25);
    await clock.advance(300_000);
    say(recorder, 'flood', 'Later');
    await clock.advance(1000);
    assert.equal(all(api).length, 26);
  });
});

test('EventRecorder tries again when the server is in trouble, and gives up when it is refused', async () => {
  await withRecorder(async (recorder, api, clock) => {
    api.failNext = failure('InternalError', 'down');
    say(recorder, 'first');
    await clock.advance(1);
    assert.equal(all(api).length, 0);
    await clock.advance(20_000);
    assert.equal(all(api).length, 1);
    api.failNext = forbidden(event, 'x', 'the namespace is going');
    say(recorder, 'second');
    say(recorder, 'third');
    await clock.advance(60_000);
    assert.deepEqual(
      all(api).map((e) => e.message),
      ['first', 'third'],
    );
  });
});
