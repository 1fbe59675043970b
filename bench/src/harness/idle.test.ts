import assert from 'node:assert/strict';
import { test } from 'node:test';
import { untilIdle } from './idle.ts';

test('all processes are waited for until one look finds that none has worked since the last', async () => {
  const used = { 1: [1, 1, 1, 1, 1], 2: [5, 5.05, 5.08, 5.09, 9] };
  const looks = { 1: 0, 2: 0 };
  await untilIdle([1, 2], AbortSignal.timeout(60_000), (pid) => used[pid as 1 | 2][looks[pid as 1 | 2]++] as number);
  assert.deepEqual(looks, { 1: 4, 2: 4 });
});
