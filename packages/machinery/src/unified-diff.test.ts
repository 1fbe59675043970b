import assert from 'node:assert/strict';
import { test } from 'node:test';
import { unifiedDiff } from './unified-diff.ts';

const lines = (...all: readonly string[]): string => all.join('\n');
const letters = (text: string): string => lines(...text.split(''));

for (const [claim, before, after, wanted] of [
  ['says nothing of equal texts', 'a\nb', 'a\nb', ''],
  [
    'shows three lines around a change, and changes that are near as one',
    letters('abcdefghij'),
    letters('abcDefghiJk'),
    '@@ -1,10 +1,11 @@\n a\n b\n c\n-d\n+D\n e\n f\n g\n h\n i\n-j\n+J\n+k\n',
  ],
  [
    'shows changes apart that are far from each other',
    letters('abcdefghijkl'),
    letters('Abcdefghijklm'),
    '@@ -1,4 +1,4 @@\n-a\n+A\n b\n c\n d\n@@ -10,3 +10,4 @@\n j\n k\n l\n+m\n',
  ],
  ['counts a range of one line as one', 'a', 'b', '@@ -1 +1 @@\n-a\n+b\n'],
] as const) {
  test(`unifiedDiff() ${claim}`, () => {
    assert.equal(unifiedDiff(before, after), wanted);
  });
}

test('unifiedDiff() begins no run at lines that come often in a long text', () => {
  const around = (line: string): string =>
    lines(...Array<string>(150).fill('}'), line, ...Array<string>(100).fill('}'));
  assert.equal(
    unifiedDiff(around('x'), around('y')),
    `@@ -148,104 +148,104 @@\n }\n }\n }\n-x\n${'-}\n'.repeat(100)}+y\n${'+}\n'.repeat(100)}`,
  );
});

test('unifiedDiff() takes what it has no time to look at as changed', () => {
  const [before, after] = [letters('xabc'), letters('yabc')];
  assert.equal(unifiedDiff(before, after), '@@ -1,4 +1,4 @@\n-x\n+y\n a\n b\n c\n');
  assert.equal(unifiedDiff(before, after, 0), '@@ -1,4 +1,4 @@\n-x\n-a\n-b\n-c\n+y\n+a\n+b\n+c\n');
});
