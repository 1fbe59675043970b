import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Endpoint, EndpointSlice } from '@navarch/api';
import fc from 'fast-check';
import { ENDPOINTS_MAX, pack } from './pack.ts';

const endpoint = (uid: number): Endpoint =>
  ({ addresses: [`10.0.${uid >> 8}.${uid & 255}`], conditions: {}, targetRef: { uid: String(uid) } }) as Endpoint;
const slice = (name: string, uids: readonly number[]): EndpointSlice =>
  ({ metadata: { name }, endpoints: uids.map(endpoint) }) as unknown as EndpointSlice;
const uidsOf = (endpoints: readonly Endpoint[] | null): readonly string[] =>
  (endpoints ?? []).map((e) => e.targetRef?.uid ?? '');

test('pack() places every endpoint once, in slices that are not too large', () => {
  const uids = fc.uniqueArray(fc.integer({ min: 0, max: 400 }), { maxLength: 350 });
  fc.assert(
    fc.property(uids, uids, fc.integer({ min: 1, max: 100 }), (before, after, size) => {
      const slices: EndpointSlice[] = [];
      for (let i = 0; i < before.length; i += size) slices.push(slice(`s${i}`, before.slice(i, i + size)));
      const { create, update, keep } = pack(slices, { ports: [], endpoints: after.map(endpoint) });
      const lists = [
        ...create.map((g) => g.endpoints),
        ...update.map((u) => u.endpoints),
        ...keep.map((s) => s.endpoints),
      ];
      assert.deepEqual(lists.flatMap(uidsOf).sort(), after.map(String).sort());
      assert.ok(lists.every((list) => (list?.length ?? 0) <= ENDPOINTS_MAX && (list?.length ?? 0) > 0));
    }),
    { numRuns: 60 },
  );
});

test('pack() changes as few slices as it can', () => {
  const full = slice(
    'full',
    Array.from({ length: 90 }, (_, i) => i),
  );
  const small = slice('small', [200, 201]);
  const all = [...(full.endpoints ?? []), ...(small.endpoints ?? [])];
  const added = pack([full, small], { ports: [], endpoints: [...all, endpoint(300)] });
  assert.deepEqual(
    [added.update.map((u) => u.slice.metadata.name), added.create.length],
    [['full'], 0],
    'the fullest that has room',
  );
  const replaced = pack([full, small], { ports: [], endpoints: [...all.slice(0, -1), endpoint(300)] });
  assert.deepEqual(
    replaced.update.map((u) => [u.slice.metadata.name, u.endpoints.length]),
    [['small', 2]],
    'one that changes anyway',
  );
  const emptied = pack([full, small], { ports: [], endpoints: full.endpoints ?? [] });
  assert.deepEqual([emptied.remove.map((s) => s.metadata.name), emptied.update.length], [['small'], 0]);
});
