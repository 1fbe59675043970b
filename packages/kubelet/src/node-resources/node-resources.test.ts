import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Clock, Notifier, silent } from '@navarch/base';
import { guaranteedPod, machineOf } from '../testing/machines.ts';
import { memoryFiles } from '../volumes/testing/memory-files.ts';
import { NodeResources } from './node-resources.ts';
import { resourceSettings } from './settings.ts';

const { signal } = new AbortController();
const GI = 2 ** 30;

test('admit(): of a pod that gets nothing of its own nothing is written, and nobody is told', async () => {
  const files = memoryFiles();
  await files.makeDir('/kubelet');
  const written: string[] = [];
  const moved = new Notifier();
  let told = 0;
  const resources = new NodeResources({
    files: { ...files, write: (path, ...rest) => (written.push(path), files.write(path, ...rest)) },
    root: '/kubelet',
    clock: {} as Clock,
    log: silent,
    moved,
    topology: machineOf(1, 2, 4 * GI),
    settings: resourceSettings({ cpuManagerPolicy: 'static', reservedSystemCPUs: '0' }),
  });
  await resources.restore();
  assert.ok(written.length > 0, 'what there is to give out is on disk from the beginning');
  written.length = 0;
  void moved.wait(signal).then(() => (told += 1));
  assert.equal(
    await resources.admit(guaranteedPod('shares', [{ name: 'c', wants: { cpu: '500m' } }]), signal),
    undefined,
  );
  assert.deepEqual([written, told], [[], 0]);
  assert.equal(await resources.admit(guaranteedPod('owns', [{ name: 'c', wants: { cpu: '1' } }]), signal), undefined);
  assert.equal(written.length > 0, true);
  assert.equal(told, 1);
});
