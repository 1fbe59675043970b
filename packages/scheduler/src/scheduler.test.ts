import assert from 'node:assert/strict';
import { test } from 'node:test';
import { persistentVolume, persistentVolumeClaim, storageClass } from '@navarch/api';
import { defaultProfile } from './profile.ts';
import { nodeOf, podOf } from './testing/builders.ts';
import { World } from './testing/world.ts';

const one = (name: string, more: Parameters<typeof podOf>[1] = {}) =>
  podOf(name, { namespace: 'd', cpu: '1', ...more });
const small = (name: string) => nodeOf(name, { allocatable: { cpu: '1' } });
const NO_ROOM =
  'FailedScheduling 0/1 nodes are available: 1 Insufficient cpu. preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod.';

test('runScheduler() binds what fits, says once of the rest why not, and tries again when a pod goes, at once where nobody else waits', async () => {
  await using world = new World();
  await world.showNode(small('a'));
  await world.show(one('first'));
  await world.show(one('second'));
  assert.deepEqual(world.said(), [
    'bind d/first a',
    'Scheduled Successfully assigned d/first to a',
    NO_ROOM,
    'status d/second PodScheduled Unschedulable',
  ]);
  await world.remove('d/first');
  await world.settle();
  assert.deepEqual(world.said(), ['bind d/second a', 'Scheduled Successfully assigned d/second to a']);
});

test('runScheduler() counts attempts by their end, and the pods that wait', async () => {
  await using world = new World();
  await world.showNode(small('a'));
  await world.show(one('first'));
  await world.show(one('second'));
  await world.show(one('gated', { spec: { schedulingGates: [{ name: 'example.com/wait' }] } }));
  const text = world.metrics.text();
  for (const line of [
    'scheduler_schedule_attempts_total{profile="default-scheduler",result="scheduled"} 1',
    'scheduler_schedule_attempts_total{profile="default-scheduler",result="unschedulable"} 1',
    'scheduler_scheduling_attempt_duration_seconds_count{profile="default-scheduler",result="scheduled"} 1',
    'scheduler_pod_scheduling_attempts_bucket{le="1"} 1',
    'scheduler_preemption_attempts_total 1',
    'scheduler_pending_pods{queue="active"} 0',
    'scheduler_pending_pods{queue="unschedulable"} 1',
    'scheduler_pending_pods{queue="gated"} 1',
    'scheduler_queued_entities{queue="unschedulable",type="pod"} 1',
    'scheduler_queued_entities{queue="gated",type="pod"} 1',
    'scheduler_inflight_events{event="PodPopped"} 0',
    'scheduler_cache_size{type="nodes"} 1',
    'scheduler_cache_size{type="pods"} 1',
    'scheduler_cache_size{type="assumed_pods"} 0',
    'scheduler_queue_incoming_pods_total{event="UnschedulablePodAdd",queue="active"} 2',
    'scheduler_queue_incoming_pods_total{event="ScheduleAttemptFailure",queue="unschedulable"} 1',
    'scheduler_unschedulable_pods{plugin="NodeResourcesFit",profile="default-scheduler"} 1',
    'scheduler_pod_scheduling_sli_duration_seconds_count{attempts="1"} 1',
    'scheduler_scheduling_algorithm_duration_seconds_count 2',
    'scheduler_framework_extension_point_duration_seconds_count{extension_point="Bind",profile="default-scheduler",status="Success"} 1',
    'scheduler_framework_extension_point_duration_seconds_count{extension_point="PostFilter",profile="default-scheduler",status="Unschedulable"} 1',
    'scheduler_framework_extension_point_duration_seconds_count{extension_point="PreFilter",profile="default-scheduler",status="Success"} 2',
    'scheduler_framework_extension_point_duration_seconds_count{extension_point="Filter",profile="default-scheduler",status="Success"} 2',
    ...['Reserve', 'Permit', 'PreBind', 'PostBind'].map(
      (point) =>
        `scheduler_framework_extension_point_duration_seconds_count{extension_point="${point}",profile="default-scheduler",status="Success"} 1`,
    ),
    // The first of ten attempts is timed plugin by plugin.
    'scheduler_plugin_execution_duration_seconds_count{extension_point="Filter",plugin="NodeResourcesFit",status="Success"} 1',
    'scheduler_plugin_execution_duration_seconds_count{extension_point="PreFilter",plugin="VolumeBinding",status="Skip"} 1',
    'scheduler_plugin_evaluation_total{extension_point="PreFilter",plugin="NodeResourcesFit",profile="default-scheduler"} 2',
    'scheduler_plugin_evaluation_total{extension_point="Filter",plugin="NodeResourcesFit",profile="default-scheduler"} 2',
    'scheduler_goroutines{operation="binding"} 0',
    'scheduler_event_handling_duration_seconds_count{event="NodeAdd"} 1',
    'scheduler_event_handling_duration_seconds_count{event="UnschedulablePodAdd"} 3',
  ])
    assert.ok(text.split('\n').includes(line), `${line} is not in\n${text}`);
});

