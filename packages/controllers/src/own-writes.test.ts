import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deployment, namespace } from '@navarch/api';
import type { Api, Cache } from '@navarch/client';
import type { ApiObject, Kind } from '@navarch/machinery';
import { OwnWrites, recording } from './own-writes.ts';

const going = (spec: object): ApiObject =>
  ({
    apiVersion: 'v1',
    kind: 'Any',
    metadata: { name: 'one', uid: 'u', resourceVersion: '7', deletionTimestamp: '2026-01-01T00:00:00Z' },
    spec,
  }) as unknown as ApiObject;

/** Whether a cache in which the object is not, and that has seen no version, shows what was written. */
function isSeenByEmpty(kind: Kind<any>, object: ApiObject): boolean {
  const writes = new OwnWrites(new Set([kind]));
  writes.wrote(kind, object);
  return writes.isSeenBy({ hasSeen: () => false, get: () => undefined } as unknown as Cache);
}

test('OwnWrites: the write that lets an object go is seen when the object is not', () => {
  assert.equal(isSeenByEmpty(deployment, going({})), true);
  assert.equal(isSeenByEmpty(namespace, going({ finalizers: [] })), true);
});

test('OwnWrites: what its kind still holds is seen when its version is', () => {
  assert.equal(isSeenByEmpty(namespace, going({ finalizers: ['kubernetes'] })), false);
});

test('OwnWrites: finalizers in a spec hold only what its kind says they hold', () => {
  assert.equal(isSeenByEmpty(deployment, going({ finalizers: ['any'] })), true);
});

test('recording() writes nothing once others may lead', async () => {
  const written: string[] = [];
  const note = (verb: string) => async () => {
    written.push(verb);
    return going({});
  };
  const verbs = ['create', 'replace', 'update', 'patch', 'delete', 'deleteCollection', 'post'] as const;
  const plain = Object.fromEntries(verbs.map((verb) => [verb, note(verb)]));
  const term = new AbortController();
  const api = recording(
    { of: () => plain } as unknown as Api,
    { get: () => undefined } as unknown as Cache,
    new OwnWrites(new Set([deployment])),
    term.signal,
  );
  const all = api.of(deployment) as unknown as Readonly<Record<string, () => Promise<unknown>>>;
  await all['create']?.();
  term.abort(new Error('the lease is lost'));
  for (const verb of verbs) await assert.rejects(async () => all[verb]?.(), /the lease is lost/);
  assert.deepEqual(written, ['create']);
});
