import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { readMounts, unmountBelow } from '../host/index.ts';
import { hungMount } from '../host/testing/hung-mount.ts';
import { nodeFiles } from './files.ts';
import { RemoteFiles } from './remote-files.ts';
import { mountTable, TreeUsage } from './server/disk-usage.ts';

const end = new AbortController();
let dir = '';
let hung = '';
let endHung: () => Promise<void> = async () => undefined;
before(async () => {
  dir = mkdtempSync(join(tmpdir(), 'nv-hung-'));
  hung = join(dir, 'volumes', 'hung');
  endHung = await hungMount(hung);
});
after(async () => {
  end.abort(new Error('over'));
  await endHung();
  await unmountBelow(dir, new AbortController().signal);
  rmSync(dir, { recursive: true });
});

/** More than this process has threads for files. */
const MANY = 6;

/** Other files are read while that is tried; nobody waits longer than a file system may be silent. */
async function everythingElseGoesOn(): Promise<void> {
  writeFileSync(join(dir, 'own'), 'mine');
  const text = await Promise.race([readFile(join(dir, 'own'), 'utf8'), sleep(5_000, 'nothing')]);
  assert.equal(text, 'mine');
}

test('TreeUsage waits for no file system that does not answer', { timeout: 60_000 }, async () => {
  const trees = new TreeUsage();
  for (let look = 0; look < MANY; look++)
    assert.equal(await trees.of(hung, look * 60_001, mountTable(readMounts())), undefined);
  // What is mounted inside of a folder is not touched.
  assert.equal((await trees.of(join(dir, 'volumes'), 0, mountTable(readMounts())))?.inodesUsed, 1);
  await everythingElseGoesOn();
});

test('Files refuse what lies on a file system that does not answer, and do the rest', { timeout: 60_000 }, async () => {
  const files = nodeFiles(end.signal, new RemoteFiles(end.signal, 1_000));
  symlinkSync(hung, join(dir, 'link'));
  mkdirSync(join(dir, 'folder'));
  const silent = /^SilentMount: the file system at .*hung does not answer$/;
  await Promise.all([
    ...[hung, `${hung}/deep/file`, join(dir, 'link'), join(dir, 'link/file')].map((path) =>
      assert.rejects(files.kindOfNamed(path), silent),
    ),
    assert.rejects(files.bindInside(hung, 'sub', join(dir, 'target')), silent),
    assert.rejects(files.readInside(join(dir, 'volumes'), 'hung/file', 10), silent),
    assert.rejects(files.ownTree(join(dir, 'volumes'), 2000, { isWritable: true, onRootMismatch: false }), silent),
    everythingElseGoesOn(),
  ]);
  assert.deepEqual(
    await Promise.all(
      [join(dir, 'folder'), join(dir, 'own'), join(dir, 'own/none'), join(dir, 'none')].map((path) =>
        files.kindOfNamed(path),
      ),
    ),
    ['directory', 'file', undefined, undefined],
  );
});

test('Files say of what nobody may look at, on disk or not, that it is something', { timeout: 20_000 }, async () => {
  symlinkSync('loop', join(dir, 'loop'));
  const files = nodeFiles(end.signal);
  const remote = new RemoteFiles(end.signal);
  const path = join(dir, 'loop');
  assert.deepEqual([await files.kindOfNamed(path), await remote.kindOf(path, 'elsewhere')], ['other', 'other']);
});

test('Files unmount what does not answer at once', { timeout: 20_000 }, async () => {
  const files = nodeFiles(end.signal);
  await files.unmountBelow(join(dir, 'volumes'));
  assert.equal(await files.isMountPoint(hung), false);
  await files.removeTree(join(dir, 'volumes'));
});
