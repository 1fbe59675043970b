import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silent, TaskGroup } from '@navarch/base';
import { RpcError } from '../rpc/rpc-error.ts';
import { Allowances } from './allowances.ts';
import { claimed, claimOf, CsiNode, podOf, type Setting, volumeOf } from './testing/csi-node.ts';

const DRIVER_DIR = '/kubelet/plugins/kubernetes.io/csi/csi.example.com';
// SHA-256 of `vol-1`.
const VOLUME_DIR = `${DRIVER_DIR}/d2e8363faaac7ae76def3b14091d8eb5755f6b92e9531627aeec833a8731cc49`;
const POD_DIR = '/kubelet/pods/u/volumes/kubernetes.io~csi/pv1';
const inline = { csi: { driver: 'csi.example.com', volumeAttributes: { size: '1' } } };
const block = { volumeMode: 'Block' };
const grown = { capacity: { storage: '2Gi' } };

const json = async (node: CsiNode, path: string): Promise<unknown> =>
  JSON.parse((await node.files.readText(path)) ?? 'null') as unknown;

test('CsiVolumes stages and publishes where upstream does, says so on the disk, and leaves nothing', async () => {
  const node = await CsiNode.withDriver();
  const pod = podOf(claimed);
  assert.equal(await node.setUp(pod), undefined);
  assert.equal(node.pathOf(pod), `${POD_DIR}/mount`);
  assert.equal(node.driver.requests.stage?.stagingTargetPath, `${VOLUME_DIR}/globalmount`);
  assert.deepEqual(await json(node, `${POD_DIR}/vol_data.json`), {
    // SHA-256 of handle, driver and node.
    attachmentID: 'csi-850c045e18ae247b79bf1485650d7a73778aee1504d8d2e0144eb76348006651',
    driverName: 'csi.example.com',
    nodeName: 'node',
    specVolID: 'pv1',
    volumeHandle: 'vol-1',
    volumeLifecycleMode: 'Persistent',
  });
  assert.deepEqual(await json(node, `${VOLUME_DIR}/vol_data.json`), {
    driverName: 'csi.example.com',
    volumeHandle: 'vol-1',
    specVolID: 'pv1',
  });
  await node.tearDown(pod);
  assert.deepEqual(node.driver.calls, ['stage vol-1', 'publish vol-1', 'unpublish vol-1', 'unstage vol-1']);
  assert.deepEqual([...node.files.mounts.keys()], []);
  assert.deepEqual(await node.files.list(DRIVER_DIR), []);
  assert.deepEqual(await node.files.list('/kubelet/pods/u/volumes/kubernetes.io~csi'), []);
});

test('CsiVolumes shares what is staged among the pods of the node, and unstages after the last', async () => {
  const node = await CsiNode.withDriver();
  const [a, b] = [podOf(claimed, {}, 'a'), podOf(claimed, {}, 'b')];
  await Promise.all([node.setUp(a), node.setUp(b)]);
  await node.tearDown(a);
  const calls = ['stage vol-1', 'publish vol-1', 'publish vol-1', 'unpublish vol-1'];
  assert.deepEqual(node.driver.calls, calls);
  await Promise.all([node.tearDown(b), node.setUp(a)]);
  assert.equal(node.driver.held.length, 2, 'a has it again, whoever came first');
});

test('CsiVolumes publishes without staging where a driver does not stage', async () => {
  const node = await CsiNode.withDriver();
  node.driver.abilities = [];
  const pod = podOf(claimed);
  assert.equal(await node.setUp(pod), undefined);
  assert.equal(node.driver.requests.publish?.stagingTargetPath, '');
  await node.tearDown(pod);
  assert.deepEqual(node.driver.calls, ['publish vol-1', 'unpublish vol-1']);
});

