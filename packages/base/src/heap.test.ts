import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Heap } from './heap.ts';

test('Heap gives back in order whatever is put in, also in between', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.integer(), fc.constant('pop' as const))), (steps) => {
      const heap = new Heap<number>((a, b) => a < b);
      const model: number[] = [];
      for (const step of steps) {
        if (step === 'pop') assert.equal(heap.pop(), model.sort((a, b) => a - b).shift());
        else {
          heap.push(step);
          model.push(step);
        }
        assert.deepEqual([heap.size, heap.peek()], [model.length, model.length > 0 ? Math.min(...model) : undefined]);
      }
    }),
  );
});
