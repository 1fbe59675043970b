import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MetricRegistry } from '@navarch/base';
import { SimClock } from '@navarch/sim';
import { definePlugin } from '../plugin.ts';
import { PodQueue } from '../queue/pod-queue.ts';
import { Snapshot } from '../snapshot/snapshot.ts';
import { measures } from './measures.ts';
import { timedProfile } from './timed-profile.ts';

test('measures() shows pods under way: those decided on and not yet seen to be bound, and those that extenders are asked about', () => {
  const [metrics, clock] = [new MetricRegistry(), new SimClock()];
  const assumed = new Set(['d/a', 'd/b']);
  measures(metrics, clock).follow(
    {
      queue: new PodQueue(clock),
      snapshot: new Snapshot(),
      assumed,
      bindings: () => 1,
      inLanes: () => 3,
      groupOf: undefined,
    },
    new AbortController().signal,
  );
  const shown = (): string | undefined => metrics.text().match(/^scheduler_inflight_events.*$/m)?.[0];
  assert.equal(shown(), 'scheduler_inflight_events{event="PodPopped"} 5');
  assumed.delete('d/a');
  assert.equal(shown(), 'scheduler_inflight_events{event="PodPopped"} 4');
});

test('timedProfile() times a few of many looks at nodes, and changes no answer', () => {
  let times = 0;
  const domainOf = Int32Array.from({ length: 320 }, (_, slot) => slot % 2);
  const limits = [{ domainOf, byNumber: Int32Array.of(0, 1), least: 0, most: 0, isNeeded: true }];
  const even = definePlugin<object>({
    name: 'Even',
    scope: 'cluster',
    wakesOn: [],
    prepare: () => ({}),
    filter: () => undefined,
    limits: () => limits,
  });
  const profile = { schedulerName: 'x', plugins: [{ plugin: even, weight: 0 }] };
  const timed = timedProfile(profile, new SimClock(), () => (times += 1)).plugins[0]?.plugin;
  assert.equal(timed?.limits?.({}), limits);
  assert.equal(times, 16, 'of 32 nodes half are within the limit');
});
