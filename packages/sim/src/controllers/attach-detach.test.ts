import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import {
  csiDriver,
  node,
  type Node,
  persistentVolume,
  persistentVolumeClaim,
  pod,
  volumeAttachment,
} from '@navarch/api';
import { TaskGroup } from '@navarch/base';
import { attachDetachController } from '@navarch/controllers';
import { ControlPlane } from '../testing/control-plane.ts';

const DRIVER = 'disk.example.com';
const UNIQUE = `kubernetes.io/csi/${DRIVER}^handle`;
const nameOf = (nodeName: string): string =>
  `csi-${createHash('sha256').update(`handle${DRIVER}${nodeName}`).digest('hex')}`;

/** A volume `v` that claim `c` is bound to, and nodes `a` and `b` whose kubelets leave attaching to the controller. */
async function start(accessMode = 'ReadWriteOnce', faults = {}): Promise<ControlPlane> {
  const plane = await ControlPlane.start({ controllers: [attachDetachController()], faults });
  await plane.withServiceAccount();
  const annotations = { 'volumes.kubernetes.io/controller-managed-attach-detach': 'true' };
  for (const name of ['a', 'b']) await plane.api.of(node).create({ metadata: { name, annotations } });
  await plane.api.of(persistentVolume).create({
    metadata: { name: 'v' },
    spec: {
      capacity: { storage: '1Gi' },
      accessModes: [accessMode],
      csi: { driver: DRIVER, volumeHandle: 'handle' },
      claimRef: { namespace: 'default', name: 'c' },
    },
  } as never);
  await plane.api.of(persistentVolumeClaim).create({
    metadata: { namespace: 'default', name: 'c' },
    spec: {
      accessModes: [accessMode],
      resources: { requests: { storage: '1Gi' } },
      volumeName: 'v',
      storageClassName: '',
    },
  } as never);
  return plane;
}

const addPod = async (plane: ControlPlane, name: string, nodeName: string): Promise<void> => {
  await plane.api.of(pod).create({
    metadata: { namespace: 'default', name },
    spec: {
      nodeName,
      containers: [{ name: 'c', image: 'i' }],
      volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'c' } }],
    },
  });
  await plane.clock.advance(1000);
};
const removePod = async (plane: ControlPlane, name: string): Promise<void> => {
  await plane.api.of(pod).delete(`default/${name}`, { gracePeriodSeconds: 0 });
  await plane.clock.advance(1000);
};
const attached = async (plane: ControlPlane): Promise<readonly string[]> =>
  (await plane.api.of(volumeAttachment).list()).items.map(
    ({ metadata, spec }) => `${spec.nodeName} ${metadata.name === nameOf(spec.nodeName)}`,
  );
const reported = async (plane: ControlPlane, name: string): Promise<readonly string[]> =>
  ((await plane.api.of(node).get(name)).status.volumesAttached ?? []).map((volume) => volume.name);

/** As the driver's attacher does. */
async function answer(plane: ControlPlane, status: object): Promise<void> {
  for (const { metadata } of (await plane.api.of(volumeAttachment).list()).items)
    await plane.api
      .of(volumeAttachment)
      .update(metadata.name, (one) => ({ ...one, status: { ...one.status, ...status } }), { subresource: 'status' });
  await plane.clock.advance(1000);
}
const mounted = async (plane: ControlPlane, name: string, volumesInUse: readonly string[]): Promise<void> => {
  await plane.api
    .of(node)
    .update(name, (n) => ({ ...n, status: { ...n.status, volumesInUse } }) as Node, { subresource: 'status' });
  await plane.clock.advance(1000);
};

test('attach-detach asks for an attachment, tells kubelet and pod of it, and has it undone when the volume is unmounted', async () => {
  await using plane = await start();
  await addPod(plane, 'p', 'a');
  assert.deepEqual(await attached(plane), ['a true']);
  assert.deepEqual(await reported(plane, 'a'), []);
  await answer(plane, { attached: true });
  assert.deepEqual(await reported(plane, 'a'), [UNIQUE]);
  assert.deepEqual(await plane.events('Pod'), [
    'SuccessfulAttachVolume: AttachVolume.Attach succeeded for volume "v" ',
  ]);
  await mounted(plane, 'a', [UNIQUE]);
  await removePod(plane, 'p');
  assert.deepEqual([await attached(plane), await reported(plane, 'a')], [['a true'], [UNIQUE]]);
  await mounted(plane, 'a', []);
  assert.deepEqual([await attached(plane), await reported(plane, 'a')], [[], []]);
});

test('attach-detach gives a volume that one node may have to the next when the first has let go', async () => {
  await using plane = await start();
  await addPod(plane, 'p', 'a');
  await answer(plane, { attached: true });
  await addPod(plane, 'q', 'b');
  assert.deepEqual(await attached(plane), ['a true']);
  assert.ok(
    (await plane.events('Pod')).includes(
      'FailedAttachVolume: Multi-Attach error for volume "v" Volume is already used by pod(s) p',
    ),
  );
  await removePod(plane, 'p');
  assert.deepEqual(await attached(plane), ['b true']);
});

