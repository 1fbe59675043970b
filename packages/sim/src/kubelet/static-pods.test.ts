import assert from 'node:assert/strict';
import { test } from 'node:test';
import { event, node, pod } from '@navarch/api';
import { job, server } from '@navarch/kubelet';
import { MANIFESTS } from '../sim-machine.ts';
import { KubeletWorld, type KubeletWorldOptions, NODE } from '../testing/kubelet-world.ts';

const FILE = `${MANIFESTS}/web.yaml`;
const NAME = `web-${NODE}`;

const manifest = (spec: object = {}, metadata: object = {}): string =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'web', labels: { app: 'web' }, ...metadata },
    spec: { containers: [{ name: 'c', image: 'app' }], ...spec },
  });

async function withFile(
  work: (world: KubeletWorld) => Promise<void>,
  options: KubeletWorldOptions = {},
): Promise<void> {
  await using world = await KubeletWorld.start(options);
  await world.machine.files.makeDir(MANIFESTS);
  await world.machine.files.write(FILE, manifest());
  await world.advance(6000);
  await work(world);
}
const running = (world: KubeletWorld): readonly string[] => world.machine.runtime.running().map(({ id }) => id);

test('kubelet: a file becomes a pod, shown in the API as upstream shows it', () =>
  withFile(async (world) => {
    const shown = await world.pod(NAME);
    const { annotations = {}, labels, ownerReferences = [] } = shown?.metadata ?? {};
    assert.equal(shown?.status.phase, 'Running');
    assert.deepEqual(labels, { app: 'web' });
    assert.equal(annotations['kubernetes.io/config.source'], 'file');
    assert.match(annotations['kubernetes.io/config.hash'] ?? '', /^[0-9a-f]{32}$/);
    assert.equal(annotations['kubernetes.io/config.mirror'], annotations['kubernetes.io/config.hash']);
    assert.ok(Date.parse(annotations['kubernetes.io/config.seen'] ?? '') > 0);
    const { uid } = (await world.api.of(node).get(NODE)).metadata;
    assert.deepEqual(ownerReferences, [{ apiVersion: 'v1', kind: 'Node', name: NODE, uid, controller: true }]);
    assert.deepEqual(shown?.spec.tolerations?.[0], { operator: 'Exists', effect: 'NoExecute' });
    assert.equal(running(world).length, 1);
    // kubectl describe looks for events by what the file is known by.
    const about = (await world.api.of(event).list()).items.filter((e) => e.reason === 'Started');
    assert.deepEqual(
      about.map((e) => [e.involvedObject.name, e.involvedObject.uid]),
      [[NAME, annotations['kubernetes.io/config.hash']]],
    );
  }));

test('kubelet: a mirror that a user deletes is made again, its pod goes on', () =>
  withFile(async (world) => {
    const [before, ran] = [await world.pod(NAME), running(world)];
    await world.api.of(pod).delete(`default/${NAME}`);
    await world.advance(3000);
    const after = await world.pod(NAME);
    assert.notEqual(after?.metadata.uid, before?.metadata.uid);
    assert.deepEqual([after?.status.phase, after?.metadata.deletionTimestamp], ['Running', undefined]);
    assert.deepEqual(after?.status.containerStatuses, before?.status.containerStatuses);
    assert.deepEqual(running(world), ran);
  }));

test('kubelet: a file that changes ends its pod, then begins the new one; removal ends it for good', () =>
  withFile(async (world) => {
    const before = (await world.pod(NAME))?.metadata.uid;
    await world.machine.files.write(FILE, manifest({ containers: [{ name: 'c', image: 'other' }] }));
    await world.advance(8000);
    const after = await world.pod(NAME);
    assert.notEqual(after?.metadata.uid, before);
    assert.deepEqual([after?.status.phase, after?.status.containerStatuses?.[0]?.image], ['Running', 'other']);
    assert.equal(running(world).length, 1);
    await world.machine.files.removeTree(FILE);
    await world.advance(8000);
    assert.deepEqual([await world.pod(NAME), world.machine.runtime.containers.size], [undefined, 0]);
  }));

test('kubelet: static pods run, and change, while the API server is away', async () => {
  let isAway = false;
  await withFile(
    async (world) => {
      isAway = true;
      world.machine.crash();
      world.machine.start();
      await world.machine.files.write(`${MANIFESTS}/two.json`, manifest({}, { name: 'two' }));
      await world.advance(20_000);
      assert.equal(running(world).length, 2);
      await world.machine.files.write(FILE, manifest({ containers: [{ name: 'c', image: 'other' }] }));
      await world.advance(10_000);
      assert.equal(running(world).length, 2);
      isAway = false;
      await world.advance(30_000);
      const images = [NAME, `two-${NODE}`].map(
        async (name) => (await world.pod(name))?.status.containerStatuses?.[0]?.image,
      );
      assert.deepEqual([await images[0], await images[1]], ['other', 'app']);
    },
    { isApiAway: () => isAway },
  );
});

test('kubelet: a crash neither doubles nor restarts a static pod; one that is over stays over', () =>
  withFile(
    async (world) => {
      await world.machine.files.write(
        `${MANIFESTS}/job.json`,
        manifest({ restartPolicy: 'Never', containers: [{ name: 'job', image: 'app' }] }, { name: 'job' }),
      );
      await world.advance(10_000);
      const ran = running(world);
      for (let i = 0; i < 3; i++) {
        world.machine.crash();
        world.machine.start();
        await world.advance(10_000);
      }
      assert.deepEqual(running(world), ran);
      assert.equal((await world.pod(`job-${NODE}`))?.status.phase, 'Succeeded');
      assert.equal((await world.pod(NAME))?.status.containerStatuses?.[0]?.restartCount, 0);
    },
    { program: ({ name }) => (name === 'job' ? job(1000, 0) : server) },
  ));

test('kubelet: what was mirrored and whose file went meanwhile is ended and no longer shown', () =>
  withFile(async (world) => {
    world.machine.crash();
    await world.machine.files.removeTree(FILE);
    world.machine.start();
    await world.advance(20_000);
    assert.deepEqual([await world.pod(NAME), running(world)], [undefined, []]);
  }));
