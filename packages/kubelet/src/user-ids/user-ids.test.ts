import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pod } from '@navarch/api';
import fc from 'fast-check';
import { memoryFiles } from '../volumes/testing/memory-files.ts';
import { UserIds } from './user-ids.ts';
import { IDS_UNIT } from './id-range.ts';

const dirs = { root: '/kubelet', podLogs: '/logs', cgroupRoot: '/nv' };
const podOf = (uid: string, hostUsers?: boolean): Pod => ({ metadata: { uid }, spec: { hostUsers } }) as unknown as Pod;

test('a pod with users of its own keeps its range, whatever restarts, until its folder is gone', async () => {
  const files = memoryFiles();
  const made = (): UserIds => new UserIds({ files, dirs, idsPerPod: IDS_UNIT, podsMax: 2 });
  const ids = made();
  assert.equal(await ids.of(podOf('host')), undefined);
  assert.equal(await ids.of(podOf('host', true)), undefined);
  const [a, b] = await Promise.all([ids.of(podOf('a', false)), ids.of(podOf('b', false))]);
  assert.deepEqual(a, { first: 65_536, count: 65_536 });
  assert.deepEqual(b, { first: 131_072, count: 65_536 });
  await assert.rejects(ids.of(podOf('c', false)), /could not find an empty slot to allocate a user namespace/);
  assert.deepEqual(await made().of(podOf('b', false)), b);
  await files.removeTree('/kubelet/pods/a');
  assert.deepEqual(await made().of(podOf('c', false)), a);
});

test('a crash while a range is written down takes it from nobody', async () => {
  const files = memoryFiles();
  const cut = {
    ...files,
    write: (path: string) => files.write(path, '{"uidM').then(() => Promise.reject(new Error('cut'))),
  };
  const settings = { dirs, idsPerPod: IDS_UNIT, podsMax: 2 };
  await assert.rejects(new UserIds({ ...settings, files: cut }).of(podOf('a', false)), /cut/);
  const after = new UserIds({ ...settings, files });
  assert.equal((await after.of(podOf('b', false)))?.first, 65_536);
  assert.equal((await after.of(podOf('a', false)))?.first, 131_072);
});

test('the ids that the node gives the kubelet are those of pods', async () => {
  const files = memoryFiles();
  const ids = new UserIds({ files, dirs, idsPerPod: 2 * IDS_UNIT, podsMax: 2 });
  await files.makeDir('/etc', 0o755);
  await files.write('/etc/subuid', 'me:100000:65536\nkubelet:655360:131072\n');
  await assert.rejects(ids.of(podOf('a', false)), /is not the same/);
  await files.write('/etc/subgid', 'kubelet:655360:131072\n');
  assert.deepEqual(await ids.of(podOf('a', false)), { first: 655_360, count: 131_072 });
  await assert.rejects(ids.of(podOf('b', false)), /empty slot/);
  for (const file of ['/etc/subuid', '/etc/subgid']) await files.write(file, 'kubelet:100000:131072\n');
  await assert.rejects(ids.of(podOf('b', false)), /must start at a multiple of 65536/);
});

test('no two pods share an id, in whatever order they come and go', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(fc.nat(6), fc.boolean(), fc.integer({ min: 1, max: 3 }))), async (steps) => {
      const files = memoryFiles();
      const held = new Map<string, { readonly first: number; readonly count: number }>();
      for (const [name, comes, units] of steps) {
        const uid = String(name);
        // The setting may change from one start of the kubelet to the next.
        const ids = new UserIds({ files, dirs, idsPerPod: units * IDS_UNIT, podsMax: 20 });
        if (comes) held.set(uid, (await ids.of(podOf(uid, false))) as { first: number; count: number });
        else {
          held.delete(uid);
          await files.removeTree(`/kubelet/pods/${uid}`);
        }
        const ranges = [...held.values()].sort((a, b) => a.first - b.first);
        for (const [i, { first }] of ranges.entries()) {
          const before = ranges[i - 1];
          assert.ok(first >= (before ? before.first + before.count : IDS_UNIT));
        }
      }
    }),
    { numRuns: 60 },
  );
});
