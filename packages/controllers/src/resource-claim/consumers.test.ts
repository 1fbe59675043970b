import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pod as podKind, type Pod, resourceClaim } from '@navarch/api';
import type { CacheReader } from '@navarch/client';
import { type ApiObject, type Kind, keyOf } from '@navarch/machinery';
import fc from 'fast-check';
import { type Claim, claimsUsedBy, usersOf } from './consumers.ts';

const NAMES = ['a', 'b', 'c'];
const name = fc.constantFrom(...NAMES);
const pods = fc.uniqueArray(
  fc
    .record({ name, namespace: name, group: fc.option(name) })
    .map(
      ({ group, ...metadata }) =>
        ({ metadata, spec: group === null ? {} : { schedulingGroup: { podGroupName: group } } }) as unknown as Pod,
    ),
  { selector: keyOf },
);
const consumer = fc
  .record({ name, resource: fc.constantFrom('pods', 'podgroups', 'lamps') })
  .map((one) => ({ ...one, uid: one.name, ...(one.resource === 'pods' ? {} : { apiGroup: 'scheduling.k8s.io' }) }));
const claims = fc.uniqueArray(
  fc
    .record({ name: fc.nat(9).map(String), namespace: name, reservedFor: fc.array(consumer, { maxLength: 4 }) })
    .map(({ reservedFor, ...metadata }) => ({ metadata, spec: {}, status: { reservedFor } }) as unknown as Claim),
  { selector: keyOf },
);

/** Finds by indexes; whoever looks through all claims fails. */
function readerOf(known: ReadonlyMap<Kind<any>, readonly ApiObject[]>): CacheReader {
  const all = (kind: Kind<any>): readonly any[] => known.get(kind) ?? [];
  return {
    get: () => undefined,
    list: ({ kind }) => assert.fail(`all objects of ${kind} were read`),
    find: (kind, index, value) => all(kind).filter((object) => index.valuesOf(object).includes(value)),
    hasSeen: () => true,
  };
}

test('claimsUsedBy() tells the claims of which usersOf() tells the pod, and reads no others', () => {
  fc.assert(
    fc.property(pods, claims, (allPods, allClaims) => {
      const reader = readerOf(
        new Map<Kind<any>, readonly ApiObject[]>([
          [podKind, allPods],
          [resourceClaim, allClaims],
        ]),
      );
      for (const one of allPods)
        assert.deepEqual(
          [...new Set(claimsUsedBy(one, reader).map(keyOf))].toSorted(),
          allClaims
            .filter((claim) => usersOf(claim, reader).includes(keyOf(one)))
            .map(keyOf)
            .toSorted(),
        );
    }),
  );
});
