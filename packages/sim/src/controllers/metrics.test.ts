import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  builtinKinds,
  cronJob,
  job,
  namespace,
  node,
  persistentVolume,
  persistentVolumeClaim,
  pod,
  service,
  statefulSet,
  storageClass,
} from '@navarch/api';
import {
  claimProtectionController,
  type Controller,
  cronJobController,
  endpointSliceController,
  garbageCollectorController,
  jobController,
  nodeIpamController,
  nodeLifecycleController,
  podGcController,
  rootCaController,
  statefulSetController,
  trackingFinalizersController,
  trustBundleController,
  volumeBindingController,
  volumeProtectionController,
} from '@navarch/controllers';
import { ControlPlane, quickPods } from '../testing/control-plane.ts';
import { endRunning } from '../testing/pod-outcomes.ts';

// What controllers count, under upstream's names and labels.

const template = { spec: { restartPolicy: 'Never' as const, containers: [{ name: 'c', image: 'busybox' }] } };
const labels = { app: 'web' };

test('jobController counts looks, pods, indexes and ends, and what its failure policy decided', async () => {
  await using plane = await ControlPlane.start({
    controllers: [jobController(), trackingFinalizersController],
    pods: quickPods,
  });
  await plane.withServiceAccount();
  await plane.api.of(job).create({
    metadata: { name: 'good', namespace: 'default' },
    spec: { completions: 2, parallelism: 2, completionMode: 'Indexed', template },
  });
  const rules = [{ action: 'FailJob' as const, onExitCodes: { operator: 'In' as const, values: [3] } }];
  await plane.api
    .of(job)
    .create({ metadata: { name: 'bad', namespace: 'default' }, spec: { podFailurePolicy: { rules }, template } });
  await plane.api
    .of(job)
    .create({ metadata: { name: 'theirs', namespace: 'default' }, spec: { managedBy: 'example.com/queue', template } });
  for (let n = 0; n < 20; n++) {
    await plane.clock.advance(1000);
    await endRunning(plane, (p) => (p.metadata.labels?.['batch.kubernetes.io/job-name'] === 'bad' ? 3 : 0));
  }
  const of = (name: string): readonly string[] => [...plane.counted(`job_controller_${name}`)].sort();
  assert.deepEqual(of('jobs_finished_total'), [
    '{completion_mode="Indexed",reason="CompletionsReached",result="succeeded"} 1',
    '{completion_mode="NonIndexed",reason="PodFailurePolicy",result="failed"} 1',
  ]);
  assert.deepEqual(of('job_pods_finished_total'), [
    '{completion_mode="Indexed",result="succeeded"} 2',
    '{completion_mode="NonIndexed",result="failed"} 1',
  ]);
  assert.deepEqual(of('job_finished_indexes_total'), ['{backoffLimit="global",status="succeeded"} 2']);
  assert.deepEqual(of('pod_failures_handled_by_failure_policy_total'), ['{action="FailJob"} 1']);
  assert.deepEqual(of('job_pods_creation_total'), ['{reason="new",status="succeeded"} 3']);
  assert.deepEqual(of('terminated_pods_tracking_finalizer_total'), ['{event="add"} 3', '{event="delete"} 3']);
  assert.deepEqual(of('jobs_by_external_controller_total'), ['{controller_name="example.com/queue"} 1']);
  assert.ok(
    of('job_syncs_total').some((line) =>
      line.endsWith('action="pods_created",completion_mode="Indexed",result="success"} 1'),
    ),
  );
  assert.ok(plane.counted('workqueue_adds_total').some((line) => line.startsWith('{name="job"} ')));
});

test('cronJobController observes how late its jobs are', async () => {
  await using plane = await ControlPlane.start({ controllers: [cronJobController] });
  await plane.api.of(cronJob).create({
    metadata: { name: 'tick', namespace: 'default' },
    spec: { schedule: '* * * * *', jobTemplate: { spec: { template } } },
  });
  await plane.clock.advance(61_000);
  assert.deepEqual(plane.counted('cronjob_controller_job_creation_skew_duration_seconds_count'), [' 1']);
});

