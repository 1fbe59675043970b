import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { hold, holderOf, isHeld, isOfTheGone, tryHold } from './held-file.ts';
import { identityOf } from './process-identity.ts';

const folder = mkdtempSync(join(tmpdir(), 'nvh-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const self = identityOf(process.pid);

test('hold() names this process until it lets go', () => {
  const path = join(folder, 'a');
  const held = hold(path);
  assert.ok(isHeld(held));
  assert.deepEqual(holderOf(path), self);
  held[Symbol.dispose]();
  assert.equal(existsSync(path), false);
});

test('hold() says who has the file while that process lives, and takes it when it is gone', async () => {
  const path = join(folder, 'b');
  const other = spawn('sleep', ['30']);
  const identity = identityOf(other.pid ?? 0);
  writeFileSync(path, JSON.stringify(identity));
  assert.deepEqual(hold(path), identity);
  other.kill('SIGKILL');
  await new Promise((resolve) => other.on('close', resolve));
  assert.equal(holderOf(path), undefined);
  assert.ok(isHeld(hold(path)));
});

for (const [what, text] of [
  ['of an earlier boot', JSON.stringify({ ...self, bootId: 'before' })],
  ['of a number used again', JSON.stringify({ ...self, startTicks: '1' })],
  ['half written', '{"pid":'],
  ['of another program', '4711\n'],
  ['that is empty', ''],
] as const) {
  test(`hold() takes a file ${what}`, () => {
    const path = join(folder, 'c');
    writeFileSync(path, text);
    const held = hold(path);
    assert.ok(isHeld(held));
    held[Symbol.dispose]();
  });
}

test('tryHold() leaves a file whose process it cannot know, and takes what is of the gone', () => {
  const path = join(folder, 'e');
  for (const text of ['', '4711\n', JSON.stringify(identityOf(process.ppid))]) {
    writeFileSync(path, text);
    assert.equal(tryHold(path, isOfTheGone), undefined);
    assert.equal(readFileSync(path, 'utf8'), text);
  }
  writeFileSync(path, JSON.stringify({ ...self, startTicks: '1' }));
  assert.equal(isOfTheGone(path), true);
  tryHold(path, isOfTheGone)?.[Symbol.dispose]();
  assert.equal(existsSync(path), false);
});

test("hold() gives one of many processes a dead one's file, and leaves no drafts", async () => {
  const path = join(folder, 'd');
  writeFileSync(path, JSON.stringify({ ...self, startTicks: '1' }));
  const script = `import { hold, isHeld } from ${JSON.stringify(join(import.meta.dirname, 'held-file.ts'))};
    process.stdout.write(isHeld(hold(${JSON.stringify(path)})) ? 'held' : 'refused');
    process.stdin.resume();`;
  const children = Array.from({ length: 4 }, () =>
    spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['pipe', 'pipe', 'inherit'] }),
  );
  const words = await Promise.all(
    children.map(
      (child) =>
        new Promise<string>((resolve) => child.stdout.once('data', (data: Buffer) => resolve(data.toString()))),
    ),
  );
  for (const child of children) child.kill('SIGKILL');
  assert.deepEqual(words.toSorted(), ['held', 'refused', 'refused', 'refused']);
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.startsWith('d.')),
    [],
  );
});