test('CsiVolumes shows a pod a block device by a link, and takes all of it away', async () => {
  const node = await CsiNode.withDriver({ volume: volumeOf(block) });
  const pod = podOf(claimed);
  assert.equal(await node.setUp(pod), undefined);
  const devices = '/kubelet/plugins/kubernetes.io/csi/volumeDevices';
  assert.equal(node.driver.requests.stage?.stagingTargetPath, `${devices}/staging/pv1`);
  assert.deepEqual(node.driver.requests.publish?.volumeCapability?.block, {});
  assert.equal(node.pathOf(pod), '/kubelet/pods/u/volumeDevices/kubernetes.io~csi/pv1');
  assert.equal(await node.files.readLink(node.pathOf(pod) ?? ''), `${devices}/publish/pv1/u`);
  await node.tearDown(pod);
  assert.deepEqual(node.driver.held, []);
  assert.deepEqual(await node.files.list(`${devices}/publish`), []);
  assert.deepEqual(await node.files.list(`${devices}/staging`), []);
  assert.equal(await node.files.kindOf(`${devices}/pv1`), undefined);
  assert.deepEqual(await node.files.list('/kubelet/pods/u/volumeDevices/kubernetes.io~csi'), []);
});

test('CsiVolumes waits quietly for a volume to be attached, and gives the driver what attaching said', async () => {
  const node = await CsiNode.withDriver({ driver: { attachRequired: true } });
  const pod = podOf(claimed);
  const waits = 'quietly: MountVolume.SetUp failed for volume "v" : volume pv1 is not attached to the node';
  assert.equal(await node.setUp(pod), waits);
  assert.deepEqual(node.inUse.names, ['kubernetes.io/csi/csi.example.com^vol-1']);
  node.attach();
  assert.match(
    (await node.setUp(pod)) ?? '',
    /^MountVolume.WaitForAttach failed for volume "pv1" : volume vol-1 has GET error/,
  );
  node.setting = { ...node.setting, attachment: { attached: false, attachError: { message: 'no disk' } } };
  assert.equal(await node.setUp(pod), 'MountVolume.WaitForAttach failed for volume "pv1" : no disk');
  node.setting = { ...node.setting, attachment: { attachmentMetadata: { device: '/dev/x' } } };
  assert.equal(await node.setUp(pod), undefined);
  assert.deepEqual(node.driver.requests.stage?.publishContext, { device: '/dev/x' });
  assert.deepEqual(node.driver.requests.publish?.publishContext, { device: '/dev/x' });
  await node.tearDown(pod);
  assert.deepEqual(node.inUse.names, []);
});

test('a pod is turned away when its node has as many volumes as it can bear, and the driver says how many that are', async () => {
  const exhausted = { attachError: { message: 'no slot', errorCode: 8 } };
  for (const [driver, errorCode, expected] of [
    [{ nodeAllocatableUpdatePeriodSeconds: 60 }, 8, [3, 1]],
    [{ nodeAllocatableUpdatePeriodSeconds: 60 }, 13, [3]],
    [{}, 8, [3]],
  ] as const) {
    const attachError = { ...exhausted.attachError, errorCode };
    const node = await CsiNode.withDriver({
      driver: { attachRequired: true, ...driver } as never,
      attachment: { attached: false, attachError },
    });
    const pod = podOf(claimed);
    node.driver.allows = 1;
    assert.equal((await node.problems(pod)).length, 1);
    await node.clock.advance(123_000);
    const [, overdue] = await node.problems(pod);
    const words =
      'unmounted volumes=[v], unattached volumes=[v], failed to process volumes=[]: context deadline exceeded';
    const isTold = expected.length > 1;
    assert.deepEqual([overdue?.isExhausted ?? false, overdue?.message === words], [isTold, isTold]);
    assert.deepEqual(node.allowed, expected);
  }
});

test('Allowances asks drivers how many volumes they allow as often as their objects say, whatever they answer', async () => {
  const node = await CsiNode.withDriver();
  const cluster = { driverObject: async () => ({ spec: node.setting.driver ?? {} }) as never };
  const allowances = new Allowances({ clock: node.clock, log: silent, drivers: node.drivers, cluster });
  await using group = new TaskGroup(new AbortController().signal);
  group.spawn((signal) => allowances.run(signal));
  await node.clock.advance(120_000);
  assert.deepEqual(node.allowed, [3], 'nobody wants it');
  node.setting = { driver: { nodeAllocatableUpdatePeriodSeconds: 30 } as never };
  node.driver.allows = 2;
  await node.clock.advance(100_000);
  assert.deepEqual(node.allowed, [3, 2, 2, 2]);
  node.driver.refusal = new RpcError('UNAVAILABLE', 'not now');
  await node.clock.advance(30_000);
  node.driver.refusal = undefined;
  node.driver.allows = 7;
  await node.clock.advance(30_000);
  assert.deepEqual(node.allowed, [3, 2, 2, 2, 7]);
});

