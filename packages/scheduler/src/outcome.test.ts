import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pod } from '@navarch/api';
import { silent } from '@navarch/base';
import type { Api, Recorder } from '@navarch/client';
import { failure, type Reason } from '@navarch/machinery';
import { SimClock } from '@navarch/sim';
import { reportFailure } from './outcome.ts';
import { podOf } from './testing/builders.ts';

/** What was said of a pod: the note of the event, and the condition that was written. */
async function said(pod: Pod, message: string, reason: 'Unschedulable' | 'SchedulerError' = 'Unschedulable') {
  const notes: string[] = [];
  const written: unknown[] = [];
  const api = {
    of: () => ({
      patch: async (_key: string, { body }: { body: { status: { conditions?: readonly unknown[] } } }) =>
        void written.push(...(body.status.conditions ?? [])),
    }),
  } as unknown as Api;
  const recorder = {
    record: (_about: object, { message: text }: { message: string }) => void notes.push(text),
  } as unknown as Recorder;
  const deps = { api, recorder, clock: new SimClock(), log: silent };
  await reportFailure({ pod, reason, message }, deps, new AbortController().signal);
  return { notes, written };
}

test('reportFailure() cuts a note that events have no room for, and says all of it in the condition', async () => {
  const long = 'x'.repeat(2000);
  const { notes, written } = await said(podOf('p'), long);
  assert.deepEqual(notes, [`${'x'.repeat(1020)} ...`]);
  assert.equal((written[0] as { message: string }).message, long);
  assert.deepEqual((await said(podOf('p'), 'x'.repeat(1024))).notes, ['x'.repeat(1024)]);
});

test('reportFailure() says which spec it speaks of, and since when the pod has no node', async () => {
  const { written } = await said(podOf('p', { metadata: { generation: 3n } }), 'm');
  const [condition] = written as [{ lastTransitionTime: string }];
  assert.deepEqual(condition, {
    type: 'PodScheduled',
    observedGeneration: 3n,
    status: 'False',
    reason: 'Unschedulable',
    message: 'm',
    lastTransitionTime: condition.lastTransitionTime,
  });
  const known = podOf('p', {
    status: { conditions: [{ ...condition, lastTransitionTime: '2020-01-01T00:00:00Z' }] as never },
  });
  assert.deepEqual((await said(known, 'm')).written, [], 'nothing new');
  const [other] = (await said(known, 'm', 'SchedulerError')).written as [
    { reason: string; lastTransitionTime: string },
  ];
  assert.deepEqual([other.reason, other.lastTransitionTime], ['SchedulerError', '2020-01-01T00:00:00Z']);
});

/** How often the status is tried to be written on a server that fails at first with these reasons. */
async function tries(...failures: readonly Reason[]): Promise<number> {
  const left = [...failures];
  const clock = new SimClock();
  let count = 0;
  const patch = async (): Promise<void> => {
    count += 1;
    const reason = left.shift();
    if (reason) throw failure(reason, 'in trouble');
  };
  const api = { of: () => ({ patch }) } as unknown as Api;
  const recorder = { record: () => undefined } as unknown as Recorder;
  const deps = { api, recorder, clock, log: silent };
  const { signal } = new AbortController();
  let isOver = false;
  void reportFailure({ pod: podOf('p'), reason: 'Unschedulable', message: 'm' }, deps, signal).then(
    () => (isOver = true),
  );
  assert.ok(await clock.advanceUntil(() => isOver, 1000));
  return count;
}

test('reportFailure() tells a server in trouble again, a few times', async () => {
  assert.equal(await tries(), 1);
  assert.equal(await tries('InternalError', 'ServiceUnavailable'), 3);
  assert.equal(await tries(...Array.from({ length: 9 }, () => 'InternalError' as const)), 4);
  assert.equal(await tries('NotFound'), 1);
  assert.equal(await tries('Forbidden'), 1);
});
