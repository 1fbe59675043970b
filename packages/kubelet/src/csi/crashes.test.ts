import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { memoryFiles } from '../volumes/testing/memory-files.ts';
import { MemoryDriver } from './testing/memory-driver.ts';
import { claimed, CsiNode, podOf, type Setting, volumeOf } from './testing/csi-node.ts';

class Crash extends Error {}

const settings: readonly Setting[] = [{}, { volume: volumeOf({ volumeMode: 'Block' }) }];

test('CsiVolumes comes to the same end wherever a kubelet was killed, and leaves nothing when pods are gone', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...settings),
      fc.array(
        fc.record({
          uid: fc.constantFrom('a', 'b'),
          isWanted: fc.boolean(),
          /** Killed after so many changes to the disk, or answers of the driver. */
          after: fc.option(fc.nat(14), { nil: undefined }),
        }),
        { minLength: 1, maxLength: 8 },
      ),
      async (setting, turns) => {
        const files = memoryFiles();
        const driver = new MemoryDriver(files);
        let node = await CsiNode.withDriver(setting, files, driver);
        for (const { uid, isWanted, after } of turns) {
          const pod = podOf(claimed, {}, uid);
          killAfter(after, files, driver);
          const work = isWanted ? node.setUp(pod) : node.tearDown(pod);
          const said = await work.catch((error: unknown) => error);
          killAfter(undefined, files, driver);
          const isKilled = said instanceof Crash || /killed/.test(String(said));
          if (isKilled) node = await CsiNode.withDriver(setting, files, driver);
          else assert.equal(said, undefined);
        }
        for (const uid of ['a', 'b']) assert.equal(await node.setUp(podOf(claimed, {}, uid)), undefined);
        assert.equal(driver.held.length, 3, 'staged once, shown to both');
        const last = await CsiNode.withDriver(setting, files, driver);
        for (const uid of ['a', 'b']) await last.csi.tearDown(uid);
        await last.csi.sweep();
        assert.deepEqual(driver.held, []);
        assert.deepEqual([...files.mounts.keys()], []);
        const left = files.tree('/kubelet').filter((path) => /vol_data|globalmount|\/mount$|pv1/.test(path));
        assert.deepEqual(left, []);
      },
    ),
    { numRuns: 300 },
  );
});

function killAfter(changes: number | undefined, files: ReturnType<typeof memoryFiles>, driver: MemoryDriver): void {
  let left = changes ?? Number.POSITIVE_INFINITY;
  let isDead = false;
  const step = (): void => {
    if (left-- > 0 && !isDead) return;
    isDead = true;
    throw new Crash('killed');
  };
  files.onChange = step;
  driver.onAnswer = step;
}

test('CsiVolumes.sweep() takes away what was staged for pods of which nothing is left', async () => {
  const files = memoryFiles();
  const driver = new MemoryDriver(files);
  const node = await CsiNode.withDriver({}, files, driver);
  const pod = podOf(claimed);
  await node.setUp(pod);
  await node.csi.sweep();
  assert.equal(driver.held.length, 2, 'a pod has it');
  killAfter(undefined, files, driver);
  driver.onAnswer = (call) => {
    if (call.startsWith('unpublish')) throw new Crash('killed');
  };
  await assert.rejects(node.tearDown(pod));
  driver.onAnswer = () => undefined;
  await files.removeTree('/kubelet/pods/u');
  await (await CsiNode.withDriver({}, files, driver)).csi.sweep();
  assert.deepEqual(driver.held, []);
  assert.deepEqual([...files.mounts.keys()], []);
});
