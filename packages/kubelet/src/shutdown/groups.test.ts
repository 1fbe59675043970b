import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pod } from '@navarch/api';
import { grouped, shutdownGroups, shutdownSeconds } from './groups.ts';

const of = (name: string, priority?: number): { readonly pod: Pod } => ({
  pod: { metadata: { name }, spec: priority === undefined ? {} : { priority } } as unknown as Pod,
});

test('shutdownGroups() keeps the end of the time for what is critical', () => {
  const groups = shutdownGroups({ shutdownGracePeriod: '30s', shutdownGracePeriodCriticalPods: '10s' });
  assert.deepEqual(groups, [
    { priority: 0, graceSeconds: 20 },
    { priority: 2_000_000_000, graceSeconds: 10 },
  ]);
  assert.equal(shutdownSeconds(groups), 30);
  assert.deepEqual([shutdownGroups({}), shutdownGroups({ shutdownGracePeriod: '0s' })], [[], []]);
});

test('shutdownGroups() refuses what cannot be', () => {
  for (const texts of [
    { shutdownGracePeriod: '10s', shutdownGracePeriodCriticalPods: '20s' },
    { shutdownGracePeriod: '500ms' },
    { shutdownGracePeriod: 'soon' },
    { shutdownGracePeriod: '10s', shutdownGracePeriodByPodPriority: [{ priority: 0, shutdownGracePeriodSeconds: 1 }] },
  ])
    assert.throws(() => shutdownGroups(texts), { name: 'ShutdownSettingError' });
});

test('grouped() puts a pod into the highest group that it reaches', () => {
  const groups = shutdownGroups({
    shutdownGracePeriodByPodPriority: [
      { priority: 1000, shutdownGracePeriodSeconds: 3 },
      { priority: 10, shutdownGracePeriodSeconds: 2 },
    ],
  });
  const pods = [
    of('none'),
    of('low', 9),
    of('ten', 10),
    of('between', 999),
    of('thousand', 1000),
    of('high', 2000),
    of('negative', -5),
  ];
  assert.deepEqual(
    grouped(groups, pods).map(({ group, pods: own }) => [group.priority, own.map(({ pod }) => pod.metadata.name)]),
    [
      [10, ['none', 'low', 'ten', 'between', 'negative']],
      [1000, ['thousand', 'high']],
    ],
  );
});
