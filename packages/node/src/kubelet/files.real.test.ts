import assert from 'node:assert/strict';
import {
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { EscapeError, type Files } from '@navarch/kubelet';
import { mount, shareMounts, unmountBelow } from '../host/index.ts';
import { nodeFiles } from './files.ts';

const end = new AbortController();
const files: Files = nodeFiles(end.signal);
let dir = '';
before(() => {
  dir = mkdtempSync(join(tmpdir(), 'nv-files-'));
});
after(async () => {
  await unmountBelow(dir, end.signal);
  rmSync(dir, { recursive: true });
});

/** A volume with one file, and a folder beside it that nobody in the volume may reach. */
function volume(name: string): { readonly root: string; readonly secret: string; readonly target: string } {
  const [root, secret, target] = [join(dir, name), join(dir, `${name}-secret`), join(dir, `${name}-target`)];
  mkdirSync(join(root, 'data'), { recursive: true });
  mkdirSync(secret);
  writeFileSync(join(root, 'data/file'), 'inside');
  writeFileSync(join(secret, 'file'), 'outside');
  return { root, secret, target };
}

test('bindInside() shows folders and files, and makes a missing folder with the mode of the root', async () => {
  const { root, target } = volume('plain');
  await files.chmod(root, 0o1777);
  await files.bindInside(root, 'data', target);
  assert.equal(readFileSync(join(target, 'file'), 'utf8'), 'inside');
  await files.bindInside(root, 'data/file', `${target}-file`);
  assert.equal(readFileSync(`${target}-file`, 'utf8'), 'inside');
  await files.bindInside(root, 'new/deep', `${target}-new`);
  assert.deepEqual(
    ['new', 'new/deep'].map((name) => statSync(join(root, name)).mode & 0o7777),
    [0o1777, 0o1777],
  );
});

test('bindInside() follows links that stay inside, and refuses those that lead out', async () => {
  const { root, secret, target } = volume('links');
  symlinkSync('data/../data', join(root, 'inner'));
  symlinkSync(join(root, 'data'), join(root, 'absolute'));
  symlinkSync(secret, join(root, 'out'));
  symlinkSync('../../links-secret', join(root, 'data/up'));
  symlinkSync('../..', join(root, 'data/far'));
  symlinkSync('loop', join(root, 'loop'));
  for (const inside of ['inner', 'absolute']) {
    await files.bindInside(root, inside, `${target}-${inside}`);
    assert.equal(readFileSync(join(`${target}-${inside}`, 'file'), 'utf8'), 'inside');
  }
  for (const inside of ['out', 'out/file', 'data/up', 'data/far/links-secret', '../links-secret', 'loop']) {
    await assert.rejects(files.bindInside(root, inside, `${target}-no`), EscapeError, inside);
  }
  assert.deepEqual(
    readdirSync(dir).filter((name) => name.startsWith('links-target-no')),
    [],
  );
});

test('bindInside() does not lose the race against a link that is turned outward meanwhile', async () => {
  const { root, secret, target } = volume('race');
  let isOver = false;
  const turn = (to: string): void => {
    symlinkSync(to, join(root, 'draft'));
    renameSync(join(root, 'draft'), join(root, 'door'));
  };
  turn('data');
  const flip = async (): Promise<void> => {
    for (let i = 0; !isOver; i++) {
      turn(i % 2 === 0 ? secret : 'data');
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  const flipping = flip();
  const seen = new Set<string>();
  for (let i = 0; i < 40; i++) {
    try {
      await files.bindInside(root, 'door', `${target}-${i}`);
      seen.add(readFileSync(join(`${target}-${i}`, 'file'), 'utf8'));
    } catch (error) {
      assert.ok(error instanceof EscapeError, String(error));
    }
  }
  isOver = true;
  await flipping;
  assert.deepEqual([...seen], ['inside']);
});

test('readInside() reads a part of a file of the volume, and nothing outside of it', async () => {
  const { root, secret } = volume('read');
  symlinkSync(join(secret, 'file'), join(root, 'out'));
  symlinkSync('data/file', join(root, 'in'));
  assert.deepEqual([...((await files.readInside(root, 'in', 3)) ?? [])], [...Buffer.from('ins')]);
  assert.deepEqual(
    [await files.readInside(root, 'none/x', 3), await files.readInside(root, 'data', 3)],
    [undefined, undefined],
  );
  await assert.rejects(files.readInside(root, 'out', 3), EscapeError);
});

test('ownTree() gives everything to the group, follows no link and skips a tree that is right', async () => {
  const { root, secret } = volume('owned');
  symlinkSync(secret, join(root, 'out'));
  chownSync(join(root, 'data/file'), 1000, 0);
  await files.ownTree(root, 2000, { isWritable: true, onRootMismatch: true });
  const facts = (path: string): string =>
    `${(statSync(path).mode & 0o7777).toString(8)} ${statSync(path).uid}:${statSync(path).gid}`;
  assert.deepEqual([root, join(root, 'data'), join(root, 'data/file'), secret].map(facts), [
    '2775 0:2000',
    '2775 0:2000',
    '664 1000:2000',
    '755 0:0',
  ]);
  chownSync(join(root, 'data/file'), 1, 1);
  await files.ownTree(root, 2000, { isWritable: true, onRootMismatch: true });
  assert.equal(facts(join(root, 'data/file')), '664 1:1');
  await files.ownTree(root, 2000, { isWritable: true, onRootMismatch: false });
  assert.equal(facts(join(root, 'data/file')), '664 1:2000');
});

test('removeTree() refuses while something is mounted below, and follows no link', async () => {
  const { root, secret, target } = volume('removed');
  mkdirSync(target);
  symlinkSync(secret, join(target, 'link'));
  mkdirSync(join(target, 'bound'));
  await files.bindMount(root, join(target, 'bound'), { isReadOnly: true });
  assert.throws(() => writeFileSync(join(target, 'bound/new'), ''), { code: 'EROFS' });
  await assert.rejects(files.removeTree(target), /is mounted/);
  await files.unmountBelow(target);
  await files.removeTree(target);
  assert.deepEqual(
    [readFileSync(join(root, 'data/file'), 'utf8'), readFileSync(join(secret, 'file'), 'utf8')],
    ['inside', 'outside'],
  );
});

test('write(), makeDir() and mount() of a server say what is wrong in the words of kubelets', async () => {
  const { root } = volume('words');
  const [file, absent] = [join(root, 'data/file'), join(root, 'no/file')];
  await assert.rejects(files.write(absent, ''), { message: `open ${absent}: no such file or directory` });
  await assert.rejects(files.write(root, ''), { message: `open ${root}: is a directory` });
  await assert.rejects(files.makeDir(`${file}/x`), { message: `mkdir ${file}/x: not a directory` });
  await assert.rejects(
    files.mount(root, { type: 'nfs', source: '127.0.0.1:/none', options: ['soft'] }),
    ({ message }) =>
      message.startsWith(
        `exit status 32\nMounting command: mount\nMounting arguments: -t nfs -o soft 127.0.0.1:/none ${root}\nOutput: mount`,
      ),
  );
});

test('mount() makes a memory file system of the size asked for', async () => {
  const path = join(dir, 'memory');
  await files.makeDir(path, 0o777);
  await files.mount(path, { type: 'tmpfs', options: ['size=65536'] });
  assert.deepEqual([await files.isMountPoint(path), await files.isOwnFileSystem(path)], [true, true]);
  assert.throws(() => writeFileSync(join(path, 'big'), Buffer.alloc(128 * 1024)), { code: 'ENOSPC' });
  await files.unmount(path);
  assert.deepEqual([await files.isMountPoint(path), await files.isOwnFileSystem(path)], [false, false]);
  assert.equal(await files.isOwnFileSystem(join(dir, 'nothing')), false);
});

test('shareMounts() shares a folder once, and hides nothing that was mounted below it before', async () => {
  const shared = (folder: string): number =>
    readFileSync('/proc/self/mountinfo', 'utf8')
      .split('\n')
      .filter((line) => line.split(' ')[4] === folder && / shared:\d+ /.test(line)).length;
  const inside = async (folder: string): Promise<void> => {
    mkdirSync(join(folder, 'pod'), { recursive: true });
    await mount({ type: 'tmpfs', source: 'tmpfs', target: join(folder, 'pod') }, end.signal);
    writeFileSync(join(folder, 'pod/secret'), 'kept');
  };
  const [fresh, used] = [join(dir, 'fresh'), join(dir, 'used')];
  mkdirSync(fresh);
  await shareMounts(fresh, end.signal);
  await inside(fresh);
  await inside(used);
  for (const [folder, count] of [
    [fresh, 1],
    [used, 0],
  ] as const) {
    await shareMounts(folder, end.signal);
    assert.equal(shared(folder), count);
    assert.equal(readFileSync(join(folder, 'pod/secret'), 'utf8'), 'kept');
    await unmountBelow(folder, end.signal);
    assert.equal(shared(folder), 0);
  }
});

test('gzip() reads through no link, and writes through none', async () => {
  const { root, secret } = volume('gzip');
  symlinkSync(join(secret, 'file'), join(root, 'from'));
  symlinkSync(join(secret, 'file'), join(root, 'to'));
  await assert.rejects(files.gzip(join(root, 'from'), join(root, 'from.gz')), /ELOOP/);
  await assert.rejects(files.gzip(join(root, 'data/file'), join(root, 'to')), /EEXIST/);
  assert.equal(readFileSync(join(secret, 'file'), 'utf8'), 'outside');
  await files.gzip(join(root, 'data/file'), join(root, 'copy'));
  assert.equal(gunzipSync(readFileSync(join(root, 'copy'))).toString(), 'inside');
});