test('CsiVolumes does not begin before the node has said that it has the volume in use', async () => {
  const node = await CsiNode.withDriver({ driver: { attachRequired: true }, attachment: {} });
  const pod = podOf(claimed);
  node.attach(); // As an earlier pod left it.
  assert.match((await node.setUp(pod)) ?? '', /^quietly/);
  assert.deepEqual(node.driver.calls, []);
});

test('InUse takes in what an earlier run left mounted', async () => {
  const first = await CsiNode.withDriver();
  await first.setUp(podOf(claimed));
  const second = new CsiNode({}, first.files, first.driver);
  await second.inUse.load(first.files, { root: '/kubelet', podLogs: '', cgroupRoot: '' });
  assert.deepEqual(second.inUse.names, ['kubernetes.io/csi/csi.example.com^vol-1']);
});

test('CsiVolumes makes an inline volume for its pod alone, never staged', async () => {
  const node = await CsiNode.withDriver({ driver: { volumeLifecycleModes: ['Ephemeral'], podInfoOnMount: true } });
  const pod = podOf(inline);
  assert.equal(await node.setUp(pod), undefined);
  // SHA-256 of the pod's uid and the volume's name.
  const handle = 'csi-e6184ce10e266134fdcfa401e8f1a95005bcd4f18d16b62b757323e2833fe9a9';
  assert.deepEqual(node.driver.calls, [`publish ${handle}`]);
  const { volumeContext, targetPath, stagingTargetPath } = node.driver.requests.publish ?? {};
  assert.deepEqual([targetPath, stagingTargetPath], ['/kubelet/pods/u/volumes/kubernetes.io~csi/v/mount', '']);
  assert.deepEqual(volumeContext, {
    size: '1',
    'csi.storage.k8s.io/pod.name': 'web',
    'csi.storage.k8s.io/pod.namespace': 'ns',
    'csi.storage.k8s.io/pod.uid': 'u',
    'csi.storage.k8s.io/serviceAccount.name': 'sa',
    'csi.storage.k8s.io/ephemeral': 'true',
  });
  await node.tearDown(pod);
  assert.deepEqual(node.driver.held, []);
});

test('CsiVolumes gives drivers tokens of the pod, in the secrets where they ask for that, and anew where they want it', async () => {
  const tokens = '{"a":{"token":"u for a","expirationTimestamp":"1970-01-01T00:00:00Z"}}';
  const key = 'csi.storage.k8s.io/serviceAccount.tokens';
  const driver = { tokenRequests: [{ audience: 'a' }], requiresRepublish: true };
  const node = await CsiNode.withDriver({ driver });
  const pod = podOf(claimed);
  await node.setUp(pod);
  assert.deepEqual(node.driver.requests.publish?.volumeContext, { [key]: tokens });
  node.setting = { driver: { ...driver, serviceAccountTokenInSecrets: true } };
  assert.deepEqual(await node.refresh(pod), []);
  assert.deepEqual(node.driver.requests.publish?.volumeContext, {});
  assert.deepEqual(node.driver.requests.publish?.secrets, { [key]: tokens });
  assert.deepEqual(node.driver.calls, ['stage vol-1', 'publish vol-1', 'publish vol-1']);
  node.setting = {};
  await node.refresh(pod);
  assert.equal(node.driver.calls.length, 3);
});

