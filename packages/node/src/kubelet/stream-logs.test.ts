import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { after, test } from 'node:test';
import { type LogOptions, logOptions } from '@navarch/kubelet';
import { eventually } from '../testing/eventually.ts';
import { streamLogs } from './stream-logs.ts';

const dir = mkdtempSync(join(tmpdir(), 'nv-logs-'));
after(() => rmSync(dir, { recursive: true }));

const entry = (text: string): string => `2026-01-01T00:00:00Z stdout F ${text}\n`;
const options = (query: string): LogOptions => logOptions(new URLSearchParams(query), 0);

/** A client that has not been sent more in so many looks has all that it takes. */
const STILL_LOOKS = 10;

/** A client that takes everything. */
function client(): { readonly stream: PassThrough; text(): string; until(end: string): Promise<void> } {
  const stream = new PassThrough();
  let text = '';
  stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
  const until = (end: string): Promise<void> =>
    eventually(JSON.stringify(end), () => text.endsWith(end), {
      timeoutMs: 5000,
      everyMs: 10,
      explain: () => JSON.stringify(text),
    });
  return { stream, text: () => text, until };
}

test('streamLogs() sends a file, or its end', async () => {
  const path = join(dir, 'whole.log');
  writeFileSync(path, ['a', 'b', 'c'].map(entry).join(''));
  for (const [query, expected] of [
    ['', 'a\nb\nc\n'],
    ['tailLines=2', 'b\nc\n'],
    ['tailLines=0', ''],
    ['limitBytes=3', 'a\nb'],
  ] as const) {
    const { stream, text } = client();
    await streamLogs(path, options(query), async () => true, stream);
    assert.equal(text(), expected);
  }
  const { stream, text } = client();
  await streamLogs(join(dir, 'none.log'), options(''), async () => true, stream);
  assert.equal(text(), '');
});

test('streamLogs() sends nothing that is written while it sends, unless it follows', async () => {
  const path = join(dir, 'growing.log');
  const lines = Array.from({ length: 5000 }, (_, i) => `line ${i}`);
  writeFileSync(path, lines.map(entry).join(''));
  const { stream, text } = client();
  stream.once('data', () => appendFileSync(path, entry('later')));
  await streamLogs(path, options(''), async () => true, stream);
  assert.equal(text(), `${lines.join('\n')}\n`);
});

test('streamLogs() follows a file through rotation and truncation until the container has ended', async () => {
  const path = join(dir, 'followed.log');
  let isRunning = true;
  const { stream, text, until } = client();
  const following = streamLogs(path, options('follow=true'), async () => isRunning, stream);
  writeFileSync(path, entry('1'));
  await until('1\n');
  appendFileSync(path, entry('2'));
  renameSync(path, `${path}.20260101-000000`);
  appendFileSync(`${path}.20260101-000000`, entry('3'));
  writeFileSync(path, entry('4') + entry('more'));
  await until('more\n');
  truncateSync(path, 0);
  // Shorter than what was there, as every cut file is when its follower looks in time.
  appendFileSync(path, entry('5'));
  await until('5\n');
  appendFileSync(path, entry('6'));
  isRunning = false;
  await following;
  assert.equal(text(), '1\n2\n3\n4\nmore\n5\n6\n');
});

test('streamLogs() loses nothing of what is written while a file gives way to the next', async () => {
  const path = join(dir, 'turning.log');
  let isRunning = true;
  const { stream, text, until } = client();
  writeFileSync(path, entry('begin'));
  const following = streamLogs(path, options('follow=true'), async () => isRunning, stream);
  await until('begin\n');
  const lines = ['begin'];
  for (let i = 0; i < 40; i++) {
    // Now and then right when the follower looks whether the file is still the same.
    if (i % 2 === 0) writeFileSync(join(dir, 'wakes'), String(i));
    for (let turns = i % 5; turns > 0; turns--) await new Promise((resolve) => setImmediate(resolve));
    appendFileSync(path, entry(`${i} before`));
    renameSync(path, `${path}.old`);
    appendFileSync(`${path}.old`, entry(`${i} between`));
    writeFileSync(path, entry(`${i} after`));
    lines.push(`${i} before`, `${i} between`, `${i} after`);
    await until(`${i} after\n`);
  }
  isRunning = false;
  await following;
  assert.deepEqual(text().trimEnd().split('\n'), lines);
});

test('streamLogs() reads no more than its client takes', async () => {
  const path = join(dir, 'big.log');
  writeFileSync(path, entry('x'.repeat(1000)).repeat(20_000));
  const stream = new PassThrough();
  let isDone = false;
  const sending = streamLogs(path, options(''), async () => true, stream).then(() => (isDone = true));
  const held = (): number => stream.readableLength + stream.writableLength;
  let [before, looks] = [-1, 0];
  const standsStill = (): boolean => {
    looks = stream.writableNeedDrain && held() === before ? looks + 1 : 0;
    before = held();
    return looks === STILL_LOOKS;
  };
  await eventually('a client that is full', standsStill, { timeoutMs: 5000, everyMs: 10 });
  assert.equal(isDone, false);
  assert.ok(held() < 1024 * 1024, String(held()));
  let length = 0;
  stream.on('data', (chunk: Buffer) => (length += chunk.length));
  await sending;
  assert.equal(length, 20_000 * 1001);
});

test('streamLogs() ends when its client goes', async () => {
  const path = join(dir, 'left.log');
  writeFileSync(path, entry('1'));
  const { stream, until } = client();
  const following = streamLogs(path, options('follow=true'), async () => true, stream);
  await until('1\n');
  stream.destroy();
  await following;
});

test(
  'streamLogs() reads the log and nothing that a link, or what is no file, leads to',
  { timeout: 20_000 },
  async () => {
    const secret = join(dir, 'secret');
    mkdirSync(join(secret, 'main'), { recursive: true });
    writeFileSync(join(secret, 'main', '0.log'), entry('secret'));
    const pod = join(dir, 'logs', 'pod');
    mkdirSync(join(pod, 'main'), { recursive: true });
    mkdirSync(join(pod, 'fifo'), { recursive: true });
    symlinkSync(join(secret, 'main', '0.log'), join(pod, 'main', '0.log'));
    symlinkSync(join(secret, 'main'), join(pod, 'folder'));
    symlinkSync(secret, join(dir, 'logs', 'other'));
    execFileSync('sh', ['-c', 'mkfifo "$0"', join(pod, 'fifo', '0.log')]);
    for (const path of ['pod/main/0.log', 'pod/folder/0.log', 'other/main/0.log', 'pod/fifo/0.log']) {
      const { stream, text } = client();
      await streamLogs(join(dir, 'logs', path), options('tailLines=5'), async () => true, stream);
      assert.equal(text(), '', path);
    }
    // A link that is put there while somebody follows; where all logs lie may be reached by one.
    rmSync(join(pod, 'main', '0.log'));
    writeFileSync(join(pod, 'main', '0.log'), entry('own'));
    symlinkSync(join(dir, 'logs'), join(dir, 'linked'));
    const { stream, text, until } = client();
    let isRunning = true;
    const done = streamLogs(join(dir, 'linked/pod/main/0.log'), options('follow=true'), async () => isRunning, stream);
    await until('own\n');
    symlinkSync(join(secret, 'main', '0.log'), join(pod, 'draft'));
    renameSync(join(pod, 'draft'), join(pod, 'main', '0.log'));
    isRunning = false;
    await done;
    assert.equal(text(), 'own\n');
  },
);
