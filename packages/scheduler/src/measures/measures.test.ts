import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MetricRegistry } from '@navarch/base';
import { SimClock } from '@navarch/sim';
import { definePlugin } from '../plugin.ts';
import { PodQueue } from '../queue/pod-queue.ts';
import { Snapshot } from '../snapshot/snapshot.ts';
import { IncomingEntities } from './incoming-entities.ts';
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

test('IncomingEntities counts a group once wherever it comes to, and anew after its turn', () => {
  const metrics = new MetricRegistry();
  const entities = new IncomingEntities(metrics);
  const come = (): void => {
    for (const part of ['unschedulable', 'unschedulable', 'active', 'active'] as const)
      entities.came(part, 'PodAdd', 'd/group');
  };
  const shown = (): readonly string[] => metrics.text().match(/(?<=_entities_total).*"podgroup".*/gm) ?? [];
  come();
  entities.came('active', 'PodAdd', undefined);
  const inActive = (count: number) => `{event="PodAdd",queue="active",type="podgroup"} ${count}`;
  const inOther = (count: number) => `{event="PodAdd",queue="unschedulable",type="podgroup"} ${count}`;
  assert.deepEqual(shown(), [inOther(1), inActive(1)]);
  entities.came('active', 'PodAdd', 'd/group');
  assert.deepEqual(shown(), [inOther(1), inActive(1)]);
  entities.left('d/group');
  entities.came('active', 'PodAdd', 'd/group');
  assert.deepEqual(shown(), [inOther(1), inActive(2)]);
});