test('attach-detach attaches what may be shared to several nodes', async () => {
  await using plane = await start('ReadWriteMany');
  await addPod(plane, 'p', 'a');
  await addPod(plane, 'q', 'b');
  assert.deepEqual([...(await attached(plane))].sort(), ['a true', 'b true']);
});

test('attach-detach attaches nothing of drivers that need it not, or for kubelets that do it themselves', async () => {
  await using plane = await start('ReadWriteMany');
  await plane.api.of(node).update('b', (n) => ({ ...n, metadata: { ...n.metadata, annotations: {} } }));
  await addPod(plane, 'q', 'b');
  assert.deepEqual(await attached(plane), []);
  await plane.api.of(csiDriver).create({ metadata: { name: DRIVER }, spec: { attachRequired: false } } as never);
  await plane.clock.advance(1000);
  await addPod(plane, 'p', 'a');
  assert.deepEqual(await attached(plane), []);
});

test('attach-detach tells pods why nothing is attached: what the driver said, or that it says nothing', async () => {
  await using plane = await start();
  await addPod(plane, 'p', 'a');
  await plane.clock.advance(125_000);
  await answer(plane, { attachError: { message: 'no such disk' } });
  assert.deepEqual(await plane.events('Pod'), [
    `FailedAttachVolume: AttachVolume.Attach failed for volume "v" : timed out waiting for external-attacher of ${DRIVER} CSI driver to attach volume handle`,
    'FailedAttachVolume: AttachVolume.Attach failed for volume "v" : no such disk',
  ]);
});

test('attach-detach takes a volume from a node that says nothing after six minutes, and from one out of service at once', async () => {
  for (const [isOut, ms] of [
    [false, 355_000],
    [true, 0],
  ] as const) {
    await using plane = await start();
    await addPod(plane, 'p', 'a');
    await answer(plane, { attached: true });
    await mounted(plane, 'a', [UNIQUE]);
    const taints = [{ key: 'node.kubernetes.io/out-of-service', effect: 'NoExecute' as const }];
    if (isOut) await plane.api.of(node).update('a', (n) => ({ ...n, spec: { ...n.spec, taints } }));
    await removePod(plane, 'p');
    await plane.clock.advance(ms);
    assert.deepEqual(await attached(plane), isOut ? [] : ['a true']);
    await plane.clock.advance(10_000);
    assert.deepEqual(await attached(plane), []);
    assert.deepEqual(plane.counted('attach_detach_controller_attachdetach_controller_forced_detaches'), [
      `{reason="${isOut ? 'out-of-service' : 'timeout'}"} 1`,
    ]);
  }
});

test('attach-detach tells how many volumes are in use on each node, and how many are to be and are attached', async () => {
  await using plane = await start();
  await addPod(plane, 'p', 'a');
  const plugin = `kubernetes.io/csi:${DRIVER}`;
  const total = (): readonly string[] => [...plane.counted('attachdetach_controller_total_volumes')].sort();
  const one = (state: string): string => `{plugin_name="${plugin}",state="${state}_state_of_world"} 1`;
  assert.deepEqual(total(), [one('desired')]);
  assert.deepEqual(plane.counted('storage_count_attachable_volumes_in_use'), [
    `{node="a",volume_plugin="${plugin}"} 1`,
  ]);
  await answer(plane, { attached: true });
  assert.deepEqual(total(), [one('actual'), one('desired')]);
  await mounted(plane, 'a', [UNIQUE]);
  await removePod(plane, 'p');
  assert.deepEqual(total(), [one('actual')]);
  await mounted(plane, 'a', []);
  assert.deepEqual(total(), []);
  assert.deepEqual(plane.counted('attach_detach_controller_attachdetach_controller_forced_detaches'), []);
});

for (const seed of [1, 2, 3, 4, 5])
  test(`attach-detach never has a volume of one node at two, and leaves none behind, seed ${seed}`, async () => {
    await using plane = await start('ReadWriteOnce', { refuse: 0.1, loseAnswer: 0.1, latencyMs: 100, watchLagMs: 500 });
    await using group = new TaskGroup(new AbortController().signal);
    const most = { count: 0 };
    group.spawn(async (signal) => {
      const held = new Set<string>();
      for await (const events of plane.api.of(volumeAttachment).watch({ after: '0' }, signal))
        for (const seen of events) {
          if (seen.type === 'BOOKMARK') continue;
          if (seen.type === 'DELETED') held.delete(seen.object.metadata.name);
          else held.add(seen.object.metadata.name);
          most.count = Math.max(most.count, held.size);
        }
    });
    for (let i = 0; i < 12; i++) {
      await addPod(plane, `p${i}`, (i + seed) % 3 === 0 ? 'a' : 'b');
      await answer(plane, { attached: true });
      await removePod(plane, `p${i}`);
    }
    // At the same moment: neither may believe that the other was not there.
    await Promise.allSettled([addPod(plane, 'x', 'a'), addPod(plane, 'y', 'b')]);
    await plane.clock.advance(10_000);
    for (const name of ['x', 'y']) await removePod(plane, name);
    await plane.api.of(persistentVolumeClaim).delete('default/c');
    await plane.clock.advance(120_000);
    assert.deepEqual([await attached(plane), await reported(plane, 'a'), await reported(plane, 'b')], [[], [], []]);
    assert.equal(most.count, 1);
  });
