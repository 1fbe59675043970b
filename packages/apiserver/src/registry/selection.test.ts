import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pod } from '@navarch/api';
import type { ApiObject } from '@navarch/machinery';
import { MemoryStore, type Operation } from '@navarch/store';
import * as fc from 'fast-check';
import { Shelf } from './shelf.ts';
import { selectionOf } from './selection.ts';

const encoder = new TextEncoder();
const life = new AbortController();
const names = fc.integer({ min: 0, max: 299 }).map((n) => `p${n}`);
const namespaces = fc.constantFrom('d', 'e');
const value = fc.constantFrom('', 'a', 'b', 'c', 'd');
const labels = fc.dictionary(fc.constantFrom('app', 'tier', 'x'), value, { maxKeys: 3 });

interface Write {
  readonly namespace: string;
  readonly name: string;
  readonly isDeletion: boolean;
  /** As this process writes, which need not read what it wrote. */
  readonly isOwn: boolean;
  readonly labels: Readonly<Record<string, string>>;
  readonly nodeName: string;
  readonly phase: string;
}
const write: fc.Arbitrary<Write> = fc.record({
  namespace: namespaces,
  name: names,
  isDeletion: fc.nat(3).map((n) => n === 0),
  isOwn: fc.boolean(),
  labels,
  nodeName: fc.oneof(
    fc.constant(''),
    fc.nat(9).map((n) => `n${n}`),
  ),
  phase: fc.constantFrom('Pending', 'Running'),
});
const key = fc.constantFrom('app', 'tier', 'x', 'none');
const values = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { minLength: 1, maxLength: 3 });
const labelTerm = fc.oneof(
  fc.tuple(key, value).map(([k, v]) => `${k}=${v}`),
  fc.tuple(key, value).map(([k, v]) => `${k}!=${v}`),
  fc.tuple(key, values).map(([k, v]) => `${k} in (${v.join(',')})`),
  fc.tuple(key, values).map(([k, v]) => `${k} notin (${v.join(',')})`),
  key,
  key.map((k) => `!${k}`),
);
const fieldTerm = fc.oneof(
  fc.nat(10).map((n) => `spec.nodeName=n${n}`),
  fc.constant('spec.nodeName='),
  fc.constant('spec.nodeName!=n1'),
  fc.constant('status.phase=Running'),
  names.map((name) => `metadata.name=${name}`),
  fc.constant('metadata.namespace!=e'),
);
const query = fc.record({
  labels: fc.array(labelTerm, { maxLength: 2 }).map((terms) => terms.join(',')),
  fields: fc.array(fieldTerm, { maxLength: 2 }).map((terms) => terms.join(',')),
  namespace: fc.constantFrom('', 'd'),
  after: fc.option(names),
});

function podOf({ namespace, name, labels: own, nodeName, phase }: Write, revision: number): ApiObject {
  const metadata = {
    name,
    namespace,
    resourceVersion: String(revision),
    ...(Object.keys(own).length > 0 ? { labels: own } : {}),
  };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata,
    spec: { containers: [], ...(nodeName ? { nodeName } : {}) },
    status: { phase },
  } as unknown as ApiObject;
}

async function shelfAfter(writes: readonly Write[]): Promise<Shelf> {
  const store = new MemoryStore();
  const shelf = new Shelf(pod, store);
  const half = writes.length >> 1;
  for (const [i, one] of writes.entries()) {
    // What was there at the start was never written here.
    if (i === half) await shelf.start(life.signal);
    const at = shelf.keyOf(one.namespace, one.name);
    const expected = (await store.get(at))?.revision ?? 0;
    if (one.isDeletion && expected === 0) continue;
    const object = podOf(one, store.revision() + 1);
    const put: Operation = {
      type: 'put',
      key: at,
      value: encoder.encode(JSON.stringify(object)),
      expected,
      ...(one.isOwn ? { attachment: object } : {}),
    };
    await store.commit([one.isDeletion ? { type: 'delete', key: at, expected } : put]);
  }
  return shelf;
}

test('Selection.chooses() of what the indexes leave is what matches() of all objects is, whatever was written', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(write, { minLength: 2, maxLength: 700 }),
      fc.array(query, { minLength: 1, maxLength: 8 }),
      async (writes, queries) => {
        const { cache, ...shelf } = await shelfAfter(writes).then((made) => ({
          cache: made.cache,
          prefixOf: (namespace: string) => made.prefixOf(namespace),
        }));
        for (const { labels: labelSelector, fields, namespace, after } of queries) {
          const selection = selectionOf(pod, labelSelector, fields);
          const prefix = shelf.prefixOf(namespace);
          const from = after === null ? undefined : `${cache.prefix}d/${after}`;
          const found = Array.from(cache.candidates(selection, prefix, from).found).filter((held) =>
            selection.chooses(held),
          );
          const scanned = Array.from(cache.range(prefix, from)).filter(({ object }) => selection.matches(object));
          assert.deepEqual(
            found.map((held) => held.key),
            scanned.map((held) => held.key),
          );
        }
      },
    ),
    { numRuns: 60 },
  );
});
