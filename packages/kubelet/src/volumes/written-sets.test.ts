import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SimClock } from '@navarch/sim';
import { type Payload, writeAtomically } from './atomic-writer.ts';
import { memoryFiles } from './testing/memory-files.ts';
import { WrittenSets } from './written-sets.ts';

const DIR = '/pods/u/volumes/config';
const clock = new SimClock();
const set = (data: string | Uint8Array): readonly Payload[] => [{ path: 'a', data, mode: 0o644 }];

async function kept(payloads: readonly Payload[]) {
  const files = memoryFiles();
  const written = new WrittenSets(files);
  const target = await writeAtomically(DIR, payloads, { files, clock }, undefined);
  written.keep('u', DIR, target, payloads);
  return { files, written };
}

test('has() is so for what was kept, and for nothing that differs in a name, a byte, a mode or an owner', async () => {
  const [one = { path: '', data: '', mode: 0 }] = set('one');
  const { written } = await kept([one]);
  const others: readonly (readonly Payload[])[] = [
    [],
    [one, one],
    [{ ...one, path: 'b' }],
    [{ ...one, data: 'two' }],
    [{ ...one, data: new TextEncoder().encode('one') }],
    [{ ...one, mode: 0o600 }],
    [{ ...one, user: 1 }],
  ];
  for (const other of others) assert.equal(await written.has(DIR, other), false, JSON.stringify(other));
  assert.equal(await written.has(`${DIR}2`, [one]), false);
  assert.equal(await written.has(DIR, [{ ...one }]), true);
});

test('has() compares bytes', async () => {
  const { written } = await kept(set(Uint8Array.of(1, 2)));
  assert.deepEqual(
    [await written.has(DIR, set(Uint8Array.of(1, 2))), await written.has(DIR, set(Uint8Array.of(1, 3)))],
    [true, false],
  );
});

test('has() sees that the files are gone, or that others were written', async () => {
  const { files, written } = await kept(set('one'));
  await writeAtomically(DIR, set('two'), { files, clock }, undefined);
  assert.equal(await written.has(DIR, set('one')), false);
  const other = await kept(set('one'));
  await other.files.removeTree(DIR);
  assert.equal(await other.written.has(DIR, set('one')), false);
});

test('has() has the files read now and then, though nothing was changed', async () => {
  const { written } = await kept(set('one'));
  const looks: boolean[] = [];
  for (let i = 0; i < 12; i += 1) looks.push(await written.has(DIR, set('one')));
  assert.deepEqual([looks.indexOf(false), looks.lastIndexOf(true)], [9, 8]);
});

test('keep() keeps nothing large, and forget() forgets a pod', async () => {
  const large = set('x'.repeat(32 * 1024 + 1));
  assert.equal(await (await kept(large)).written.has(DIR, large), false);
  const { written } = await kept(set('one'));
  written.forget('other');
  assert.equal(await written.has(DIR, set('one')), true);
  written.forget('u');
  assert.equal(await written.has(DIR, set('one')), false);
});
