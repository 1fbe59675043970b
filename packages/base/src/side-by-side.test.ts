import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { sideBySide } from './side-by-side.ts';

test('sideBySide() does all, no more than so many at once, and answers in their order', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat({ max: 5 })), fc.integer({ min: 1, max: 4 }), async (turns, most) => {
      let [running, peak] = [0, 0];
      const found = await sideBySide(turns, most, async (turn) => {
        peak = Math.max(peak, (running += 1));
        for (let i = 0; i <= turn; i++) await Promise.resolve();
        running -= 1;
        return turn;
      });
      assert.deepEqual(found, turns);
      assert.equal(running, 0);
      assert.equal(peak, Math.min(most, turns.length));
    }),
  );
});

test('sideBySide() throws the first failure when all the others have ended', async () => {
  const ended: string[] = [];
  const work = async (item: string): Promise<void> => {
    if (item.startsWith('bad')) throw new Error(item);
    await Promise.resolve();
    ended.push(item);
  };
  await assert.rejects(sideBySide(['a', 'bad 1', 'b', 'bad 2', 'c'], 2, work), /bad 1/);
  assert.deepEqual(ended.toSorted(), ['a', 'b', 'c']);
});
