import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FairQueues } from './fair-queues.ts';

test('queues take turns, so that a flow that asks much does not keep others waiting', () => {
  const queues = new FairQueues({ queues: 64, handSize: 4, queueLengthLimit: 50 });
  for (let i = 0; i < 40; i++) queues.add('elephant', 0);
  const mouse = queues.add('mouse', 0);
  const order = Array.from({ length: 10 }, () => queues.next());
  assert.ok(order.indexOf(mouse) >= 0 && order.indexOf(mouse) <= 4);
});

test('a flow fills the queues of its hand and no more', () => {
  const queues = new FairQueues({ queues: 16, handSize: 3, queueLengthLimit: 2 });
  const taken = Array.from({ length: 8 }, () => queues.add('one', 0)).filter(Boolean);
  assert.deepEqual([taken.length, queues.size], [6, 6]);
});

test('who leaves a queue is not called, and what is empty calls nobody', () => {
  const queues = new FairQueues({ queues: 2, handSize: 2, queueLengthLimit: 2 });
  const gone = queues.add('a', 0);
  assert.ok(gone);
  queues.remove(gone);
  assert.deepEqual([queues.size, queues.next()], [0, undefined]);
});
