import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SimClock } from '@navarch/sim';
import { type Payload, writeAtomically } from './atomic-writer.ts';
import { memoryFiles, type MemoryFiles } from './testing/memory-files.ts';

const DIR = '/pods/u/volumes/config';
const clock = new SimClock();
const payloadsOf = (set: Readonly<Record<string, string>>): readonly Payload[] =>
  Object.entries(set).map(([path, data]) => ({ path, data, mode: 0o644 }));

/** What readers see through `..data`: all of it, or undefined before anything was written. */
async function shown(files: MemoryFiles): Promise<Readonly<Record<string, string>> | undefined> {
  const target = await files.readLink(`${DIR}/..data`);
  if (target === undefined) return undefined;
  const prefix = `${DIR}/${target}/`;
  const found: Record<string, string> = {};
  for (const path of files.tree(`${DIR}/${target}`)) {
    if ((await files.kindOf(path)) === 'file') found[path.slice(prefix.length)] = (await files.readText(path)) ?? '';
  }
  return found;
}

/** What readers see through the names in the folder. */
async function named(files: MemoryFiles, paths: readonly string[]): Promise<Readonly<Record<string, string>>> {
  const found: Record<string, string> = {};
  for (const path of paths) {
    const text = await files.readText(`${DIR}/${path}`);
    if (text !== undefined) found[path] = text;
  }
  return found;
}

const aSet = fc.dictionary(
  fc.constantFrom('a', 'b', 'key.conf', 'sub/x', 'sub/y', 'sub/deep/z'),
  fc.constantFrom('', 'one', 'two'),
  { noNullPrototype: true },
);

test('writeAtomically() shows the old set or the new one at every crash, and the next try mends it', async () => {
  await fc.assert(
    fc.asyncProperty(aSet, aSet, fc.nat(30), fc.nat(30), async (old, next, first, second) => {
      const files = memoryFiles();
      await writeAtomically(DIR, payloadsOf(old), { files, clock }, undefined);
      for (const crashAt of [first, second]) {
        let left = crashAt;
        files.onChange = () => {
          if (left-- === 0) throw new Error('crash');
        };
        await writeAtomically(DIR, payloadsOf(next), { files, clock }, undefined).catch(() => undefined);
        const seen = JSON.stringify(Object.entries((await shown(files)) ?? {}).toSorted());
        assert.ok(
          [old, next].some((set) => JSON.stringify(Object.entries(set).toSorted()) === seen),
          seen,
        );
      }
      files.onChange = () => undefined;
      await writeAtomically(DIR, payloadsOf(next), { files, clock }, undefined);
      assert.deepEqual(await shown(files), next);
      assert.deepEqual(await named(files, Object.keys({ ...old, ...next })), next);
      const tops = new Set(Object.keys(next).map((path) => path.split('/')[0]));
      assert.deepEqual(
        new Set((await files.list(DIR)).filter((name) => !name.startsWith('..'))),
        tops,
        'nothing is left of the old set',
      );
      assert.equal((await files.list(DIR)).length, tops.size + 2, 'one folder of files and one link to it');
    }),
    { numRuns: 300 },
  );
});

test('writeAtomically() makes links that a crash kept from being made, though the files are current', async () => {
  const files = memoryFiles();
  files.onChange = (operation) => {
    if (operation === `replaceLink ${DIR}/a`) throw new Error('crash');
  };
  await assert.rejects(writeAtomically(DIR, payloadsOf({ a: '1' }), { files, clock }, undefined), /crash/);
  files.onChange = () => undefined;
  await writeAtomically(DIR, payloadsOf({ a: '1' }), { files, clock }, undefined);
  assert.deepEqual(await named(files, ['a']), { a: '1' });
});

test('writeAtomically() changes nothing when nothing changed', async () => {
  const files = memoryFiles();
  await writeAtomically(DIR, payloadsOf({ a: '1', 'b/c': '2' }), { files, clock }, 7);
  const changes: string[] = [];
  files.onChange = (operation) => void changes.push(operation);
  await writeAtomically(DIR, payloadsOf({ a: '1', 'b/c': '2' }), { files, clock }, 7);
  assert.deepEqual(changes, [`ownTree ${DIR}`]);
});

test('writeAtomically() writes anew what was cut short on the disk', async () => {
  const files = memoryFiles();
  await writeAtomically(DIR, payloadsOf({ a: 'whole' }), { files, clock }, undefined);
  await files.write(`${DIR}/..data/a`, '');
  await writeAtomically(DIR, payloadsOf({ a: 'whole' }), { files, clock }, undefined);
  assert.deepEqual(await named(files, ['a']), { a: 'whole' });
});

test('writeAtomically() gives files their modes and users, and all of it to the group', async () => {
  const files = memoryFiles();
  const payloads = [
    { path: 'open', data: '', mode: 0o644 },
    { path: 'in/closed', data: '', mode: 0o400, user: 1000 },
  ];
  await writeAtomically(DIR, payloads, { files, clock }, 2000);
  assert.deepEqual(
    ['open', 'in/closed', 'in', ''].map((path) => files.ownerOf(`${DIR}/${path}`)),
    ['644 0:2000', '440 1000:2000', '2755 0:2000', '2777 0:2000'],
  );
});
