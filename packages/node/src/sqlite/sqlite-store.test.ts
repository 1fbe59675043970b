import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, test } from 'node:test';
import type { Store } from '@navarch/store';
// The contract is the store's own test code, shared by engines in other packages.
import { storeContract } from '../../../store/src/store.contract.ts';
import { eventually } from '../testing/index.ts';
import { SqliteStore } from './sqlite-store.ts';

const all = mkdtempSync(join(tmpdir(), 'navarch-store-'));
after(() => rmSync(all, { recursive: true, force: true }));
const folder = (): string => mkdtempSync(join(all, 'store-'));
const folders = new WeakMap<Store, string>();

async function open(isSynced: boolean, dir = folder()): Promise<Store> {
  const store = await SqliteStore.open(dir, { isSynced });
  folders.set(store, dir);
  return store;
}

for (const [name, isSynced] of [
  ['SqliteStore', true],
  ['SqliteStore that does not wait for the disk', false],
] as const)
  storeContract(
    name,
    () => open(isSynced),
    async (store) => {
      await store.close();
      return open(isSynced, folders.get(store));
    },
  );

test('SqliteStore.open() says in one sentence why it cannot', async () => {
  const dir = folder();
  const store = await SqliteStore.open(dir);
  await assert.rejects(
    SqliteStore.open(dir),
    /^Error: Cannot open the store .*: another server has it open; stop that one first$/,
  );
  await store.close();
  const broken = folder();
  writeFileSync(join(broken, 'store.db'), 'x'.repeat(5000));
  await assert.rejects(SqliteStore.open(broken), /it is not a store/);
});

test('SqliteStore brings what is in its log to the table when nobody writes, and while everybody does', async () => {
  const dir = folder();
  const store = await SqliteStore.open(dir, { isSynced: false });
  const megabytes = (file: string): number => statSync(join(dir, file)).size / 2 ** 20;
  const put = (i: number): Promise<unknown> =>
    store.commit([{ type: 'put', key: `/a/${i}`, value: new Uint8Array(2 ** 20), expected: 0 }]);
  for (let i = 0; i < 5; i++) await put(i);
  await eventually('the table', () => megabytes('store.db') >= 5, { timeoutMs: 10_000, everyMs: 20 });
  for (let i = 5; i < 150; i++) await put(i);
  assert.ok(megabytes('store.db-wal') < 80, `${megabytes('store.db-wal')} MiB of log`);
  await store.close();
});

test('SqliteStore.compact() leaves one row of each live key on the disk, however many there were', async () => {
  const dir = folder();
  const store = await SqliteStore.open(dir);
  let expected = 0;
  for (let i = 0; i < 1300; i++)
    [expected = 0] = await store.commit([{ type: 'put', key: '/a', value: Buffer.from(String(i)), expected }]);
  const [gone = 0] = await store.commit([{ type: 'put', key: '/b', value: Buffer.from('x'), expected: 0 }]);
  await store.commit([{ type: 'delete', key: '/b', expected: gone }]);
  await store.compact(store.revision());
  const last = store.revision();
  await store.close();
  const database = new DatabaseSync(join(dir, 'store.db'));
  assert.deepEqual(
    database
      .prepare('SELECT key, revision FROM change')
      .all()
      .map((row) => ({ ...row })),
    [{ key: '/a', revision: expected }],
  );
  database.close();
  const again = await SqliteStore.open(dir);
  assert.equal(again.revision(), last, 'a revision must never be given out twice');
  await again.close();
});