test('CsiVolumes gives each call the secret that the volume names for it', async () => {
  const ref = (name: string): object => ({ name, namespace: 'ns' });
  const csi = { nodeStageSecretRef: ref('s'), nodePublishSecretRef: ref('p'), volumeAttributes: { kind: 'fast' } };
  const secrets = { s: { data: { key: btoa('stage') } }, p: { data: { key: btoa('publish') } } };
  const node = await CsiNode.withDriver({ volume: volumeOf({}, csi), secrets });
  await node.setUp(podOf(claimed));
  const { stage, publish } = node.driver.requests;
  assert.deepEqual([stage?.secrets, publish?.secrets], [{ key: 'stage' }, { key: 'publish' }]);
  assert.deepEqual([stage?.volumeContext, publish?.volumeContext], [{ kind: 'fast' }, { kind: 'fast' }]);
});

const access: readonly (readonly [modes: readonly string[], coarse: string, fine: string])[] = [
  [['ReadWriteOnce'], 'SINGLE_NODE_WRITER', 'SINGLE_NODE_MULTI_WRITER'],
  [['ReadWriteOncePod'], 'SINGLE_NODE_WRITER', 'SINGLE_NODE_SINGLE_WRITER'],
  [['ReadOnlyMany'], 'MULTI_NODE_READER_ONLY', 'MULTI_NODE_READER_ONLY'],
  [['ReadWriteMany', 'ReadWriteOnce'], 'MULTI_NODE_MULTI_WRITER', 'MULTI_NODE_MULTI_WRITER'],
];
for (const [accessModes, coarse, fine] of access) {
  test(`CsiVolumes asks for ${accessModes.join(' and ')} as ${coarse}, or ${fine} of drivers that tell pods apart`, async () => {
    for (const [abilities, mode] of [
      [[], coarse],
      [['SINGLE_NODE_MULTI_WRITER'], fine],
    ] as const) {
      const node = await CsiNode.withDriver({
        volume: volumeOf({ accessModes, mountOptions: ['noatime'] }, { fsType: 'xfs' }),
      });
      node.driver.abilities = abilities;
      await node.setUp(podOf(claimed));
      assert.deepEqual(node.driver.requests.publish?.volumeCapability, {
        accessMode: { mode },
        mount: { fsType: 'xfs', mountFlags: ['noatime'], volumeMountGroup: '' },
      });
    }
  });
}

const group = { securityContext: { fsGroup: 77 } };
const ext4 = volumeOf({}, { fsType: 'ext4' });
const groups: readonly (readonly [why: string, setting: Setting, owner: string])[] = [
  ['its policy says so', { driver: { fsGroupPolicy: 'File' } }, '0:77'],
  ['it has a file system of one node', { volume: ext4 }, '0:77'],
  ['nothing of its file system is known', {}, '0:0'],
  ['many nodes may have it', { volume: volumeOf({ accessModes: ['ReadWriteMany'] }, { fsType: 'ext4' }) }, '0:0'],
  ['its policy says not to', { volume: ext4, driver: { fsGroupPolicy: 'None' } }, '0:0'],
];
for (const [why, setting, owner] of groups) {
  test(`CsiVolumes gives a volume to group ${owner.slice(2)} where ${why}`, async () => {
    const node = await CsiNode.withDriver(setting);
    assert.equal(await node.setUp(podOf(claimed, group)), undefined);
    assert.equal(node.files.ownerOf(`${POD_DIR}/mount`)?.split(' ')[1], owner);
  });
}

test('CsiVolumes leaves the group to a driver that takes it', async () => {
  const node = await CsiNode.withDriver({ volume: ext4 });
  node.driver.abilities = ['VOLUME_MOUNT_GROUP'];
  await node.setUp(podOf(claimed, group));
  assert.equal(node.driver.requests.publish?.volumeCapability?.mount?.volumeMountGroup, '77');
  assert.equal(node.files.ownerOf(`${POD_DIR}/mount`)?.split(' ')[1], '0:0');
});

