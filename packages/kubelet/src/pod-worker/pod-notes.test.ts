import assert from 'node:assert/strict';
import { test } from 'node:test';
import { holding, instance } from '../pod-machine/testing/scene.ts';
import { PodNotes } from './pod-notes.ts';

test('PodNotes.saw() keeps what is noted of a container that a look begun earlier could not see, or saw before it ran', () => {
  const notes = new PodNotes();
  notes.postStarting.add('c-1');
  notes.saw(holding(instance('c', 1)));
  assert.deepEqual([...notes.postStarting], ['c-1']);
  notes.saw(holding(instance('c', 'created', { attempt: 1 })));
  assert.deepEqual([...notes.postStarting], ['c-1']);
  notes.saw(holding(instance('c', 'running', { attempt: 1 })));
  assert.deepEqual([...notes.postStarting], ['c-1']);
});

test('PodNotes.saw() forgets containers that have ended, and those that were seen and are gone', () => {
  const notes = new PodNotes();
  for (const id of ['a-0', 'b-0']) notes.probes.set(id, { isReady: true });
  notes.saw(holding(instance('a', 'running'), instance('b', 'running')));
  assert.deepEqual([...notes.probes.keys()], ['a-0', 'b-0']);
  notes.saw(holding(instance('a', 0)));
  assert.deepEqual([...notes.probes.keys()], []);
});

test('PodNotes.probed() tells news from what is known, and takes anew what was forgotten', () => {
  const notes = new PodNotes();
  assert.deepEqual(
    [
      notes.probed('a-0', { isReady: true }),
      notes.probed('a-0', { isReady: true }),
      notes.probed('a-0', { isAlive: true }),
    ],
    [true, false, true],
  );
  assert.deepEqual(notes.probes.get('a-0'), { isReady: true, isAlive: true });
  notes.probes.delete('a-0');
  assert.equal(notes.probed('a-0', { isReady: true }), true);
});