test('runScheduler() doubles the back-off with every error, up to ten seconds, and lets nothing cut it short', async () => {
  await using world = new World();
  await world.showNode(small('a'));
  const waits: number[] = [];
  let tried = world.clock.monotonic();
  world.failNextBinding = new Error('connection reset');
  await world.show(one('first'));
  for (let i = 0; i < 6; i++) {
    world.said();
    world.failNextBinding = new Error('connection reset');
    // A pod that goes helps those that fitted nowhere; this one did.
    await world.show(one('other', { cpu: '0', spec: { nodeName: 'a' } }));
    await world.remove('d/other');
    await world.clock.advanceUntil(() => world.log.length > 0, 60_000);
    waits.push(world.clock.monotonic() - tried);
    tried = world.clock.monotonic();
  }
  assert.deepEqual(waits, [1000, 2000, 4000, 8000, 10_000, 10_000]);
});

test('runScheduler() is not woken by events that cannot help, but looks again after five minutes', async () => {
  await using world = new World();
  await world.showNode(small('a'));
  await world.show(one('big', { cpu: '2' }));
  world.said();
  await world.showNode(nodeOf('a', { allocatable: { cpu: '1', 'example.com/x': '1' } }));
  await world.showNode(small('b'));
  await world.clock.advanceUntil(() => world.log.length > 0, 600_000);
  assert.equal(world.clock.monotonic(), 300_000);
});

test('runScheduler() leaves gated pods and pods of unknown schedulers alone, and takes a pod whose gates are gone', async () => {
  await using world = new World([defaultProfile, { ...defaultProfile, schedulerName: 'second' }]);
  await world.showNode(small('a'));
  await world.showNode(small('b'));
  await world.show(one('theirs', { spec: { schedulerName: 'other' } }));
  await world.show(one('gated', { spec: { schedulingGates: [{ name: 'example.com/wait' }] } }));
  assert.deepEqual(world.said(), []);
  await world.show(one('gated'));
  assert.equal(world.said()[0]?.startsWith('bind d/gated'), true);
  await world.show(one('ours-too', { spec: { schedulerName: 'second' } }));
  assert.equal(world.said()[0]?.startsWith('bind d/ours-too'), true);
});

test('runScheduler() takes the more important pod first', async () => {
  await using world = new World();
  await world.show(one('low', { spec: { priority: 1 } }));
  await world.show(one('high', { spec: { priority: 2 } }));
  world.said();
  await world.showNode(small('a'));
  await world.clock.advance(1000);
  await world.settle();
  assert.equal(world.said()[0], 'bind d/high a');
});

test('runScheduler() gives the room of a binding that failed to others, and tries the pod again', async () => {
  await using world = new World();
  world.failNextBinding = new Error('connection reset');
  await world.showNode(small('a'));
  await world.show(one('first'));
  assert.deepEqual(world.said(), [
    'FailedScheduling running Bind plugin "DefaultBinder": connection reset',
    'status d/first PodScheduled SchedulerError',
  ]);
  await world.show(one('second'));
  assert.equal(world.said()[0], 'bind d/second a');
  await world.clock.advance(1000);
  await world.settle();
  assert.deepEqual(world.said(), [NO_ROOM, 'status d/first PodScheduled Unschedulable']);
});