test('CsiVolumes has a volume that has grown follow on the node, and says that it has', async () => {
  const pending = {
    allocatedResourceStatuses: { storage: 'NodeResizePending' },
    conditions: [{ type: 'FileSystemResizePending', status: 'True' }],
  };
  const node = await CsiNode.withDriver();
  const pod = podOf(claimed);
  await node.setUp(pod);
  node.setting = { volume: volumeOf(grown) };
  node.claim = claimOf(pending);
  await node.refresh(pod);
  assert.deepEqual(node.driver.calls.slice(-1), ['expand vol-1 2147483648']);
  assert.deepEqual(node.claim.status, { phase: 'Bound', capacity: { storage: '2Gi' }, conditions: [] });
  assert.deepEqual(node.events, [
    'Normal FileSystemResizeSuccessful MountVolume.NodeExpandVolume succeeded for volume "pv1" node',
  ]);
  await node.refresh(pod);
  assert.equal(node.events.length, 1);
});

test('CsiVolumes leaves a volume alone that its controller is still at', async () => {
  const node = await CsiNode.withDriver({ volume: volumeOf(grown) });
  node.claim = claimOf({ allocatedResourceStatuses: { storage: 'ControllerResizeInProgress' } });
  await node.setUp(podOf(claimed));
  assert.deepEqual(node.driver.calls, ['stage vol-1', 'publish vol-1']);
});

test('CsiVolumes says when a volume cannot grow here, and does not take it from the pod', async () => {
  const node = await CsiNode.withDriver();
  const pod = podOf(claimed);
  await node.setUp(pod);
  node.setting = { volume: volumeOf(grown) };
  node.driver.nodeExpandVolume = async () => Promise.reject(new RpcError('OUT_OF_RANGE', 'too large'));
  assert.deepEqual(await node.refresh(pod), []);
  assert.equal(node.claim.status.allocatedResourceStatuses?.['storage'], 'NodeResizeInfeasible');
  assert.match(node.events.join(), /^Warning VolumeResizeFailed .* code = OutOfRange desc = too large$/);
});

const words: readonly (readonly [
  what: string,
  pod: object,
  setting: Setting & { readonly refusal?: RpcError },
  text: string,
])[] = [
  [
    'of a driver that refuses',
    claimed,
    { refusal: new RpcError('INTERNAL', 'disk on fire') },
    'MountVolume.SetUp failed for volume "pv1" : rpc error: code = Internal desc = disk on fire',
  ],
  [
    'whose secret is not there',
    claimed,
    { volume: volumeOf({}, { nodeStageSecretRef: { name: 's', namespace: 'n' } }) },
    'MountVolume.MountDevice failed for volume "pv1" : fetching NodeStageSecretRef n/s failed: kubernetes.io/csi: failed to find the secret s in the namespace n with error: secrets "s" not found',
  ],
  [
    'inline, of a driver that is for claims',
    inline,
    { driver: { volumeLifecycleModes: ['Persistent'] } },
    'MountVolume.SetUp failed for volume "v" : volume mode "Ephemeral" not supported by driver csi.example.com (only supports ["Persistent"])',
  ],
  [
    'inline, of a driver that nobody vouches for',
    inline,
    { isUnknown: true },
    'MountVolume.SetUp failed for volume "v" : volume mode "Ephemeral" not supported by driver csi.example.com (no CSIDriver object)',
  ],
];
for (const [what, source, { refusal, ...setting }, text] of words) {
  test(`CsiVolumes says why there is no volume ${what}`, async () => {
    const node = await CsiNode.withDriver(setting);
    node.driver.refusal = refusal;
    assert.equal(await node.setUp(podOf(source)), text);
  });
}

test("CsiVolumes waits for a driver that is not there, in upstream's words, also when a volume is to go", async () => {
  const node = new CsiNode();
  const pod = podOf(claimed);
  const missing = 'driver name csi.example.com not found in the list of registered CSI drivers';
  assert.equal(
    await node.setUp(pod),
    `MountVolume.SetUp failed for volume "pv1" : kubernetes.io/csi: mounter.SetUpAt failed to get CSI client: ${missing}`,
  );
  await assert.rejects(node.tearDown(pod), new RegExp(missing));
  await node.register();
  await node.tearDown(pod);
  assert.deepEqual(await node.files.list('/kubelet/pods/u/volumes/kubernetes.io~csi'), []);
});
