import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Node } from '@navarch/api';
import { nodeEvents } from './node-events.ts';

const status = (ready: string, memory: string, bootID = 'b1'): Node['status'] =>
  ({
    conditions: [
      { type: 'Ready', status: ready },
      { type: 'MemoryPressure', status: memory },
    ],
    nodeInfo: { bootID },
  }) as unknown as Node['status'];
const told = (before: Node['status'] | undefined, after: Node['status']): readonly string[] =>
  nodeEvents('n', before, after).map(({ type, reason, message }) => `${type} ${reason}: ${message}`);

test("nodeEvents() tells of what changed, in upstream's words", () => {
  assert.deepEqual(told(undefined, status('False', 'False')), [
    'Normal NodeHasSufficientMemory: Node n status is now: NodeHasSufficientMemory',
  ]);
  assert.deepEqual(told(status('False', 'False'), status('True', 'False')), [
    'Normal NodeReady: Node n status is now: NodeReady',
  ]);
  assert.deepEqual(told(status('True', 'False'), status('False', 'True')), [
    'Normal NodeNotReady: Node n status is now: NodeNotReady',
    'Normal NodeHasInsufficientMemory: Node n status is now: NodeHasInsufficientMemory',
  ]);
  assert.deepEqual(told(status('True', 'False'), status('True', 'False')), []);
  assert.deepEqual(told(status('True', 'False'), status('True', 'False', 'b2')), [
    'Warning Rebooted: Node n has been rebooted, boot id: b2',
  ]);
});