test('runScheduler() sends less important pods away for a more important one, and gives it their room', async () => {
  await using world = new World();
  await world.showNode(small('a'));
  await world.show(one('low', { spec: { priority: 1 } }));
  world.said();
  await world.show(one('high', { spec: { priority: 2 } }));
  const said = world.said();
  assert.deepEqual(said.slice(0, 5).sort(), [
    'FailedScheduling 0/1 nodes are available: 1 Insufficient cpu.',
    'Preempted Preempted by pod uid-d-high on node a',
    'delete d/low',
    'status d/high PodScheduled Unschedulable, promised a',
    'status d/low DisruptionTarget PreemptionByScheduler',
  ]);
  assert.equal(
    said.find((line) => line.startsWith('bind')),
    'bind d/high a',
  );
  await world.show(one('also-low', { spec: { priority: 1 } }));
  assert.ok(!world.said().some((line) => line.startsWith('bind d/also-low')), 'there is no room left');
});

test('runScheduler() never promises one room twice', async () => {
  await using world = new World();
  await world.showNode(nodeOf('a', { allocatable: { cpu: '2' } }));
  await world.show(one('x', { spec: { priority: 1 } }));
  await world.show(one('y', { spec: { priority: 1 } }));
  world.said();
  await world.show(one('h1', { spec: { priority: 5, preemptionPolicy: 'Never' } }));
  assert.deepEqual(world.said(), [
    'FailedScheduling 0/1 nodes are available: 1 Insufficient cpu. preemption: not eligible due to preemptionPolicy=Never.',
    'status d/h1 PodScheduled Unschedulable',
  ]);
});

test('runScheduler() binds a pod when its volumes are bound, lets others pass meanwhile, and gives up after ten minutes', async () => {
  await using world = new World();
  const claim = (annotations: object) => ({
    metadata: { name: 'c', namespace: 'd', uid: 'u', annotations },
    spec: {
      storageClassName: 'late',
      accessModes: ['ReadWriteOnce'],
      resources: { requests: { storage: '1Gi' } },
      ...(Object.keys(annotations).length > 0 ? { volumeName: 'v' } : {}),
    },
  });
  await world.showOther(storageClass, {
    metadata: { name: 'late' },
    provisioner: 'csi.example.com',
    volumeBindingMode: 'WaitForFirstConsumer',
  });
  await world.showOther(persistentVolumeClaim, claim({}));
  await world.showNode(nodeOf('a'));
  await world.show(one('waits', { spec: { volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'c' } }] } }));
  await world.show(one('passes'));
  assert.deepEqual(world.said(), [
    'status d/waits promised a',
    'update persistentvolumeclaims d/c',
    'bind d/passes a',
    'Scheduled Successfully assigned d/passes to a',
  ]);
  await world.clock.advance(600_000);
  await world.settle();
  await world.clock.advance(1000);
  await world.settle();
  assert.deepEqual(
    world.said(),
    [
      'FailedScheduling running PreBind plugin "VolumeBinding": binding volumes: context deadline exceeded',
      'status d/waits PodScheduled SchedulerError, promised null',
      'status d/waits promised a',
      'update persistentvolumeclaims d/c',
    ],
    'tried anew',
  );
  await world.showOther(persistentVolume, { metadata: { name: 'v' }, spec: {} });
  await world.showOther(persistentVolumeClaim, claim({ 'pv.kubernetes.io/bind-completed': 'yes' }));
  assert.deepEqual(world.said(), ['bind d/waits a', 'Scheduled Successfully assigned d/waits to a']);
});

test('runScheduler() asks again for a victim to go where that was not answered: nobody else has to go, and nobody waits for long', async () => {
  await using world = new World();
  for (const name of ['a', 'b']) await world.showNode(small(name));
  for (const name of ['low', 'also-low']) await world.show(one(name, { spec: { priority: 1 } }));
  world.failNextDeletion = new Error('connection refused');
  await world.show(one('high', { spec: { priority: 2 } }));
  world.said();
  await world.clock.advance(1000);
  await world.settle();
  const said = world.said();
  assert.equal(said.filter((line) => line.startsWith('delete ')).length, 1);
  assert.equal(said.filter((line) => line.startsWith('bind d/high ')).length, 1);
});
