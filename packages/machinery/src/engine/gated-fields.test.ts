import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dropDisabled, featuresOf } from './gated-fields.ts';
import { Schemas } from './schemas.ts';

const schemas = new Schemas({
  Pod: {
    fields: [
      { name: 'spec', type: 'PodSpec' },
      { name: 'status', type: 'Status' },
    ],
  },
  PodSpec: {
    fields: [
      { name: 'containers', type: '[]Container' },
      { name: 'byName', type: 'map[string]Container' },
      { name: 'source', type: 'Reference' },
      { name: 'priority', type: 'int32', gate: 'Priority' },
    ],
  },
  Container: {
    fields: [
      { name: 'name', type: 'string' },
      { name: 'signal', type: 'string', gate: 'Signals' },
    ],
  },
  Reference: {
    fields: [
      { name: 'name', type: 'string' },
      { name: 'namespace', type: 'string', gate: 'Cross', gateTakes: 'whole' },
    ],
  },
  Status: {
    fields: [
      { name: 'parent', type: 'Status' },
      { name: 'phase', type: 'string' },
    ],
  },
});
const pod = schemas.object('Pod');
const dropped = (next: object, previous?: object, on: readonly string[] = []): object => {
  dropDisabled(pod, next, previous, (feature) => on.includes(feature));
  return next;
};

test('featuresOf() finds the features of a schema, however deep their fields are', () => {
  assert.deepEqual([...featuresOf(pod)].sort(), ['Cross', 'Priority', 'Signals']);
});

test('dropDisabled() takes fields of features that are off, in lists and maps too, and leaves those that are on', () => {
  const sent = (): object => ({
    spec: { containers: [{ name: 'a', signal: 'x' }, { name: 'b' }], byName: { c: { signal: 'y' } }, priority: 1 },
  });
  assert.deepEqual(dropped(sent()), { spec: { containers: [{ name: 'a' }, { name: 'b' }], byName: { c: {} } } });
  assert.deepEqual(dropped(sent(), undefined, ['Signals']), {
    spec: { containers: [{ name: 'a', signal: 'x' }, { name: 'b' }], byName: { c: { signal: 'y' } } },
  });
  assert.deepEqual(dropped(sent(), undefined, ['Signals', 'Priority']), sent());
});

test('dropDisabled() keeps all of a feature that the previous object uses anywhere, and of no other', () => {
  const previous = { spec: { byName: { z: { signal: 'x' } } } };
  assert.deepEqual(dropped({ spec: { containers: [{ signal: 'new' }], priority: 1 } }, previous), {
    spec: { containers: [{ signal: 'new' }] },
  });
});

test('dropDisabled() keeps what is the very same as before, whatever is taken from what is new', () => {
  const spec = { containers: [{ signal: 'x' }] };
  const next = { spec, status: { phase: 'new' } };
  assert.deepEqual(dropped(next, { spec }), { spec: { containers: [{ signal: 'x' }] }, status: { phase: 'new' } });
  const containers = [{ signal: 'x' }];
  assert.deepEqual(dropped({ spec: { containers, priority: 1 } }, { spec: { containers } }), { spec: { containers } });
});

test('dropDisabled() takes the whole object where half of it would mean something else, unless there was one', () => {
  assert.deepEqual(dropped({ spec: { source: { name: 'a', namespace: 'n' } } }), { spec: {} });
  assert.deepEqual(dropped({ spec: { source: { name: 'a' } } }), { spec: { source: { name: 'a' } } });
  assert.deepEqual(dropped({ spec: { source: { name: 'a', namespace: 'n' } } }, { spec: { source: { name: 'b' } } }), {
    spec: { source: { name: 'a', namespace: 'n' } },
  });
});