test('endpointSliceController tells of its slices and their changes', async () => {
  await using plane = await ControlPlane.start({ controllers: [endpointSliceController], pods: quickPods });
  await plane.withServiceAccount();
  await plane.api.of(service).create({
    metadata: { name: 'web', namespace: 'default' },
    spec: { selector: labels, ports: [{ port: 80 }], trafficDistribution: 'PreferClose' },
  });
  await plane.clock.advance(1000);
  for (const name of ['a', 'b'])
    await plane.api.of(pod).create({ metadata: { name, namespace: 'default', labels }, spec: template.spec });
  await plane.clock.advance(3000);
  const of = (name: string): readonly string[] => plane.counted(`endpoint_slice_controller_${name}`);
  assert.deepEqual(of('num_endpoint_slices'), [' 1']);
  assert.deepEqual(of('desired_endpoint_slices'), [' 1']);
  assert.deepEqual(of('endpoints_desired'), [' 2']);
  assert.deepEqual(of('endpoints_added_per_sync_sum'), [' 2']);
  assert.deepEqual(of('services_count_by_traffic_distribution'), ['{traffic_distribution="PreferClose"} 1']);
  assert.equal(of('changes')[0], '{operation="create"} 1');
  assert.ok(of('syncs')[0]?.startsWith('{result="success"} '));
});

test('nodeLifecycleController tells of zones, and counts nodes whose pods are to go', async () => {
  await using plane = await ControlPlane.start({ controllers: [nodeLifecycleController()] });
  for (const name of ['a', 'b', 'c'])
    await plane.api
      .of(node)
      .create({ metadata: { name, labels: { 'topology.kubernetes.io/zone': name === 'c' ? '' : 'z' } } });
  const heartbeat = async (name: string): Promise<void> => {
    const now = new Date(plane.clock.now()).toISOString().replace(/\.\d+/, '');
    const conditions = [{ type: 'Ready', status: 'True', lastHeartbeatTime: now, lastTransitionTime: now }];
    await plane.api
      .of(node)
      .update(name, (n) => ({ ...n, status: { ...n.status, conditions } }), { subresource: 'status' });
  };
  await heartbeat('b');
  for (let n = 0; n < 12; n++) {
    await heartbeat('a');
    await heartbeat('c');
    await plane.clock.advance(10_000);
  }
  const of = (name: string): readonly string[] => [...plane.counted(`node_collector_${name}`)].sort();
  assert.deepEqual(of('zone_size'), ['{zone=""} 1', '{zone=":\u0000:z"} 2']);
  assert.deepEqual(of('zone_health'), ['{zone=""} 100', '{zone=":\u0000:z"} 50']);
  assert.deepEqual(of('unhealthy_nodes_in_zone'), ['{zone=""} 0', '{zone=":\u0000:z"} 1']);
  assert.deepEqual(of('evictions_total'), ['{zone=":\u0000:z"} 1']);
  const [looks, rounds] = ['update_node_health', 'update_all_nodes_health'].map((what) =>
    Number(of(`${what}_duration_seconds_count`)[0]),
  );
  assert.ok((rounds ?? 0) >= 11 && (looks ?? 0) > (rounds ?? 0), `${looks} looks in ${rounds} rounds`);
});

test('podGcController lets pods that nobody runs fail before it removes them, and counts them', async () => {
  await using plane = await ControlPlane.start({ controllers: [podGcController()] });
  await plane.withServiceAccount();
  await plane.api.of(pod).create({
    metadata: { name: 'p', namespace: 'default', finalizers: ['example.com/look'] },
    spec: template.spec,
  });
  await plane.api.of(pod).delete('default/p');
  await plane.clock.advance(25_000);
  assert.equal((await plane.api.of(pod).get('default/p')).status.phase, 'Failed');
  const [line = ''] = plane.counted('pod_gc_collector_force_delete_pods_total');
  assert.match(line, /^\{namespace="default",reason="unscheduled"\} /);
});

