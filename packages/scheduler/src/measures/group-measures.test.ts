import assert from 'node:assert/strict';
import { test } from 'node:test';
import { node, pod, podDisruptionBudget, podGroup, priorityClass } from '@navarch/api';
import { MetricRegistry } from '@navarch/base';
import { SimCluster } from '@navarch/sim';

const ROOM = { cpu: '2', memory: '8Gi', pods: '110' };

const group = (cluster: SimCluster, name: string, minCount: number, spec: object = {}) =>
  cluster.api.of(podGroup).create({
    metadata: { name, namespace: 'default' },
    spec: { schedulingPolicy: { gang: { minCount } }, ...spec },
  } as never);

const create = (cluster: SimCluster, name: string, of: string | undefined, priorityClassName?: string) =>
  cluster.api.of(pod).create({
    metadata: { name, namespace: 'default', labels: { of: of ?? 'none' } },
    spec: {
      containers: [{ name: 'c', image: 'i', resources: { requests: { cpu: '1' } } }],
      terminationGracePeriodSeconds: 1,
      ...(of === undefined ? {} : { schedulingGroup: { podGroupName: of } }),
      ...(priorityClassName === undefined ? {} : { priorityClassName }),
    },
  } as never);

test('a group is one entity of the queue, where its pods are nearest to a try, and no pod of it is another', async () => {
  const metrics = new MetricRegistry();
  await using cluster = await SimCluster.start({ nodes: 1, hasGroups: true, metrics });
  await cluster.settled();
  await cluster.api
    .of(node)
    .update('node-1', (n) => ({ ...n, status: { ...n.status, allocatable: ROOM, capacity: ROOM } }), {
      subresource: 'status',
    });
  await cluster.settled();
  for (const name of ['x', 'y']) {
    await group(cluster, name, 3);
    for (let i = 0; i < 3; i++) await create(cluster, `${name}-${i}`, name);
  }
  await group(cluster, 'short', 3);
  for (let i = 0; i < 2; i++) await create(cluster, `short-${i}`, 'short');
  for (const name of ['a', 'b', 'c', 'd', 'e']) await create(cluster, name, undefined);
  await cluster.clock.advance(60_000);
  const waiting = metrics
    .text()
    .split('\n')
    .filter((line) => line.startsWith('scheduler_queued_entities{') && !line.endsWith(' 0'));
  assert.deepEqual(waiting, [
    'scheduler_queued_entities{queue="unschedulable",type="pod"} 3',
    'scheduler_queued_entities{queue="unschedulable",type="podgroup"} 2',
    'scheduler_queued_entities{queue="gated",type="podgroup"} 1',
  ]);
  const incoming = metrics
    .text()
    .split('\n')
    .filter((line) => line.startsWith('scheduler_queue_incoming_entities_total{'))
    .map((line) => line.slice(line.indexOf('{')));
  assert.deepEqual(incoming.toSorted(), [
    '{event="PodGroupUpdate",queue="active",type="podgroup"} 1',
    '{event="ScheduleAttemptFailure",queue="unschedulable",type="pod"} 3',
    '{event="ScheduleAttemptFailure",queue="unschedulable",type="podgroup"} 2',
    '{event="UnschedulablePodAdd",queue="active",type="pod"} 5',
    '{event="UnschedulablePodAdd",queue="active",type="podgroup"} 1',
    '{event="UnschedulablePodAdd",queue="unschedulable",type="podgroup"} 3',
  ]);
});

test('groups are counted by the end of their attempts, and whom was sent away for them, as one where it went as one', async () => {
  const metrics = new MetricRegistry();
  await using cluster = await SimCluster.start({ nodes: 2, hasGroups: true, metrics });
  await cluster.settled();
  for (const name of ['node-1', 'node-2'])
    await cluster.api
      .of(node)
      .update(name, (n) => ({ ...n, status: { ...n.status, allocatable: ROOM, capacity: ROOM } }), {
        subresource: 'status',
      });
  // The scheduler has heard of it.
  await cluster.settled();
  for (const value of [100, 200])
    await cluster.api.of(priorityClass).create({ metadata: { name: `p${value}` }, value } as never);
  await group(cluster, 'low', 3, { disruptionMode: { all: {} } });
  for (let i = 0; i < 4; i++) await create(cluster, `low-${i}`, 'low');
  await cluster.settled();
  // Of equal importance: nobody has to go for it.
  await group(cluster, 'same', 2);
  for (let i = 0; i < 2; i++) await create(cluster, `same-${i}`, 'same');
  await cluster.settled();
  await group(cluster, 'high', 3, { priorityClassName: 'p100' });
  for (let i = 0; i < 3; i++) await create(cluster, `high-${i}`, 'high', 'p100');
  await cluster.clock.advance(30_000);
  await cluster.api.of(podDisruptionBudget).create({
    metadata: { name: 'high', namespace: 'default' },
    spec: { maxUnavailable: 0, selector: { matchLabels: { of: 'high' } } },
  } as never);
  await cluster.settled();
  for (let i = 0; i < 2; i++) await create(cluster, `single-${i}`, undefined, 'p200');
  await cluster.clock.advance(30_000);
  const text = metrics.text();
  const valueOf = (sample: string): number =>
    Number(
      text
        .split('\n')
        .find((line) => line.startsWith(`${sample} `))
        ?.slice(sample.length + 1) ?? 'NaN',
    );
  assert.ok(valueOf('scheduler_podgroup_schedule_attempts_total{profile="default-scheduler",result="scheduled"}') >= 2);
  for (const sample of [
    'scheduler_podgroup_schedule_attempts_total{profile="default-scheduler",result="unschedulable"}',
    'scheduler_podgroup_scheduling_attempt_duration_seconds_count{profile="default-scheduler",result="scheduled"}',
    'scheduler_podgroup_scheduling_algorithm_duration_seconds_count',
    'scheduler_workload_preemption_attempts_total{result="Unschedulable"}',
    'scheduler_preemption_evaluation_duration_seconds_count{preemptor="podgroup",result="Unschedulable"}',
    'scheduler_preemption_evaluation_duration_seconds_count{preemptor="podgroup",result="Success"}',
    'scheduler_preemption_evaluation_duration_seconds_count{preemptor="pod",result="Success"}',
  ])
    assert.ok(valueOf(sample) >= 1, sample);
  for (const [sample, value] of [
    ['scheduler_workload_preemption_attempts_total{result="Success"}', 1],
    ['scheduler_workload_preemption_victims_sum', 4],
    ['scheduler_preemption_workload_disruptions_sum{preemptor="podgroup"}', 1],
    ['scheduler_preemption_workload_disruptions_sum{preemptor="pod"}', 1],
    ['scheduler_preemption_victims_sum', 1],
    ['scheduler_preemption_pdb_violations_total{preemptor="podgroup"}', 0],
    ['scheduler_preemption_pdb_violations_total{preemptor="pod"}', 1],
    ['scheduler_preemption_execution_duration_seconds_count{preemptor="pod",result="success"}', 1],
    ['scheduler_preemption_goroutines_execution_total{result="success"}', 2],
    ['scheduler_preemption_goroutines_duration_seconds_count{result="success"}', 2],
  ] as const)
    assert.equal(valueOf(sample), value, sample);
});
