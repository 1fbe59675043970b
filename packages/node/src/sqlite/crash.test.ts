import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { SqliteStore } from './sqlite-store.ts';

const ROUNDS = 8;
const ACKNOWLEDGED_PER_ROUND = 150;
const WRITER = `(async () => {
  const { SqliteStore } = await import(process.argv[1]);
  const store = await SqliteStore.open(process.argv[2]);
  const write = async (writer) => {
    for (let n = 0; ; n++) {
      const key = '/crash/' + process.pid + '/' + writer + '/' + n;
      const [revision] = await store.commit([{ type: 'put', key, value: Buffer.from(key), expected: 0 }]);
      process.stdout.write(revision + ' ' + key + '\\n');
    }
  };
  await Promise.race(Array.from({ length: 16 }, (_, writer) => write(writer)));
})();`;

/** Writes under load until enough is acknowledged, then dies at whatever byte it was. */
async function writeAndDie(folder: string, acknowledged: Map<number, string>): Promise<void> {
  const module = new URL('./sqlite-store.ts', import.meta.url).href;
  const child = spawn(process.execPath, ['-e', WRITER, module, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
  const closed = once(child, 'close');
  let count = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    const [revision, key] = line.split(' ');
    assert.ok(!acknowledged.has(Number(revision)), `revision ${revision} was given out twice`);
    acknowledged.set(Number(revision), key as string);
    if (++count === ACKNOWLEDGED_PER_ROUND) child.kill('SIGKILL');
  }
  await closed;
  assert.ok(count >= ACKNOWLEDGED_PER_ROUND, 'the writer died by itself');
}

test('SqliteStore loses nothing acknowledged and reuses no revision when killed', { timeout: 60_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'navarch-crash-'));
  const acknowledged = new Map<number, string>();
  try {
    for (let round = 0; round < ROUNDS; round++) {
      await writeAndDie(folder, acknowledged);
      const store = await SqliteStore.open(folder);
      const { entries } = await store.list('/crash/');
      const kept = new Map(entries.map((entry) => [entry.revision, Buffer.from(entry.value).toString()]));
      for (const [revision, key] of acknowledged) assert.equal(kept.get(revision), key, `revision ${revision} is lost`);
      await store.close();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