test('nodeIpamController counts the blocks it gives and takes back, and tells how many are taken', async () => {
  const controllers = [nodeIpamController({ clusterCidr: '10.244.7.9/22,fd00:10:244::/63' })];
  await using plane = await ControlPlane.start({ controllers });
  await plane.api
    .of(node)
    .create({ metadata: { name: 'a' }, spec: { podCIDRs: ['10.244.4.0/24', 'fd00:10:244::/64'] } });
  await plane.clock.advance(1000);
  await plane.api.of(node).create({ metadata: { name: 'b' } });
  await plane.clock.advance(1000);
  await plane.api.of(node).delete('a');
  await plane.clock.advance(1000);
  const [four, six] = ['{clusterCIDR="10.244.4.0/22"}', '{clusterCIDR="fd00:10:244::/63"}'];
  const of = (name: string): readonly string[] => plane.counted(`node_ipam_controller_${name}`);
  assert.deepEqual(of('cidrset_cidrs_allocations_total'), [`${four} 2`, `${six} 2`]);
  assert.deepEqual(of('cidrset_cidrs_releases_total'), [`${four} 1`, `${six} 1`]);
  assert.deepEqual(of('cirdset_max_cidrs'), [`${four} 4`, `${six} 2`]);
  assert.deepEqual(of('cidrset_usage_cidrs'), [`${four} 0.25`, `${six} 0.5`]);
  assert.deepEqual(of('cidrset_allocation_tries_per_request_sum'), [`${four} 1`, `${six} 1`]);
});

test('nodeIpamController counts the blocks that services have as taken', async () => {
  const controllers = [nodeIpamController({ clusterCidr: '10.244.4.0/22', serviceCidr: '10.244.6.0/23,fd00::/108' })];
  await using plane = await ControlPlane.start({ controllers });
  await plane.api.of(node).create({ metadata: { name: 'a' } });
  await plane.clock.advance(1000);
  const usage = plane.counted('node_ipam_controller_cidrset_usage_cidrs');
  assert.deepEqual(usage, ['{clusterCIDR="10.244.4.0/22"} 0.75']);
});

test('rootCaController counts its looks at namespaces by how they ended', async () => {
  await using plane = await ControlPlane.start({ controllers: [rootCaController('PEM')] });
  await plane.api.of(namespace).create({ metadata: { name: 'n' } });
  await plane.clock.advance(1000);
  assert.match(plane.counted('root_ca_cert_publisher_sync_total')[0] ?? '', /^\{code="200"\} \d+$/);
});

test('trustBundleController counts its looks by how they ended', async () => {
  await using plane = await ControlPlane.start({
    controllers: [trustBundleController('-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n')],
  });
  await plane.clock.advance(1000);
  assert.match(plane.counted('clustertrustbundle_publisher_sync_total')[0] ?? '', /^\{code="200"\} \d+$/);
});

test('statefulSetController tells how many pods may be missing, and how many are', async () => {
  await using plane = await ControlPlane.start({ controllers: [statefulSetController] });
  await plane.withServiceAccount();
  await plane.api.of(statefulSet).create({
    metadata: { name: 'db', namespace: 'default' },
    spec: {
      replicas: 4,
      serviceName: 'db',
      selector: { matchLabels: labels },
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '50%' } },
      template: { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'busybox' }] } },
    },
  });
  await plane.clock.advance(1000);
  const who = '{pod_management_policy="OrderedReady",statefulset_name="db",statefulset_namespace="default"}';
  assert.deepEqual(plane.counted('statefulset_controller_statefulset_max_unavailable'), [`${who} 2`]);
  assert.deepEqual(plane.counted('statefulset_controller_statefulset_unavailable_replicas'), [`${who} 4`]);
});

test('volumeBindingController tells how many volumes and claims are bound', async () => {
  await using plane = await ControlPlane.start({ controllers: [volumeBindingController()] });
  for (const name of ['v', 'w'])
    await plane.api.of(persistentVolume).create({
      metadata: { name },
      spec: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], hostPath: { path: `/${name}` } },
    });
  await plane.clock.advance(1000);
  await plane.api.of(persistentVolumeClaim).create({
    metadata: { name: 'c', namespace: 'default' },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, storageClassName: '' },
  });
  await plane.clock.advance(1000);
  const of = (name: string): readonly string[] => plane.counted(`pv_collector_${name}`);
  assert.deepEqual(of('total_pv_count'), ['{plugin_name="kubernetes.io/host-path",volume_mode="Filesystem"} 2']);
  assert.deepEqual(of('bound_pv_count'), ['{storage_class=""} 1']);
  assert.deepEqual(of('unbound_pv_count'), ['{storage_class=""} 1']);
  assert.deepEqual(of('bound_pvc_count'), ['{namespace="default",storage_class="",volume_attributes_class=""} 1']);
});

