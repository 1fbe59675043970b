import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { OpenNft } from './open-nft.ts';

const run = promisify(execFile);
const { signal } = new AbortController();
const NETNS = `navarch-o${process.pid}`;
const nft = async (...args: readonly string[]): Promise<string> =>
  (await run('nsenter', [`--net=/run/netns/${NETNS}`, 'nft', ...args])).stdout;
const SET = 'add table inet t\nadd set inet t s { type inet_service ; }\n';

/** Processes of ours that are called nft. */
const open = (): readonly number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const [, comm, parent] = /^\d+ \((.*)\) \S (\d+)/.exec(readFileSync(`/proc/${name}/stat`, 'utf8')) ?? [];
        return comm === 'nft' && Number(parent) === process.pid ? [Number(name)] : [];
      } catch {
        return []; // It has just ended.
      }
    });

test('OpenNft takes each script as a transaction, by one nft, and tells what was refused', async (context) => {
  await run('ip', ['netns', 'add', NETNS]);
  context.after(() => run('ip', ['netns', 'del', NETNS]));
  const subject = new OpenNft(`/run/netns/${NETNS}`);
  assert.equal(await subject.attempt(SET, signal), true);
  const [first] = open();
  // Two at a time take turns.
  const both = await Promise.all([1, 2].map((n) => subject.attempt(`add element inet t s { ${n} }\n`, signal)));
  assert.deepEqual(both, [true, true]);
  assert.equal(await subject.attempt('add element inet t s { 3 }\nadd element inet t nowhere { 3 }\n', signal), false);
  assert.equal(await subject.attempt('no such words\n', signal), false);
  assert.match(await nft('list', 'set', 'inet', 't', 's'), /elements = \{ 1, 2 \}/);
  // What others did meanwhile.
  await nft('flush', 'ruleset');
  assert.equal(await subject.attempt('add element inet t s { 4 }\n', signal), false);
  await nft(SET);
  assert.equal(await subject.attempt('add element inet t s { 5 }\n', signal), true);
  assert.match((await subject.ask('list set inet t s', signal)) ?? '', /^table inet t \{\n\tset s/);
  assert.deepEqual(open(), [first]);

  // One that died is started again, at the latest for the transaction after.
  process.kill(first ?? 0, 'SIGKILL');
  const after = [];
  for (const n of [6, 7]) after.push(await subject.attempt(`add element inet t s { ${n} }\n`, signal));
  assert.equal(after[1], true);
  assert.notDeepEqual(open(), [first]);

  // What is too long for a line is for another.
  assert.equal(await subject.attempt(`add element inet t s { ${'8, '.repeat(5000)}8 }\n`, signal), false);
  await assert.rejects(
    subject.attempt('add element inet t s { 9 }\n', AbortSignal.abort(new Error('enough'))),
    /enough/,
  );
  assert.doesNotMatch(await nft('list', 'set', 'inet', 't', 's'), /[89]/);
});
