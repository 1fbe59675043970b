import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { WGET } from './wget.ts';

const folder = mkdtempSync(join(tmpdir(), 'navarch-wget-'));
after(() => rmSync(folder, { recursive: true, force: true }));
writeFileSync(join(folder, 'wget'), WGET, { mode: 0o755 });
// Says what it is asked, as the busybox of Debian would crash; waits where it is asked for what nobody answers.
writeFileSync(
  join(folder, 'busybox'),
  '#!/bin/sh\nfor a; do echo "[$a]"; done | tr -d "\\n"\ncase $* in *dropped*) exec sleep 20 ;; *refused*) exit 1 ;; esac\n',
  { mode: 0o755 },
);

const said = (...args: readonly string[]): Promise<readonly [code: number, out: string, problem: string]> =>
  new Promise((resolve) => {
    execFile(join(folder, 'wget'), args, { env: { PATH: `${folder}:/usr/bin:/bin` } }, (error, out, problem) =>
      resolve([Number(error?.code ?? 0), out, problem]),
    );
  });

for (const args of [
  ['-qO-', '-T', '3', 'http://a b/'],
  ['-T', '3', '-qO-', 'http://a b/'],
  ['-qO-', '-T3', 'http://a b/'],
  ['-qO-', '--timeout=3', 'http://a b/'],
  ['-qO-', '--timeout', '3', 'http://a b/'],
])
  test(`wget ${args.join(' ')} is wget with a limit`, async () => {
    assert.deepEqual(await said(...args), [0, '[wget][-qO-][http://a b/]', '']);
  });

test('wget -qT 3 is wget -q with a limit, and so is -qT3', async () => {
  for (const args of [['-qT', '3'], ['-qT3']])
    assert.deepEqual(await said(...args, '-O', '-', 'http://a/'), [0, '[wget][-q][-O][-][http://a/]', '']);
});

test('wget without a limit is what busybox has', async () => {
  assert.deepEqual(await said('-q', '--header', 'X: T', 'http://a/T3'), [
    0,
    '[wget][-q][--header][X: T][http://a/T3]',
    '',
  ]);
});

test('wget tells in its words that nobody answered in time, and ends with what else it ends with', async () => {
  const [code, , problem] = await said('-T', '1', 'http://dropped/');
  assert.deepEqual([code, problem], [1, 'wget: download timed out\n']);
  assert.equal((await said('-T', '1', 'http://refused/'))[0], 1);
});