const ofVolumes = (): readonly Controller[] => [
  volumeBindingController(),
  claimProtectionController,
  volumeProtectionController,
];

/** A class of a driver, a claim of it that was placed, and the volume that the driver makes for it after so long. */
async function provisioned(afterMs: number): Promise<ControlPlane> {
  const plane = await ControlPlane.start({ controllers: ofVolumes() });
  await plane.api
    .of(storageClass)
    .create({ metadata: { name: 'fast' }, provisioner: 'csi.example.com', volumeBindingMode: 'Immediate' });
  const resources = { requests: { storage: '1Gi' } };
  const { metadata } = await plane.api.of(persistentVolumeClaim).create({
    metadata: { name: 'c', namespace: 'default' },
    spec: { accessModes: ['ReadWriteOnce'], resources, storageClassName: 'fast' },
  });
  await plane.clock.advance(afterMs);
  await plane.api.of(persistentVolume).create({
    metadata: { name: 'v', annotations: { 'pv.kubernetes.io/provisioned-by': 'csi.example.com' } },
    spec: {
      capacity: { storage: '1Gi' },
      accessModes: ['ReadWriteOnce'],
      storageClassName: 'fast',
      persistentVolumeReclaimPolicy: 'Delete',
      csi: { driver: 'csi.example.com', volumeHandle: '1' },
      claimRef: { namespace: 'default', name: 'c', uid: metadata.uid },
    },
  });
  await plane.clock.advance(1000);
  return plane;
}

test('volumeBindingController measures how long a driver takes to make a volume, and to delete it', async () => {
  await using plane = await provisioned(20_000);
  const sums = (): readonly string[] =>
    plane.counted('volume_operation_total_seconds').filter((line) => line.startsWith('_sum'));
  const made = '_sum{operation_name="provision",plugin_name="csi.example.com"} 20';
  assert.deepEqual(sums(), [made]);
  await plane.api.of(persistentVolumeClaim).delete('default/c');
  await plane.clock.advance(100_000);
  assert.deepEqual(sums(), [made]);
  await plane.api.of(persistentVolume).delete('v');
  await plane.clock.advance(1000);
  assert.deepEqual(sums().toSorted(), ['_sum{operation_name="delete",plugin_name="csi.example.com"} 100', made]);
});

test('volumeBindingController counts a volume that nobody can delete, once', async () => {
  await using plane = await ControlPlane.start({ controllers: ofVolumes() });
  await plane.api.of(persistentVolume).create({
    metadata: { name: 'v' },
    spec: {
      capacity: { storage: '1Gi' },
      accessModes: ['ReadWriteOnce'],
      hostPath: { path: '/v' },
      persistentVolumeReclaimPolicy: 'Delete',
    },
  });
  await plane.api.of(persistentVolumeClaim).create({
    metadata: { name: 'c', namespace: 'default' },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, storageClassName: '' },
  });
  await plane.clock.advance(1000);
  await plane.api.of(persistentVolumeClaim).delete('default/c');
  await plane.clock.advance(60_000);
  assert.deepEqual(plane.counted('volume_operation_errors_total'), ['{operation_name="delete",plugin_name="N/A"} 1']);
});

for (const [refuseRead, times] of [
  [1, 3],
  [0, 0],
] as const)
  test(`garbageCollectorController counts half minutes in which it cannot read what it collects: ${times}`, async () => {
    const controllers = [garbageCollectorController(builtinKinds)];
    await using plane = await ControlPlane.start({ controllers, faults: { refuseRead } });
    await plane.clock.advance(100_000);
    const counted = plane.counted('garbagecollector_controller_resources_sync_error_total');
    assert.deepEqual(counted, times > 0 ? [` ${times}`] : []);
  });

test('controllers count looks that they put off until the cache shows what they wrote', async () => {
  await using plane = await ControlPlane.start({
    controllers: [jobController(), trackingFinalizersController],
    pods: quickPods,
    faults: { watchLagMs: 2000 },
  });
  await plane.withServiceAccount();
  await plane.api
    .of(job)
    .create({ metadata: { name: 'wide', namespace: 'default' }, spec: { completions: 5, parallelism: 5, template } });
  await plane.clock.advance(10_000);
  assert.ok(Number(plane.counted('job_controller_stale_sync_skips_total')[0]) > 0);
});
